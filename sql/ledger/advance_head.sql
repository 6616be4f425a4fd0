-- Move the end of the ledger's chain to a new run, if it is still where that run began.
-- :sha256           hash of the new run
-- :previous_sha256  hash of the run before it
UPDATE recert_lock
   SET head_sha256 = :sha256
 WHERE job = 'ledger'
   AND head_sha256 = :previous_sha256
