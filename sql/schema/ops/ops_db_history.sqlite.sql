-- OPS: one row a changed row. EVENT_DETAILS is the whole row and CHANGES what changed, both JSON text.
CREATE TABLE ops_db_history (
  id             INTEGER PRIMARY KEY,
  event_type     VARCHAR2(64),
  event_details  CLOB,
  class_name     VARCHAR2(128),
  row_key        VARCHAR2(255),
  changes        CLOB,
  created_by     NUMBER,
  created_on     TIMESTAMP(6)
)
