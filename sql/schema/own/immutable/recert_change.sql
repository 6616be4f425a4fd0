-- RECERT_CHANGE as an immutable table (Oracle 19.11 or later, COMPATIBLE at least 19.11): nobody can change or delete its rows.
-- For a DBA, in place of ../recert_change.sql and before `recert migrate`; the README in the folder above says more.
CREATE IMMUTABLE TABLE recert_change (
  run_id        VARCHAR2(36) NOT NULL,
  seq           NUMBER(18) NOT NULL,
  table_name    VARCHAR2(128) NOT NULL,
  row_key       VARCHAR2(1000),
  action        VARCHAR2(16) NOT NULL,
  why           VARCHAR2(1000),
  result        VARCHAR2(32) NOT NULL,
  image_sha256  VARCHAR2(64) NOT NULL,
  sha256        VARCHAR2(64) NOT NULL,
  CONSTRAINT recert_change_pk PRIMARY KEY (run_id, seq)
)
NO DROP UNTIL 365 DAYS IDLE
NO DELETE LOCKED
