-- The changes that allow images to be erased: people who were purged, runs that were archived.
-- -> run_id, table_name, row_key
SELECT c.run_id,
       c.table_name,
       c.row_key
  FROM recert_change c
 WHERE c.action = 'delete'
   AND (c.table_name = 'RECERT_IMAGE' OR (c.table_name = 'PM_USER' AND SUBSTR(c.why, 1, 6) = 'purged'))
