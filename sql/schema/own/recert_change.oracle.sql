-- One row a change. Insert-only: may be an immutable or blockchain table (see README.md in this folder).
-- Its segment is made at once, and several runs may write to a block.
CREATE TABLE recert_change (
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
SEGMENT CREATION IMMEDIATE
INITRANS 8
