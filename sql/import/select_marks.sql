-- The runs that marked those who are marked for deletion now, and until when.
-- -> run_id, user_id, why (ends with the day from which they may be purged)
SELECT c.run_id,
       u.id AS user_id,
       c.why
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key = u.id
   AND c.table_name = 'PM_USER'
   AND c.action = 'update'
 WHERE u.to_delete = 1
   AND c.why LIKE '%; to be purged from %'
