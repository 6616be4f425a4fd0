-- Mark a response processed that names no user or no location, so that no access can match it.
-- :row_id  the row, as it was found in this transaction
UPDATE recreate_response
   SET is_active = 0
 WHERE rowid = :row_id
   AND (reportees_id IS NULL OR rmm_id IS NULL)
   AND is_active = 1
