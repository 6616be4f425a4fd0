-- The columns of each index of a table, in order.
-- Of the table behind a synonym, where the schema has none itself.
-- :table_name  upper case
-- -> index_name, column_name
SELECT i.index_name,
       i.column_name
  FROM all_ind_columns i
 WHERE (    i.table_name = :table_name
        AND i.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
    OR (    NOT EXISTS (SELECT NULL
                          FROM all_tables t
                         WHERE t.table_name = :table_name
                           AND t.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'))
        AND EXISTS (SELECT NULL
                      FROM all_synonyms s
                     WHERE s.synonym_name = :table_name
                       AND s.owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC')
                       AND s.table_owner = i.table_owner
                       AND s.table_name = i.table_name))
 ORDER BY i.index_name,
          i.column_position
