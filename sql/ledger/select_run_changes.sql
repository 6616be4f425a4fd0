-- Every change of one run with its image, in order.
-- :run_id  the run
-- -> run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256, image_seq (none when the row is gone), salt, before_image, after_image
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE c.run_id = :run_id
 ORDER BY c.seq
