-- The columns that `*` leaves out, of up to six tables, by the names that the session has for them: its own
-- tables, or those that a synonym stands for.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> name, column_name, place
SELECT c.table_name AS name,
       c.column_name,
       c.internal_column_id AS place
  FROM all_tab_cols c
 WHERE c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
   AND c.table_name IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
   AND c.hidden_column = 'YES'
   AND c.user_generated = 'YES'
UNION ALL
SELECT s.synonym_name AS name,
       c.column_name,
       c.internal_column_id AS place
  FROM all_synonyms s
  JOIN all_tab_cols c
    ON c.owner = s.table_owner
   AND c.table_name = s.table_name
 WHERE s.owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC')
   AND s.synonym_name IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
   AND c.hidden_column = 'YES'
   AND c.user_generated = 'YES'
   AND NOT EXISTS (SELECT 1
                     FROM all_tab_cols t
                    WHERE t.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
                      AND t.table_name = s.synonym_name)
 ORDER BY 1, 3
