-- Every run of an import that the ledger knows, however it ended.
-- -> run_id
SELECT r.run_id
  FROM recert_run r
 WHERE r.job IN ('import-users', 'import-availability')
