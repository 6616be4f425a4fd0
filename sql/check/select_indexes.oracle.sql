-- The columns of each index of a table, in order.
-- :table_name  upper case
-- -> index_name, column_name
SELECT i.index_name,
       i.column_name
  FROM all_ind_columns i
 WHERE i.table_name = :table_name
   AND i.table_owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')
 ORDER BY i.index_name,
          i.column_position
