-- Take a job's lock, or fail at once when another run of it holds it (ORA-00054).
-- The second row tells where the ledger's chain ends, so that no further look-up is needed.
-- :job  the job's name
-- -> job, head_sha256
SELECT j.job,
       l.head_sha256
  FROM recert_lock j
  JOIN recert_lock l
    ON l.job = 'ledger'
 WHERE j.job = :job
   FOR UPDATE OF j.job NOWAIT
