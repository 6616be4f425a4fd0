-- Take the lock of what a job writes, or fail at once when another run holds it (ORA-00054).
-- :job  the lock's name
-- -> job, head_sha256 (where the chain ends now; not held), database_role
SELECT l.job,
       (SELECT e.head_sha256 FROM recert_lock e WHERE e.job = 'ledger') AS head_sha256,
       SYS_CONTEXT('USERENV', 'DATABASE_ROLE') AS database_role
  FROM recert_lock l
 WHERE l.job = :job
   FOR UPDATE NOWAIT
