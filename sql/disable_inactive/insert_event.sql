-- Tell the application that an account was disabled. The ID comes from the table. Adds nothing while the account has
-- an open session: then somebody has opened one in the meantime.
-- :user_id     the account
-- :created_by  the actor's ID
-- :created_on  the moment the run stands for, UTC
-- :details     the account's ID and a message, JSON
INSERT INTO ops_event
       (event_type, event_status, created_by, created_on, event_details)
SELECT 'UPDATE_USER', 'SUCCESS', :created_by, :created_on, :details
  FROM ops_user u
 WHERE u.id = :user_id
   AND u.status = 'INACTIVE'
   AND NOT EXISTS (SELECT 1
                     FROM user_session s
                    WHERE s.user_id = u.id
                      AND s.is_active = 1)
