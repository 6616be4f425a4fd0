-- What every job of recert may do with recert's own tables: the ledger is written, and never changed.
-- A DBA or the owner runs this in SQL*Plus or SQL Developer; again does no harm:
--   sqlplus system@//dbhost:1521/RAPPDB @grants_own.oracle.sql RAP
-- The parameter is the schema that holds the tables. `recert check` says whether anything is missing.
SET VERIFY OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
DEFINE owner = &1

-- Ends here in CDB$ROOT, where no application's tables are: name the pluggable database in the connect string.
SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS pdb,
       1 / CASE SYS_CONTEXT('USERENV', 'CON_NAME') WHEN 'CDB$ROOT' THEN 0 ELSE 1 END AS is_a_pdb
  FROM dual;

GRANT SELECT, UPDATE ON &owner..recert_lock TO recert_app;

GRANT SELECT, INSERT ON &owner..recert_run TO recert_app;

GRANT SELECT, INSERT ON &owner..recert_change TO recert_app;

-- UPDATE erases images (privacy, retention); the hashes stay.
GRANT SELECT, INSERT, UPDATE ON &owner..recert_image TO recert_app;
