-- Did this run get into the ledger?
-- :run_id  UUIDv7
-- -> status
SELECT status
  FROM recert_run
 WHERE run_id = :run_id
