-- How many runs of a job ended `applied` at a moment or later: those that took something of a limit's hours.
-- :run_job  the job, as its runs are called
-- :since    the moment, UTC
-- -> n
SELECT COUNT(*) AS n
  FROM recert_run r
 WHERE r.job = :run_job
   AND r.status = 'applied'
   AND r.finished_at >= :since
