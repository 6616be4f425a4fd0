-- Erase the images of one run that are still kept; their rows and all hashes stay.
-- :run_id  the run
UPDATE recert_image
   SET salt = NULL,
       before_image = NULL,
       after_image = NULL
 WHERE run_id = :run_id
   AND salt IS NOT NULL
   AND (before_image IS NOT NULL OR after_image IS NOT NULL)
