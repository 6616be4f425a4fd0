-- The runs that marked those who are marked for deletion now, and until when.
-- -> run_id, finished_at, user_id, why (ends with the day from which they may be purged)
SELECT c.run_id,
       r.finished_at,
       u.id AS user_id,
       c.why
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key = u.id
   AND c.table_name = 'PM_USER'
   AND c.action = 'update'
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE u.to_delete = 1
   AND c.why LIKE '%; to be purged from %'
