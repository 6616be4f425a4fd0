-- Take the end of the ledger's chain. Another job that ends at this moment holds it, and is waited for (ORA-30006):
-- for as long as `lock_timeout` says. WAIT takes no bind, so that the number is put in the place of the one below.
-- -> head_sha256
SELECT l.head_sha256
  FROM recert_lock l
 WHERE l.job = 'ledger'
   FOR UPDATE WAIT 10
