-- Tell the application that an account was disabled. The ID comes from the table.
-- :created_by  the actor's ID
-- :created_on  the moment the run stands for, UTC
-- :details     the account's ID and a message, JSON
INSERT INTO ops_event
       (event_type, event_status, created_by, created_on, event_details)
VALUES ('UPDATE_USER', 'SUCCESS', :created_by, :created_on, :details)
