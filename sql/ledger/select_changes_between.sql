-- Every change of some runs without its image, run by run, in order: of those whose ids, which begin with the time,
-- lie between two.
-- :first_run  the least of their ids
-- :last_run   the greatest
-- -> run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256
  FROM recert_change c
 WHERE c.run_id BETWEEN :first_run AND :last_run
 ORDER BY c.run_id, c.seq
