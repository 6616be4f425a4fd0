-- Who the session is, and what the DBA sees of it; and the database's clock.
-- -> session_user, current_schema, module, database_now (UTC), database_role, character_set
SELECT SYS_CONTEXT('USERENV', 'SESSION_USER') AS session_user,
       SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AS current_schema,
       SYS_CONTEXT('USERENV', 'MODULE') AS module,
       SYS_EXTRACT_UTC(SYSTIMESTAMP) AS database_now,
       SYS_CONTEXT('USERENV', 'DATABASE_ROLE') AS database_role,
       (SELECT p.value FROM nls_database_parameters p WHERE p.parameter = 'NLS_CHARACTERSET') AS character_set
  FROM dual
