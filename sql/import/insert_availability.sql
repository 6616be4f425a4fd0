-- Add a month of a person.
-- :user_id  the person
-- :month    YYYY-MM
-- :free_pt  how much is free
INSERT INTO pm_availability (user_id, month, free_pt)
VALUES (:user_id, :month, :free_pt)
