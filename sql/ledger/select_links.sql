-- Every run, as far as the chain needs it, and where the chain ends: both of one moment. One row without a run
-- where there is none.
-- -> head_sha256, run_id, job, status, previous_sha256, sha256
SELECT e.head_sha256,
       r.run_id,
       r.job,
       r.status,
       r.previous_sha256,
       r.sha256
  FROM recert_lock e
  LEFT JOIN recert_run r
    ON r.run_id IS NOT NULL
 WHERE e.job = 'ledger'
