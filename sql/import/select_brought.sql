-- Who came, or got other data, in runs that ended at a moment or later.
-- :since  the moment, UTC
-- -> run_id, user_id
SELECT c.run_id,
       c.row_key AS user_id
  FROM recert_run r
  JOIN recert_change c
    ON c.run_id = r.run_id
 WHERE r.finished_at >= :since
   AND c.table_name = 'PM_USER'
   AND (c.action = 'insert' OR (c.action = 'update' AND c.why LIKE 'changed in the file%'))
