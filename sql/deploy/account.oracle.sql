-- The account recert logs on with: no password, no role, no system privilege but CREATE SESSION.
-- A DBA runs this in SQL*Plus or SQL Developer, once a database; again does no harm:
--   sqlplus system@//dbhost:1521/RAPPDB @account.oracle.sql
SET DEFINE OFF
WHENEVER SQLERROR EXIT FAILURE ROLLBACK

-- Ends here in CDB$ROOT, where no application's tables are: name the pluggable database in the connect string.
SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS pdb,
       1 / CASE SYS_CONTEXT('USERENV', 'CON_NAME') WHEN 'CDB$ROOT' THEN 0 ELSE 1 END AS is_a_pdb
  FROM dual;

-- ORA-01920 here says that the account is there already.
WHENEVER SQLERROR CONTINUE
-- No password: a person sets it (`PASSWORD recert_app`), or the wallet does.
CREATE USER recert_app NO AUTHENTICATION;

WHENEVER SQLERROR EXIT FAILURE ROLLBACK
GRANT CREATE SESSION TO recert_app;
