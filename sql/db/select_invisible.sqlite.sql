-- The columns that `*` leaves out, of up to six tables, by the names that the session has for them: its own
-- tables, or those that a synonym stands for.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> name, column_name, place
SELECT NULL AS name,
       NULL AS column_name,
       NULL AS place
 WHERE 'none' IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
   AND 1 = 0
