-- Mark a person for deletion. A mark that has its date keeps it: no row is touched then.
-- :delete_at    the day from which they may be purged
-- :imported_at  the run's moment, UTC
-- :id           the person
UPDATE pm_user
   SET to_delete = 1,
       delete_at = :delete_at,
       imported_at = :imported_at
 WHERE id = :id
   AND (to_delete IS NULL OR to_delete <> 1 OR delete_at IS NULL)
