-- RECERT_RUN as an immutable table (Oracle 19.11 or later, COMPATIBLE at least 19.11): nobody can change or delete its rows.
-- For a DBA, in place of ../recert_run.sql and before `recert migrate`; the README in the folder above says more.
CREATE IMMUTABLE TABLE recert_run (
  run_id           VARCHAR2(36) NOT NULL,
  job              VARCHAR2(64) NOT NULL,
  as_of            DATE NOT NULL,
  status           VARCHAR2(16) NOT NULL,
  started_at       TIMESTAMP(6) NOT NULL,
  finished_at      TIMESTAMP(6) NOT NULL,
  os_user          VARCHAR2(256) NOT NULL,
  host             VARCHAR2(256) NOT NULL,
  version          VARCHAR2(32) NOT NULL,
  config_sha256    VARCHAR2(64) NOT NULL,
  parameters       CLOB,
  counts           CLOB,
  reason           VARCHAR2(2000),
  previous_sha256  VARCHAR2(64) NOT NULL,
  sha256           VARCHAR2(64) NOT NULL,
  CONSTRAINT recert_run_pk PRIMARY KEY (run_id),
  CONSTRAINT recert_run_chain UNIQUE (previous_sha256)
)
NO DROP UNTIL 365 DAYS IDLE
NO DELETE LOCKED
