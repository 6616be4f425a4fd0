-- The columns of a table that is the session's current schema's own; no row: it has none of this name.
-- :table_name  upper case
-- -> column_name
SELECT c.column_name
  FROM all_tab_cols c
 WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND c.table_name = :table_name
