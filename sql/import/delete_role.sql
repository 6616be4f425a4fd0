-- Take one role of a person away.
-- :row_id   the row, as it was found in this transaction
-- :user_id  whose it is; guards against another row in the same place
DELETE FROM pm_user_role
 WHERE rowid = :row_id
   AND user_id = :user_id
