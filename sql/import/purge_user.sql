-- Remove a person who was marked for deletion, and whose day has come.
-- :id  the person
DELETE FROM pm_user
 WHERE id = :id
   AND to_delete = 1
   AND delete_at IS NOT NULL
