-- The columns of a table.
-- :table_name  name, in any case
-- -> name, data_type, is_generated (1 or 0)
SELECT UPPER(name) AS name,
       UPPER(type) AS data_type,
       CASE WHEN pk = 1 AND UPPER(type) = 'INTEGER' THEN 1 ELSE 0 END AS is_generated
  FROM pragma_table_info(:table_name)
 ORDER BY cid
