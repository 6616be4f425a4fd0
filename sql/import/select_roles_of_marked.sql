-- The roles of everybody marked for deletion; recert takes those of people who are purged.
-- -> row_id, all columns of the role
SELECT r.rowid AS row_id,
       r.*
  FROM pm_user u
  JOIN pm_user_role r
    ON r.user_id = u.id
 WHERE u.to_delete = 1
