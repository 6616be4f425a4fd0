-- Every response of an access that a run once found gone and that is there now, with all that the ledger says
-- of it: once for each change, all rows of a user and location together, changes in the order of their runs.
-- -> row_id, change_run, change_seq, change_job, change_result, before_image, after_image, all columns of the response
SELECT r.rowid AS row_id,
       c.run_id AS change_run,
       c.seq AS change_seq,
       n.job AS change_job,
       c.result AS change_result,
       i.before_image,
       i.after_image,
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
