-- Every change of every run without its image, run by run, in order.
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
 ORDER BY c.run_id, c.seq
