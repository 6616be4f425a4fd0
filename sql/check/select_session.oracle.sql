-- Who the session is, and what the DBA sees of it; and the database's clock.
-- -> session_user, current_schema, module, database_now (UTC)
SELECT SYS_CONTEXT('USERENV', 'SESSION_USER') AS session_user,
       SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AS current_schema,
       SYS_CONTEXT('USERENV', 'MODULE') AS module,
       SYS_EXTRACT_UTC(SYSTIMESTAMP) AS database_now
  FROM dual
