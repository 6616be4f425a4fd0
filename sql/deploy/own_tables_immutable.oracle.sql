-- recert's own tables, with a ledger that nobody can edit, not even the DBA (Oracle 19.11 or later, COMPATIBLE 19.11).
-- Instead of `recert migrate`, which makes plain tables; `recert migrate` afterwards adds the rows of RECERT_LOCK.
-- Rows of RECERT_RUN and RECERT_CHANGE can't be updated, and not be deleted before they are ten years old; the tables
-- can't be dropped while they hold rows that somebody wrote within the last 16 days. Both numbers can only be raised.
-- RECERT_LOCK and RECERT_IMAGE stay plain: recert updates the one, and erases images from the other.
SET DEFINE OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK

CREATE TABLE recert_lock (
  job          VARCHAR2(64) NOT NULL,
  head_sha256  VARCHAR2(64),
  CONSTRAINT recert_lock_pk PRIMARY KEY (job)
)
SEGMENT CREATION IMMEDIATE
INITRANS 8;

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
NO DROP UNTIL 16 DAYS IDLE
NO DELETE UNTIL 3650 DAYS AFTER INSERT;

CREATE INDEX recert_run_sha256 ON recert_run (sha256);

CREATE INDEX recert_run_ended ON recert_run (job, status, finished_at);

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
NO DROP UNTIL 16 DAYS IDLE
NO DELETE UNTIL 3650 DAYS AFTER INSERT;

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
