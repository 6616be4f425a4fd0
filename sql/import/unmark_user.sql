-- Take back the mark of a person who was delivered again.
-- :imported_at  the run's moment, UTC
-- :id           the person
UPDATE pm_user
   SET to_delete = 0,
       delete_at = NULL,
       imported_at = :imported_at
 WHERE id = :id
   AND to_delete = 1
