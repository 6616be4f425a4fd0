-- The changes that allow images to be erased: one for each image a purge erased (an update, its key RUN_ID/SEQ), one
-- for each run that was archived (a delete, its key the run).
-- -> run_id, row_key
SELECT c.run_id,
       c.row_key
  FROM recert_change c
 WHERE c.table_name = 'RECERT_IMAGE'
   AND c.action IN ('update', 'delete')
