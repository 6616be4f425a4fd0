-- How many rows each run changed.
-- -> run_id, n
SELECT c.run_id,
       COUNT(*) AS n
  FROM recert_change c
 GROUP BY c.run_id
