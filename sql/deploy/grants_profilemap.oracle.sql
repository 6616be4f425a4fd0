-- ProfileMap: what import-users and import-availability do with its tables.
-- A DBA or the owner runs this in SQL*Plus or SQL Developer; again does no harm:
--   sqlplus system@//dbhost:1521/PMPDB @grants_profilemap.oracle.sql PROFILEMAP
-- The parameter is the schema that holds the tables. `recert check` says whether anything is missing.
SET VERIFY OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
DEFINE owner = &1

-- Ends here in CDB$ROOT, where no application's tables are: name the pluggable database in the connect string.
SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS pdb,
       1 / CASE SYS_CONTEXT('USERENV', 'CON_NAME') WHEN 'CDB$ROOT' THEN 0 ELSE 1 END AS is_a_pdb
  FROM dual;

GRANT SELECT, INSERT, UPDATE, DELETE ON &owner..pm_user TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..pm_user_role TO recert_app;

GRANT SELECT ON &owner..pm_organisation TO recert_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON &owner..pm_availability TO recert_app;
