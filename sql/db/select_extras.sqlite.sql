-- What else there is about up to six tables: the triggers, which may change what is written there. No column is left
-- out of `*` here, and at what a trigger fires stands in its text alone.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> known_as, kind (column, trigger, policy), item (its name), place, timing, event
SELECT UPPER(m.tbl_name) AS known_as,
       m.type AS kind,
       m.name AS item,
       0 AS place,
       NULL AS timing,
       NULL AS event
  FROM sqlite_master m
 WHERE m.type = 'trigger'
   AND UPPER(m.tbl_name) IN (:table_0, :table_1, :table_2, :table_3, :table_4, :table_5)
 ORDER BY 1, 4, 3
