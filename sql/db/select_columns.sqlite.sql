-- The columns of a table; lengths stand in the declared type.
-- :table_name   name, in any case
-- :table_owner  nobody owns a table here
-- -> name, data_type, char_length, data_length, char_used, is_nullable (1 or 0), is_virtual (1 or 0), is_hidden (1 or 0), identity_kind (ALWAYS, BY DEFAULT or NULL)
SELECT UPPER(name) AS name,
       UPPER(type) AS data_type,
       NULL AS char_length,
       NULL AS data_length,
       NULL AS char_used,
       CASE WHEN "notnull" = 1 THEN 0 ELSE 1 END AS is_nullable,
       CASE WHEN hidden IN (2, 3) THEN 1 ELSE 0 END AS is_virtual,
       0 AS is_hidden,
       CASE WHEN pk = 1 AND UPPER(type) = 'INTEGER' THEN 'BY DEFAULT' END AS identity_kind
  FROM pragma_table_xinfo(:table_name)
 WHERE hidden <> 1
   AND :table_owner IS NULL
 ORDER BY cid
