-- The changes that may allow images to be erased: of an import one for each image that its purge erased (an update,
-- its key RUN_ID/SEQ), of an archiving run one for each run whose images it took (a delete, its key the run).
-- -> run_id, action, row_key, why
SELECT c.run_id,
       c.action,
       c.row_key,
       c.why
  FROM recert_change c
 WHERE c.table_name = 'RECERT_IMAGE'
   AND c.action IN ('update', 'delete')
