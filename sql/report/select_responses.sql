-- Every response, with the person it is about and what the ledger says of the user and location.
-- A response comes once for each pair of a USER_TAB row of its person and a change of its key, and
-- all its rows together: recert folds them into one by row_id.
-- -> row_id, user_row, user_name, user_mail, manager_id, manager_name, manager_mail, user_updated, change_run, change_seq, change_job, change_at, before_image, after_image, all columns of the response
SELECT r.rowid AS row_id,
       u.rowid AS user_row,
       u.employee_name AS user_name,
       u.email_id AS user_mail,
       u.linemanager_id AS manager_id,
       u.linemanager_name AS manager_name,
       u.linemanager_mail_id AS manager_mail,
       u.updated_date AS user_updated,
       c.run_id AS change_run,
       c.seq AS change_seq,
       n.job AS change_job,
       n.finished_at AS change_at,
       i.before_image,
       i.after_image,
       r.*
  FROM recreate_response r
  LEFT JOIN user_tab u
    ON u.employee_id = r.reportees_id
  LEFT JOIN recert_change c
    ON c.row_key = CASE
                     WHEN r.rmm_id IS NULL THEN r.reportees_id || '/'
                     WHEN r.reportees_id IS NULL THEN '/' || r.rmm_id
                     ELSE r.reportees_id || '/' || r.rmm_id
                   END
   AND c.table_name = 'RECREATE_RESPONSE'
   AND c.action = 'update'
  LEFT JOIN recert_run n
    ON n.run_id = c.run_id
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 ORDER BY r.reportees_id,
       r.rmm_id,
       r.rowid
