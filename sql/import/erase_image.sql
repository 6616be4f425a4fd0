-- Erase what the ledger holds of one changed row of a purged person; the hash in RECERT_CHANGE stays.
-- :run_id  the run that changed the row
-- :seq     its place in that run
UPDATE recert_image
   SET salt = NULL,
       before_image = NULL,
       after_image = NULL
 WHERE run_id = :run_id
   AND seq = :seq
   AND (salt IS NOT NULL OR before_image IS NOT NULL OR after_image IS NOT NULL)
