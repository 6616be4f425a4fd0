-- Mark one response processed. Touches no row when it is processed already.
-- :row_id        the row, as it was found in this transaction
-- :reportees_id  user the response is about; guards against another row in the same place
-- :rmm_id        location
UPDATE recreate_response
   SET is_active = 0
 WHERE rowid = :row_id
   AND reportees_id = :reportees_id
   AND rmm_id = :rmm_id
   AND is_active = 1
