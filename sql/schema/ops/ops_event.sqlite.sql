-- OPS: what was done, for the application's own pages. EVENT_DETAILS is JSON text; CREATED_BY is the ID of an account.
CREATE TABLE ops_event (
  id             INTEGER PRIMARY KEY,
  event_type     VARCHAR2(64),
  event_status   VARCHAR2(32),
  event_details  CLOB,
  created_by     NUMBER,
  created_on     TIMESTAMP(6)
)
