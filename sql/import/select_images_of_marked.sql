-- What the ledger still holds of everybody marked for deletion; recert erases it of people who are purged.
-- A key is the person's id, or begins with it and a slash; '0' is the character behind the slash.
-- With more than one slash in the key, `A/B/C` may be a role `B/C` of `A` or a role `C` of `A/B`: its image tells.
-- -> user_id, run_id, seq, image (only where the key alone does not tell whose it is)
SELECT u.id AS user_id,
       c.run_id,
       c.seq,
       CASE WHEN c.table_name <> 'PM_USER' THEN i.after_image END AS image
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key = u.id
   AND c.table_name = 'PM_USER'
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE u.to_delete = 1
   AND (i.salt IS NOT NULL OR i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
UNION ALL
SELECT u.id AS user_id,
       c.run_id,
       c.seq,
       CASE
         WHEN c.row_key LIKE '%/%/%' THEN COALESCE(i.before_image, i.after_image)
       END AS image
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key >= u.id || '/'
   AND c.row_key < u.id || '0'
   AND c.table_name IN ('PM_USER_ROLE', 'PM_AVAILABILITY')
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE u.to_delete = 1
   AND (i.salt IS NOT NULL OR i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
