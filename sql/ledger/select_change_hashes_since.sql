-- The hashes of the changes of all runs that ended at a moment or later, run by run, in order.
-- :since  the moment, UTC
-- -> run_id, sha256
SELECT c.run_id,
       c.sha256
  FROM recert_change c
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE r.finished_at >= :since
 ORDER BY c.run_id, c.seq
