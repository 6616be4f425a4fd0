-- Close one session of a disabled account; when it was last active stays as it is.
-- :id          the session
-- :user_id     its account
-- :updated_by  the actor's ID
-- :updated_on  the moment the run stands for, UTC
UPDATE user_session
   SET is_active = 0,
       updated_by = :updated_by,
       updated_on = :updated_on
 WHERE id = :id
   AND user_id = :user_id
   AND is_active = 1
