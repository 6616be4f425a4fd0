-- One row a run. Insert-only: may be an immutable or blockchain table (see README.md in this folder).
-- The unique key on PREVIOUS_SHA256 makes a second branch of the chain impossible.
-- Its segment is made at once, and several runs may write to a block.
CREATE TABLE recert_run (
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
SEGMENT CREATION IMMEDIATE
INITRANS 8
