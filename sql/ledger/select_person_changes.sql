-- Every change that may tell of one person, run by run, in order: of rows with their id as key, or with it as the
-- key's first part, and of rows that belong to an account and have keys of their own, when their images name it.
-- :person  the person's id
-- -> run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256, image_seq (none when the row is gone), salt, before_image, after_image
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE c.row_key = :person
    OR (    c.row_key >= :person || '/'
        AND c.row_key < :person || '0')
    OR (    c.table_name IN ('OPS_DB_HISTORY', 'USER_SESSION')
        AND (   INSTR(i.before_image, :person) > 0
             OR INSTR(i.after_image, :person) > 0))
 ORDER BY c.run_id, c.seq
