-- There are no synonyms here.
-- :table_name  upper-case name
-- -> synonym_owner, table_owner, table_name, db_link (NULL: of this database)
SELECT NULL AS synonym_owner,
       NULL AS table_owner,
       NULL AS table_name,
       NULL AS db_link
 WHERE :table_name IS NULL
