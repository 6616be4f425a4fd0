-- RAP / PackBuilder: which access users have; one row a role at a location.
CREATE TABLE map_rap_user_role (
  user_id  VARCHAR2(64),
  rmm_id   NUMBER
)
