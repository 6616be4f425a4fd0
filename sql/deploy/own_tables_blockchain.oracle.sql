-- recert's own tables, with a ledger that nobody can edit and that Oracle chains by hashes of its own (Oracle 19.10 or
-- later with patch 32431413, or 19.11; COMPATIBLE 19.10). DBMS_BLOCKCHAIN_TABLE.VERIFY_ROWS checks Oracle's chain, `recert verify` recert's.
-- Instead of `recert migrate`, which makes plain tables; `recert migrate` afterwards adds the rows of RECERT_LOCK.
-- Only for databases whose runs are few and small: every COMMIT waits for its place in Oracle's chain, rows go in one
-- by one, and the parallel and direct-path roads are closed. The immutable tables (beside this file) cost next to nothing.
SET DEFINE OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK

CREATE TABLE recert_lock (
  job          VARCHAR2(64) NOT NULL,
  head_sha256  VARCHAR2(64),
  CONSTRAINT recert_lock_pk PRIMARY KEY (job)
)
SEGMENT CREATION IMMEDIATE
INITRANS 8;

CREATE BLOCKCHAIN TABLE recert_run (
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
NO DROP UNTIL 16 DAYS IDLE
NO DELETE UNTIL 3650 DAYS AFTER INSERT
HASHING USING "SHA2_512" VERSION "v1";

CREATE INDEX recert_run_sha256 ON recert_run (sha256);

CREATE INDEX recert_run_ended ON recert_run (job, status, finished_at);

CREATE BLOCKCHAIN TABLE recert_change (
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
NO DROP UNTIL 16 DAYS IDLE
NO DELETE UNTIL 3650 DAYS AFTER INSERT
HASHING USING "SHA2_512" VERSION "v1";

CREATE INDEX recert_change_key ON recert_change (row_key);

CREATE TABLE recert_image (
  run_id        VARCHAR2(36) NOT NULL,
  seq           NUMBER(18) NOT NULL,
  salt          VARCHAR2(64),
  before_image  CLOB,
  after_image   CLOB,
  CONSTRAINT recert_image_pk PRIMARY KEY (run_id, seq)
)
SEGMENT CREATION IMMEDIATE
INITRANS 8;
