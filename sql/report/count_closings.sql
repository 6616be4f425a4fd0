-- How many changes of responses the ledger holds, so that the room for them is taken once.
-- -> n
SELECT COUNT(*) AS n
  FROM recert_change c
 WHERE c.table_name = 'RECREATE_RESPONSE'
