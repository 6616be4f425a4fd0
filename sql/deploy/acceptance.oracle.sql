-- Ten minutes on UAT, before the first run: what the database is like, and whether what every run rests on works there.
-- As recert's own account, after account, tables and grants:
--   sqlplus recert_app@//dbhost:1521/RAPPDB @acceptance.oracle.sql RAP
-- Each line says what is wanted. Nothing is kept: every change is rolled back. Send the output to whoever installs recert.
SET VERIFY OFF
SET FEEDBACK ON
SET LINESIZE 200
SET PAGESIZE 100
SET TIMING ON
WHENEVER SQLERROR CONTINUE
DEFINE owner = &1
ALTER SESSION SET CURRENT_SCHEMA = &owner;

PROMPT 1. Where are we? Wanted: the application's PDB (not CDB$ROOT), PRIMARY, AL32UTF8 or UTF8.
SELECT SYS_CONTEXT('USERENV', 'CON_NAME') AS pdb,
       SYS_CONTEXT('USERENV', 'DATABASE_ROLE') AS role,
       SYS_CONTEXT('USERENV', 'SESSION_USER') AS logged_on_as,
       SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AS current_schema
  FROM dual;

SELECT p.parameter,
       p.value
  FROM nls_database_parameters p
 WHERE p.parameter IN ('NLS_CHARACTERSET', 'NLS_NCHAR_CHARACTERSET');

PROMPT 2. Zones and sorting. Wanted: anything; recert sets UTC and BINARY in its own sessions.
SELECT DBTIMEZONE AS database_zone,
       SESSIONTIMEZONE AS session_zone,
       TO_CHAR(SYSTIMESTAMP, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS now
  FROM dual;

SELECT s.parameter,
       s.value
  FROM nls_session_parameters s
 WHERE s.parameter IN ('NLS_COMP', 'NLS_SORT');

PROMPT 3. Columns that matter. Wanted: no rows (hidden, computed, identity, padded, or of a type that can't be read).
SELECT c.table_name,
       c.column_name,
       c.data_type,
       c.hidden_column,
       c.virtual_column,
       c.identity_column
  FROM all_tab_cols c
 WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND c.user_generated = 'YES'
   AND c.table_name IN (
        'RECREATE_RESPONSE', 'MAP_RAP_USER_ROLE', 'USER_TAB', 'OPS_USER', 'USER_SESSION', 'OPS_EVENT', 'OPS_DB_HISTORY', 'PM_USER',
        'PM_USER_ROLE', 'PM_ORGANISATION', 'PM_AVAILABILITY')
   AND (c.hidden_column = 'YES'
        OR c.virtual_column = 'YES'
        OR c.identity_column = 'YES'
        OR c.data_type IN ('CHAR', 'NCHAR', 'JSON', 'VECTOR', 'BOOLEAN', 'LONG', 'BFILE', 'XMLTYPE'))
 ORDER BY c.table_name,
          c.column_name;

PROMPT 4. Triggers. Wanted: no rows; what a trigger changes is in no ledger.
SELECT t.table_name,
       t.trigger_name,
       t.triggering_event
  FROM all_triggers t
 WHERE t.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND t.status = 'ENABLED'
   AND t.table_name IN (
        'RECREATE_RESPONSE', 'MAP_RAP_USER_ROLE', 'USER_TAB', 'OPS_USER', 'USER_SESSION', 'OPS_EVENT', 'OPS_DB_HISTORY', 'PM_USER',
        'PM_USER_ROLE', 'PM_ORGANISATION', 'PM_AVAILABILITY')
 ORDER BY t.table_name,
          t.trigger_name;

PROMPT 5. Cascades and policies. Wanted: no rows.
SELECT p.table_name,
       c.table_name AS child,
       c.delete_rule
  FROM all_constraints p
  JOIN all_constraints c
    ON c.r_owner = p.owner
   AND c.r_constraint_name = p.constraint_name
 WHERE p.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND c.delete_rule <> 'NO ACTION'
   AND p.table_name IN (
        'RECREATE_RESPONSE', 'MAP_RAP_USER_ROLE', 'USER_TAB', 'OPS_USER', 'USER_SESSION', 'OPS_EVENT', 'OPS_DB_HISTORY', 'PM_USER',
        'PM_USER_ROLE', 'PM_ORGANISATION', 'PM_AVAILABILITY')
 ORDER BY p.table_name,
          c.table_name;

SELECT y.object_name,
       y.policy_name
  FROM all_policies y
 WHERE y.object_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND y.enable = 'YES'
 ORDER BY y.object_name,
          y.policy_name;

PROMPT 6. The lock answers. Wanted: one row, at once.
SELECT l.job
  FROM recert_lock l
 WHERE l.job = 'ledger'
   FOR UPDATE NOWAIT;

ROLLBACK;

PROMPT 7. The first insert into the ledger. Wanted: 1 row created, without ORA-08177, ORA-01950 or ORA-01658.
INSERT INTO recert_change (run_id, seq, table_name, action, result, image_sha256, sha256)
VALUES ('acceptance', 1, 'NONE', 'update', 'applied', 'none', 'none');

ROLLBACK;

PROMPT 8. Ten bulk transactions. Wanted: each ends, none takes much longer than the first.
INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

INSERT INTO recert_image (run_id, seq, salt, before_image)
SELECT 'acceptance', ROW_NUMBER() OVER (ORDER BY a.object_id, b.privilege), 'salt', '{"A": 1}'
  FROM all_objects a
 CROSS JOIN session_privs b
 ORDER BY a.object_id
 FETCH FIRST 5000 ROWS ONLY;

ROLLBACK;

PROMPT 9. Statistics. Wanted: LAST_ANALYZED of this month for every table that has rows.
SELECT t.table_name,
       t.num_rows,
       t.last_analyzed
  FROM all_tables t
 WHERE t.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND t.table_name IN (
        'RECREATE_RESPONSE', 'MAP_RAP_USER_ROLE', 'USER_TAB', 'OPS_USER', 'USER_SESSION', 'OPS_EVENT', 'OPS_DB_HISTORY', 'PM_USER',
        'PM_USER_ROLE', 'PM_ORGANISATION', 'PM_AVAILABILITY')
 ORDER BY t.table_name;

PROMPT 10. Indexes of the look-ups. Wanted: USER_ID of MAP_RAP_USER_ROLE, USER_SESSION, PM_USER_ROLE and PM_AVAILABILITY; REPORTEES_ID of RECREATE_RESPONSE.
SELECT i.table_name,
       i.column_name,
       i.index_name
  FROM all_ind_columns i
 WHERE i.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND i.column_position = 1
   AND i.table_name IN (
        'RECREATE_RESPONSE', 'MAP_RAP_USER_ROLE', 'USER_TAB', 'OPS_USER', 'USER_SESSION', 'OPS_EVENT', 'OPS_DB_HISTORY', 'PM_USER',
        'PM_USER_ROLE', 'PM_ORGANISATION', 'PM_AVAILABILITY')
 ORDER BY i.table_name,
          i.column_name;

-- 11 and 12: the plan of each look-up.
@@acceptance_plans.oracle.sql &owner

EXIT
