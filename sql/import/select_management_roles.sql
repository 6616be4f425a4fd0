-- Every management role; recert takes those of people who changed their business unit or cost centre.
-- -> row_id, all columns of the role
SELECT r.rowid AS row_id,
       r.*
  FROM pm_user_role r
 WHERE r.is_management = 1
