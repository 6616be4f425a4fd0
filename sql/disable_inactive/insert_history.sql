-- Keep one changed row, as the application's own listener would. The ID comes from the table.
-- :class_name  User or UserSession
-- :row_key     the changed row's ID
-- :created_by  the actor's ID
-- :created_on  the moment the run stands for, UTC
-- :details     the whole row after the change, JSON
-- :changes     what changed, new and old, JSON
INSERT INTO ops_db_history
       (event_type, class_name, row_key, created_by, created_on, event_details, changes)
VALUES ('UPDATED', :class_name, :row_key, :created_by, :created_on, :details, :changes)
