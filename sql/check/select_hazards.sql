-- What else happens when rows of a table change.
-- :owner       the table's schema
-- :table_name  upper case
-- -> hazard (trigger, policy, cascade, partition key, foreign key), name, detail
SELECT 'trigger' AS hazard,
       t.trigger_name AS name,
       t.triggering_event AS detail
  FROM all_triggers t
 WHERE t.table_owner = :owner
   AND t.table_name = :table_name
   AND t.status = 'ENABLED'
UNION
SELECT 'policy' AS hazard,
       y.policy_name AS name,
       NULL AS detail
  FROM all_policies y
 WHERE y.object_owner = :owner
   AND y.object_name = :table_name
   AND y.enable = 'YES'
UNION
SELECT 'cascade' AS hazard,
       c.table_name AS name,
       c.delete_rule AS detail
  FROM all_constraints p
  JOIN all_constraints c
    ON c.r_owner = p.owner
   AND c.r_constraint_name = p.constraint_name
 WHERE p.owner = :owner
   AND p.table_name = :table_name
   AND c.constraint_type = 'R'
   AND c.delete_rule <> 'NO ACTION'
UNION
SELECT 'partition key' AS hazard,
       k.column_name AS name,
       NULL AS detail
  FROM all_part_key_columns k
 WHERE k.owner = :owner
   AND k.name = :table_name
UNION
SELECT 'foreign key' AS hazard,
       c.table_name AS name,
       k.column_name AS detail
  FROM all_constraints p
  JOIN all_constraints c
    ON c.r_owner = p.owner
   AND c.r_constraint_name = p.constraint_name
  JOIN all_cons_columns k
    ON k.owner = c.owner
   AND k.constraint_name = c.constraint_name
   AND k.position = 1
 WHERE p.owner = :owner
   AND p.table_name = :table_name
   AND c.constraint_type = 'R'
   AND NOT EXISTS (SELECT NULL
                     FROM all_ind_columns i
                    WHERE i.table_owner = c.owner
                      AND i.table_name = c.table_name
                      AND i.column_name = k.column_name
                      AND i.column_position = 1)
