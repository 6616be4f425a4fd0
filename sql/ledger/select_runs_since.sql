-- The runs that ended at a moment or later.
-- :since  the moment, UTC
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
 WHERE r.finished_at >= :since
 ORDER BY r.run_id
