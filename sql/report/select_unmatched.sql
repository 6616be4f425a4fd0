-- The keys of active responses that match no mapping row, but for those whose status says plainly that they
-- take nothing away: some of them may match one nearly.
-- :not_ours      a status, just as it is written, that takes nothing away; NULL: none
-- :not_ours_too  another
-- -> reportees_id, rmm_id
SELECT r.reportees_id,
       r.rmm_id
  FROM recreate_response r
 WHERE r.is_active = 1
   AND CASE WHEN r.access_status IN (:not_ours, :not_ours_too) THEN 0 ELSE 1 END = 1
   AND NOT EXISTS (SELECT 1
                     FROM map_rap_user_role m
                    WHERE m.user_id = r.reportees_id
                      AND m.rmm_id = r.rmm_id)
