-- Change a month of a person.
-- :free_pt  how much is free
-- :row_id   the row, as it was found in this transaction
-- :user_id  whose it is; guards against another row in the same place
-- :month    YYYY-MM
UPDATE pm_availability
   SET free_pt = :free_pt
 WHERE rowid = :row_id
   AND user_id = :user_id
   AND month = :month
