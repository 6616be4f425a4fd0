-- The table that a name stands for: the session's own synonym, else the public one.
-- :table_name  upper-case name
-- -> synonym_owner, table_owner, table_name, db_link (NULL: of this database)
SELECT s.owner AS synonym_owner,
       s.table_owner,
       s.table_name,
       s.db_link
  FROM all_synonyms s
 WHERE s.synonym_name = :table_name
   AND s.owner IN (SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA'), 'PUBLIC')
 ORDER BY CASE s.owner WHEN 'PUBLIC' THEN 1 ELSE 0 END
