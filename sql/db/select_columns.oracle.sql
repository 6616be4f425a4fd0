-- The columns of a table as the session would find it: in its current schema.
-- :table_name  upper-case name
-- -> name, data_type, is_generated (1 or 0)
SELECT c.column_name AS name,
       c.data_type,
       CASE c.identity_column WHEN 'YES' THEN 1 ELSE 0 END AS is_generated
  FROM all_tab_columns c
 WHERE c.table_name = :table_name
   AND c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
 ORDER BY c.column_id
