-- Everybody who was ever purged: the ledger keeps their ids, and nothing else of them.
-- -> row_key
SELECT DISTINCT c.row_key
  FROM recert_change c
 WHERE c.table_name = 'PM_USER'
   AND c.action = 'delete'
   AND c.why LIKE 'purged%'
