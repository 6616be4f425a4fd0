-- The runs of a job, and the restores, which may have put back what it took, that ended `applied` at a moment or later.
-- :run_job  the job, as its runs are called
-- :since    the moment, UTC
-- -> run_id, job, as_of, status, started_at, finished_at, os_user, host, version, config_sha256, parameters, counts, reason, previous_sha256, sha256
SELECT r.run_id,
       r.job,
       r.as_of,
       r.status,
       r.started_at,
       r.finished_at,
       r.os_user,
       r.host,
       r.version,
       r.config_sha256,
       r.parameters,
       r.counts,
       r.reason,
       r.previous_sha256,
       r.sha256
  FROM recert_run r
 WHERE r.job IN (:run_job, 'restore')
   AND r.status = 'applied'
   AND r.finished_at >= :since
 ORDER BY r.run_id
