-- What the session may do with every table of a schema (Oracle 23ai; before it the view is not there).
-- :owner  the schema
-- -> privilege
SELECT SUBSTR(s.privilege, 1, INSTR(s.privilege, ' ') - 1) AS privilege
  FROM session_schema_privs s
 WHERE s.schema = :owner
   AND s.privilege IN ('SELECT ANY TABLE', 'INSERT ANY TABLE', 'UPDATE ANY TABLE', 'DELETE ANY TABLE', 'READ ANY TABLE')
