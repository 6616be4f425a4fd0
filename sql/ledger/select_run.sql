-- The runs whose id begins like this: one, if it was given whole or long enough. None sorts before that
-- beginning, so that of other runs no more than the key is read.
-- :run_id  the id, or the beginning of it
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
 WHERE r.run_id >= :run_id
   AND SUBSTR(r.run_id, 1, LENGTH(:run_id)) = :run_id
 ORDER BY r.run_id
