-- The hashes of a run's changes, in order: with the run's own columns they give the run's hash.
-- :run_id  the run
-- -> sha256
SELECT c.sha256
  FROM recert_change c
 WHERE c.run_id = :run_id
 ORDER BY c.seq
