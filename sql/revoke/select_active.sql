-- Every active response whose status takes access away, due or not; recert decides by the dates.
-- :statuses  '|' before and after each status, upper case: '|REVOKED|'
-- -> row_id, all columns of the response
SELECT r.rowid AS row_id,
       r.*
  FROM recreate_response r
 WHERE r.is_active = 1
   AND INSTR(:statuses, '|' || UPPER(TRIM(r.access_status)) || '|') > 0
