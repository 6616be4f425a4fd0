-- Add a month of a person. Adds nothing where the person is gone, or the month is there by now.
-- :user_id  the person
-- :month    YYYY-MM
-- :free_pt  how much is free
INSERT INTO pm_availability (user_id, month, free_pt)
SELECT u.id, :month, :free_pt
  FROM pm_user u
 WHERE u.id = :user_id
   AND NOT EXISTS (SELECT 1
                     FROM pm_availability a
                    WHERE a.user_id = u.id
                      AND a.month = :month)
