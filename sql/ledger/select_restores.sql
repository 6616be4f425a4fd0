-- The restores there were, to find out whether a run was restored before.
-- -> run_id, parameters
SELECT r.run_id,
       r.parameters
  FROM recert_run r
 WHERE r.job = 'restore'
   AND r.status = 'applied'
 ORDER BY r.started_at
