-- Disable one account. Touches no row when it is not ACTIVE any more.
-- :id          the account
-- :updated_by  the actor's ID
-- :updated_on  the moment the run stands for, UTC
UPDATE ops_user
   SET status = 'INACTIVE',
       updated_by = :updated_by,
       updated_on = :updated_on
 WHERE id = :id
   AND status = 'ACTIVE'
