-- The hashes of the changes of a job's runs, and of restores, that ended `applied` at a moment or later: run by run, in order.
-- :run_job  the job, as its runs are called
-- :since    the moment, UTC
-- -> run_id, sha256
SELECT c.run_id,
       c.sha256
  FROM recert_change c
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE r.job IN (:run_job, 'restore')
   AND r.status = 'applied'
   AND r.finished_at >= :since
 ORDER BY c.run_id, c.seq
