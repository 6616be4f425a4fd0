-- OPS: what disable-inactive does with its tables; DELETE is for restore.
-- A DBA or the owner runs this in SQL*Plus or SQL Developer; again does no harm:
--   sqlplus system@//dbhost:1521/OPSPDB @grants_ops.oracle.sql OPS
-- The parameter is the schema that holds the tables. `recert check` says whether anything is missing.
SET VERIFY OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
DEFINE owner = &1

-- Ends here in CDB$ROOT, where no application's tables are: name the pluggable database in the connect string.
SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS pdb,
       1 / CASE SYS_CONTEXT('USERENV', 'CON_NAME') WHEN 'CDB$ROOT' THEN 0 ELSE 1 END AS is_a_pdb
  FROM dual;

GRANT SELECT, UPDATE ON &owner..ops_user TO recert_app;

GRANT SELECT, UPDATE ON &owner..user_session TO recert_app;

-- An ID that defaults to a sequence's NEXTVAL needs SELECT on that sequence, too.
GRANT SELECT, INSERT, DELETE ON &owner..ops_event TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..ops_db_history TO recert_app;
