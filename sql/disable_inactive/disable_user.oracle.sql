-- Disable one account. Touches no row when it is not ACTIVE any more, was touched after the cutoff, or somebody has
-- been active on it since: by then, as far as it was committed when this statement began.
-- :id            the account
-- :updated_by    the actor's ID
-- :updated_on    the moment the run stands for, UTC
-- :after_cutoff  the first second that speaks against disabling, UTC
UPDATE ops_user
   SET status = 'INACTIVE',
       updated_by = :updated_by,
       updated_on = :updated_on
 WHERE id = :id
   AND status = 'ACTIVE'
   AND (updated_on IS NULL OR updated_on < :after_cutoff)
   AND NOT EXISTS (SELECT 1
                     FROM user_session s
                    WHERE s.user_id = ops_user.id
                      AND s.last_active_at >= :after_cutoff)
