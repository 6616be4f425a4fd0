-- Every import of people that ended well, the latest first.
-- :job  import-users
-- -> run_id, as_of, finished_at, parameters, counts
SELECT r.run_id,
       r.as_of,
       r.finished_at,
       r.parameters,
       r.counts
  FROM recert_run r
 WHERE r.job = :job
   AND r.status IN ('applied', 'unchanged')
 ORDER BY r.finished_at DESC, r.run_id DESC
