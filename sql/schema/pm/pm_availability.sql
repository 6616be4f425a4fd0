-- ProfileMap: how much of a month (`YYYY-MM`) a person has free; IEEE 754.
CREATE TABLE pm_availability (
  user_id  VARCHAR2(256),
  month    VARCHAR2(7),
  free_pt  BINARY_DOUBLE
)
