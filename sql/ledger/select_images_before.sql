-- Every image that is still kept of the runs that began before a moment, run by run, in order. One that never held
-- anything, as of an archiving run itself, is none.
-- :before  the moment, UTC
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
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE r.started_at < :before
   AND i.salt IS NOT NULL
   AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
 ORDER BY c.run_id, c.seq
