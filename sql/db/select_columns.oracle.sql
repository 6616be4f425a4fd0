-- The columns of up to six tables, also those that `SELECT *` leaves out, by the names that the session has for
-- them: its own tables, else those that its own synonym stands for, else a public one.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> known_as, place, name, data_type, char_length, data_length, char_used, data_precision (digits in all, of a number), data_scale (behind the point), is_nullable (1 or 0), is_virtual (1 or 0), is_hidden (1 or 0), identity_kind (ALWAYS, BY DEFAULT or NULL)
SELECT k.known_as,
       c.internal_column_id AS place,
       c.column_name AS name,
       c.data_type,
       c.char_length,
       c.data_length,
       c.char_used,
       c.data_precision,
       c.data_scale,
       CASE c.nullable WHEN 'Y' THEN 1 ELSE 0 END AS is_nullable,
       CASE c.virtual_column WHEN 'YES' THEN 1 ELSE 0 END AS is_virtual,
       CASE c.hidden_column WHEN 'YES' THEN 1 ELSE 0 END AS is_hidden,
       i.generation_type AS identity_kind
  FROM (SELECT o.table_name AS known_as,
               o.owner AS table_owner,
               o.table_name
          FROM all_tab_cols o
         WHERE o.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
           AND o.table_name IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
         GROUP BY o.owner,
               o.table_name
        UNION ALL
        SELECT s.synonym_name AS known_as,
               s.table_owner,
               s.table_name
          FROM all_synonyms s
         WHERE s.owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC')
           AND s.synonym_name IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
           AND s.db_link IS NULL
           AND NOT EXISTS (SELECT 1
                             FROM all_tab_cols t
                            WHERE t.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
                              AND t.table_name = s.synonym_name)
           AND NOT EXISTS (SELECT 1
                             FROM all_synonyms p
                            WHERE s.owner = 'PUBLIC'
                              AND p.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
                              AND p.synonym_name = s.synonym_name)) k
  JOIN all_tab_cols c
    ON c.owner = k.table_owner
   AND c.table_name = k.table_name
  LEFT JOIN all_tab_identity_cols i
    ON i.owner = c.owner
   AND i.table_name = c.table_name
   AND i.column_name = c.column_name
 WHERE c.user_generated = 'YES'
 ORDER BY k.known_as,
       c.internal_column_id
