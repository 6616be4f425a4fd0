-- One row a job, locked while the job runs; the row `ledger` holds the hash the chain ends with.
CREATE TABLE recert_lock (
  job          VARCHAR2(64) NOT NULL,
  head_sha256  VARCHAR2(64),
  CONSTRAINT recert_lock_pk PRIMARY KEY (job)
)
