-- Mark one response processed. Touches no row when it is processed already, or while any access is left that
-- it takes away: then somebody has given it again in the meantime; nor, where approvals keep it, when one has come.
-- :row_id        the row, as it was found in this transaction
-- :reportees_id  user the response is about; guards against another row in the same place
-- :rmm_id        location
-- :keeps         1: an active approval of the same access leaves it alone (`on_conflict = "skip"`)
UPDATE recreate_response
   SET is_active = 0
 WHERE rowid = :row_id
   AND reportees_id = :reportees_id
   AND rmm_id = :rmm_id
   AND is_active = 1
   AND NOT EXISTS (SELECT 1
                     FROM map_rap_user_role m
                    WHERE m.user_id = :reportees_id
                      AND m.rmm_id = :rmm_id)
   AND NOT EXISTS (SELECT 1
                     FROM recreate_response a
                    WHERE :keeps = 1
                      AND a.reportees_id = :reportees_id
                      AND a.rmm_id = :rmm_id
                      AND a.is_active = 1
                      AND UPPER(TRIM(a.access_status)) = 'APPROVED')
