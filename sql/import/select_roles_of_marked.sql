-- The roles of everybody marked for deletion; recert takes those of people who are purged.
-- -> row_id, user_id, role_name
SELECT r.rowid AS row_id,
       r.user_id,
       r.role_name
  FROM pm_user u
  JOIN pm_user_role r
    ON r.user_id = u.id
 WHERE u.to_delete = 1
