-- The columns of up to six tables; lengths stand in the declared type.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> known_as, place, name, data_type, char_length, data_length, char_used, data_precision (digits in all, of a number), data_scale (behind the point), is_nullable (1 or 0), is_virtual (1 or 0), is_hidden (1 or 0), identity_kind (ALWAYS, BY DEFAULT or NULL)
SELECT k.known_as,
       c.cid AS place,
       UPPER(c.name) AS name,
       UPPER(c.type) AS data_type,
       NULL AS char_length,
       NULL AS data_length,
       NULL AS char_used,
       NULL AS data_precision,
       NULL AS data_scale,
       CASE WHEN c."notnull" = 1 THEN 0 ELSE 1 END AS is_nullable,
       CASE WHEN c.hidden IN (2, 3) THEN 1 ELSE 0 END AS is_virtual,
       0 AS is_hidden,
       CASE WHEN c.pk = 1 AND UPPER(c.type) = 'INTEGER' THEN 'BY DEFAULT' END AS identity_kind
  FROM (SELECT :table_0 AS known_as
        UNION
        SELECT :table_1 AS known_as
        UNION
        SELECT :table_2 AS known_as
        UNION
        SELECT :table_3 AS known_as
        UNION
        SELECT :table_4 AS known_as
        UNION
        SELECT :table_5 AS known_as) k
  JOIN pragma_table_xinfo(k.known_as) c
 WHERE c.hidden <> 1
 ORDER BY k.known_as,
       c.cid
