-- The columns of a table, also those that `SELECT *` leaves out.
-- :table_name   upper-case name
-- :table_owner  whose table it is; NULL: the session's current schema's
-- -> name, data_type, char_length, data_length, char_used, is_nullable (1 or 0), is_virtual (1 or 0), is_hidden (1 or 0), identity_kind (ALWAYS, BY DEFAULT or NULL)
SELECT c.column_name AS name,
       c.data_type,
       c.char_length,
       c.data_length,
       c.char_used,
       CASE c.nullable WHEN 'Y' THEN 1 ELSE 0 END AS is_nullable,
       CASE c.virtual_column WHEN 'YES' THEN 1 ELSE 0 END AS is_virtual,
       CASE c.hidden_column WHEN 'YES' THEN 1 ELSE 0 END AS is_hidden,
       i.generation_type AS identity_kind
  FROM all_tab_cols c
  LEFT JOIN all_tab_identity_cols i
    ON i.owner = c.owner
   AND i.table_name = c.table_name
   AND i.column_name = c.column_name
 WHERE c.table_name = :table_name
   AND c.owner = NVL(:table_owner, SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
   AND c.user_generated = 'YES'
 ORDER BY c.internal_column_id
