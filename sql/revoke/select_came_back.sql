-- Every response of an access that a run once found gone and that is there now, with all that the ledger says
-- of it: once for each change, all rows of a user and location together, changes in the order of their runs.
-- -> run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256, image_seq (none when the row is gone), salt, before_image, after_image, row_id, change_job, all columns of the response
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
       i.after_image,
       r.rowid AS row_id,
       n.job AS change_job,
       r.*
  FROM recreate_response r
  JOIN recert_change c
    ON c.row_key = r.reportees_id || '/' || r.rmm_id
   AND c.table_name = 'RECREATE_RESPONSE'
   AND c.action = 'update'
  JOIN recert_run n
    ON n.run_id = c.run_id
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE EXISTS (SELECT 1
                 FROM map_rap_user_role m
                WHERE m.user_id = r.reportees_id
                  AND m.rmm_id = r.rmm_id)
   AND EXISTS (SELECT 1
                 FROM recert_change x
                WHERE x.row_key = r.reportees_id || '/' || r.rmm_id
                  AND x.table_name = 'RECREATE_RESPONSE'
                  AND x.result = 'already_absent')
 ORDER BY r.reportees_id,
       r.rmm_id,
       r.rowid,
       n.finished_at,
       c.run_id,
       c.seq
