-- Whether the lock of what a job writes is there. The lock itself is the transaction: BEGIN IMMEDIATE.
-- :job  the lock's name
-- -> job, head_sha256 (where the chain ends now; not held), database_role
SELECT l.job,
       (SELECT e.head_sha256 FROM recert_lock e WHERE e.job = 'ledger') AS head_sha256,
       NULL AS database_role
  FROM recert_lock l
 WHERE l.job = :job
