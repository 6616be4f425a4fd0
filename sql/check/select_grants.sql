-- What the session may do with a table of somebody else's: granted to its user, to PUBLIC, or to a role that is
-- enabled; or everywhere.
-- :owner       the table's schema
-- :table_name  upper case
-- -> privilege
SELECT p.privilege
  FROM all_tab_privs p
 WHERE p.table_schema = :owner
   AND p.table_name = :table_name
   AND p.grantee IN (SYS_CONTEXT('USERENV', 'SESSION_USER'), 'PUBLIC')
UNION
SELECT r.privilege
  FROM role_tab_privs r
 WHERE r.owner = :owner
   AND r.table_name = :table_name
   AND r.column_name IS NULL
UNION
SELECT SUBSTR(s.privilege, 1, INSTR(s.privilege, ' ') - 1) AS privilege
  FROM session_privs s
 WHERE s.privilege IN ('SELECT ANY TABLE', 'INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE', 'READ ANY TABLE')
