-- Make up access.
-- :user_id  who has it
-- :rmm_id   location
INSERT INTO map_rap_user_role (user_id, rmm_id)
VALUES (:user_id, :rmm_id)
