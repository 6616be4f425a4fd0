-- Every response, with the person it is about and how much of its access is there now. A response comes once for
-- each USER_TAB row of its person, and all its rows together: recert folds them into one by row_id.
-- A person's texts come as bytes: one that is no UTF-8 must not end the report.
-- -> row_id, user_row, user_name, user_mail, manager_id, manager_name, manager_mail, user_updated, user_rap, user_packbuilder, n_access, all columns of the response
SELECT r.rowid AS row_id,
       u.rowid AS user_row,
       CAST(u.employee_name AS BLOB) AS user_name,
       CAST(u.email_id AS BLOB) AS user_mail,
       CAST(u.linemanager_id AS BLOB) AS manager_id,
       CAST(u.linemanager_name AS BLOB) AS manager_name,
       CAST(u.linemanager_mail_id AS BLOB) AS manager_mail,
       u.updated_date AS user_updated,
       u.rap AS user_rap,
       u.packbuilder AS user_packbuilder,
       (SELECT COUNT(*)
          FROM map_rap_user_role m
         WHERE m.user_id = r.reportees_id
           AND m.rmm_id = r.rmm_id) AS n_access,
       r.*
  FROM recreate_response r
  LEFT JOIN user_tab u
    ON u.employee_id = r.reportees_id
 ORDER BY r.reportees_id,
       r.rmm_id,
       r.rowid
