-- The hash that the chain ends with, as the last run left it.
-- -> head_sha256
SELECT l.head_sha256
  FROM recert_lock l
 WHERE l.job = 'ledger'
