-- The embedded database has no sessions; its clock is this machine's.
-- -> session_user, current_schema, module, database_now (UTC), database_role, character_set
SELECT NULL AS session_user,
       NULL AS current_schema,
       NULL AS module,
       strftime('%Y-%m-%d %H:%M:%S', 'now') AS database_now,
       NULL AS database_role,
       NULL AS character_set
