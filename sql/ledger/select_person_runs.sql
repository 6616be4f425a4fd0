-- The runs that changed a row of one person: rows with their id as key, or with it as the key's first part.
-- :person  the person's id
-- -> run_id
SELECT DISTINCT c.run_id
  FROM recert_change c
 WHERE c.row_key = :person
    OR (c.row_key >= :person || '/' AND c.row_key < :person || '0')
