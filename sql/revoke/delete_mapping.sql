-- Take one mapping row away: one role of one user at one location.
-- :row_id   the row, as it was found in this transaction
-- :user_id  whose access it is; guards against another row in the same place
-- :rmm_id   location
DELETE FROM map_rap_user_role
 WHERE rowid = :row_id
   AND user_id = :user_id
   AND rmm_id = :rmm_id
