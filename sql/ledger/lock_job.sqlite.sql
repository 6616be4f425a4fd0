-- Where the ledger's chain ends. The lock itself is the transaction: BEGIN IMMEDIATE.
-- :job  the job's name
-- -> job, head_sha256
SELECT j.job,
       l.head_sha256
  FROM recert_lock j
  JOIN recert_lock l
    ON l.job = 'ledger'
 WHERE j.job = :job
