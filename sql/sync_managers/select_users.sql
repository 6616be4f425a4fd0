-- The users whose line manager is to be brought from the directory.
-- :all_users  1: everybody; 0: users of RAP or PackBuilder
-- -> row_id, all columns of the user; rows of one id one behind the other
SELECT u.rowid AS row_id,
       u.*
  FROM user_tab u
 WHERE :all_users = 1
    OR u.rap = 1
    OR u.packbuilder = 1
 ORDER BY u.employee_id, u.rowid
