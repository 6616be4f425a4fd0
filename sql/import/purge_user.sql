-- Remove a person who was marked for deletion, and whose day has come; nobody of whom a role or a month is left.
-- :id          the person
-- :due_before  the day after the one that the run stands for
DELETE FROM pm_user
 WHERE id = :id
   AND to_delete = 1
   AND delete_at < :due_before
   AND NOT EXISTS (SELECT 1 FROM pm_user_role r WHERE r.user_id = pm_user.id)
   AND NOT EXISTS (SELECT 1 FROM pm_availability a WHERE a.user_id = pm_user.id)
