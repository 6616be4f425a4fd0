-- Every run, as far as the chain needs it.
-- -> run_id, job, status, finished_at, previous_sha256, sha256
SELECT r.run_id,
       r.job,
       r.status,
       r.finished_at,
       r.previous_sha256,
       r.sha256
  FROM recert_run r
