-- The runs that changed a row of one person: rows with their id as key, or with it as the key's first part.
-- Where the key is an id and nothing else, a slash in it is part of somebody else's id.
-- :person  the person's id
-- -> run_id
SELECT DISTINCT c.run_id
  FROM recert_change c
 WHERE c.row_key = :person
    OR (    c.row_key >= :person || '/'
        AND c.row_key < :person || '0'
        AND c.table_name NOT IN ('OPS_USER', 'PM_USER', 'USER_SESSION', 'USER_TAB'))
