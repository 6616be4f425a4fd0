-- Where the ledger's chain ends. Nobody else can move it: BEGIN IMMEDIATE.
-- -> head_sha256
SELECT l.head_sha256
  FROM recert_lock l
 WHERE l.job = 'ledger'
