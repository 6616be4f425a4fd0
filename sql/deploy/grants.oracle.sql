-- The account recert logs on with, and no more than it needs. A DBA runs this in SQL*Plus or SQL Developer:
--   sqlplus / as sysdba @grants.oracle.sql RAP
-- The first parameter is the schema that holds the tables. `recert check` says whether anything is missing.
-- The tables of OPS and ProfileMap are granted below RAP's: take out what is not in this schema.
SET VERIFY OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK
DEFINE owner = &1

-- No password: a person sets it (`PASSWORD recert_app`), or the wallet does.
CREATE USER recert_app NO AUTHENTICATION;

GRANT CREATE SESSION TO recert_app;

-- recert's own: the ledger is written, and never changed.
GRANT SELECT, UPDATE ON &owner..recert_lock TO recert_app;

GRANT SELECT, INSERT ON &owner..recert_run TO recert_app;

GRANT SELECT, INSERT ON &owner..recert_change TO recert_app;

-- UPDATE erases images (privacy, retention); the hashes stay.
GRANT SELECT, INSERT, UPDATE ON &owner..recert_image TO recert_app;

-- revoke, and INSERT for restore.
GRANT SELECT, UPDATE ON &owner..recreate_response TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..map_rap_user_role TO recert_app;

-- sync-managers and the report.
GRANT SELECT, UPDATE ON &owner..user_tab TO recert_app;

-- disable-inactive; DELETE for restore.
GRANT SELECT, UPDATE ON &owner..ops_user TO recert_app;

GRANT SELECT, UPDATE ON &owner..user_session TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..ops_event TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..ops_db_history TO recert_app;

-- import-users, import-availability.
GRANT SELECT, INSERT, UPDATE, DELETE ON &owner..pm_user TO recert_app;

GRANT SELECT, INSERT, DELETE ON &owner..pm_user_role TO recert_app;

GRANT SELECT ON &owner..pm_organisation TO recert_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON &owner..pm_availability TO recert_app;
