-- The availability of everybody marked for deletion; recert takes that of people who are purged.
-- -> row_id, all columns of the month
SELECT a.rowid AS row_id,
       a.*
  FROM pm_user u
  JOIN pm_availability a
    ON a.user_id = u.id
 WHERE u.to_delete = 1
