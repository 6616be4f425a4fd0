-- Every access that no response was ever asked about, with whose it is; once for each USER_TAB row of the user.
-- A person's texts come as bytes: one that is no UTF-8 must not end the report.
-- -> user_id, rmm_id, n_access, user_row, user_name, user_mail, manager_id, manager_name, manager_mail, user_updated, user_rap, user_packbuilder
SELECT m.user_id,
       m.rmm_id,
       m.n_access,
       u.rowid AS user_row,
       CAST(u.employee_name AS BLOB) AS user_name,
       CAST(u.email_id AS BLOB) AS user_mail,
       CAST(u.linemanager_id AS BLOB) AS manager_id,
       CAST(u.linemanager_name AS BLOB) AS manager_name,
       CAST(u.linemanager_mail_id AS BLOB) AS manager_mail,
       u.updated_date AS user_updated,
       u.rap AS user_rap,
       u.packbuilder AS user_packbuilder
  FROM (SELECT a.user_id,
               a.rmm_id,
               COUNT(*) AS n_access
          FROM map_rap_user_role a
         WHERE NOT EXISTS (SELECT 1
                             FROM recreate_response r
                            WHERE r.reportees_id = a.user_id
                              AND r.rmm_id = a.rmm_id)
         GROUP BY a.user_id, a.rmm_id) m
  LEFT JOIN user_tab u
    ON u.employee_id = m.user_id
 ORDER BY m.user_id,
       m.rmm_id
