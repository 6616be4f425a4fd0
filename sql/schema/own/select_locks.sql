-- Which jobs have a lock.
-- -> job
SELECT job
  FROM recert_lock
