-- What else there is about up to six tables, by the names that the session has for them (its own tables, or those that
-- a synonym stands for): the columns that `*` leaves out, and what may change what is written there.
-- :table_0  a table's name, upper case
-- :table_1  another, or the same once more
-- :table_2  another, or the same once more
-- :table_3  another, or the same once more
-- :table_4  another, or the same once more
-- :table_5  another, or the same once more
-- -> known_as, kind (column, trigger, policy), item (its name), place, timing (of a trigger: BEFORE EACH ROW, COMPOUND …), event (INSERT OR UPDATE …)
WITH k AS (
  SELECT o.table_name AS known_as,
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
                        AND p.synonym_name = s.synonym_name)
)
SELECT k.known_as,
       'column' AS kind,
       c.column_name AS item,
       c.internal_column_id AS place,
       NULL AS timing,
       NULL AS event
  FROM k
  JOIN all_tab_cols c
    ON c.owner = k.table_owner
   AND c.table_name = k.table_name
 WHERE c.hidden_column = 'YES'
   AND c.user_generated = 'YES'
UNION ALL
SELECT k.known_as,
       'trigger' AS kind,
       g.trigger_name AS item,
       0 AS place,
       g.trigger_type AS timing,
       g.triggering_event AS event
  FROM k
  JOIN all_triggers g
    ON g.table_owner = k.table_owner
   AND g.table_name = k.table_name
 WHERE g.status = 'ENABLED'
UNION ALL
SELECT k.known_as,
       'policy' AS kind,
       y.policy_name AS item,
       0 AS place,
       NULL AS timing,
       NULL AS event
  FROM k
  JOIN all_policies y
    ON y.object_owner = k.table_owner
   AND y.object_name = k.table_name
 WHERE y.enable = 'YES'
 ORDER BY 1, 4, 3
