-- The hashes of the changes of all runs, run by run, in order.
-- -> run_id, sha256
SELECT c.run_id,
       c.sha256
  FROM recert_change c
 ORDER BY c.run_id, c.seq
