-- Keep what stood in a changed row before and after; it can be erased, its hash stays.
-- :run_id        the run that changed it
-- :seq           its place in that run
-- :salt          random, so that nobody can guess an erased image from its hash
-- :before_image  the whole row before, JSON
-- :after_image   the changed columns, or the whole new row, JSON
INSERT INTO recert_image
       (run_id, seq, salt, before_image, after_image)
VALUES (:run_id, :seq, :salt, :before_image, :after_image)
