-- The columns of each index of a table, in order.
-- :table_name  in any case
-- -> index_name, column_name
SELECT UPPER(l.name) AS index_name,
       UPPER(i.name) AS column_name
  FROM pragma_index_list(:table_name) AS l,
       pragma_index_info(l.name) AS i
 ORDER BY l.name,
          i.seqno
