-- How many images are still kept of the runs that began before a moment.
-- :before  the moment, UTC
-- -> n
SELECT COUNT(*) AS n
  FROM recert_image i
  JOIN recert_run r
    ON r.run_id = i.run_id
 WHERE r.started_at < :before
   AND i.salt IS NOT NULL
   AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
