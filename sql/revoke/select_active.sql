-- Every active response that may take access away: all but those whose status says plainly that it does
-- not. recert decides which are due. Each comes with the access it would take and with what may contradict
-- it, so that one look at the tables is enough: once for each mapping row and each approval of the same access.
-- :not_ours      a status, just as it is written, that takes nothing away; NULL: none
-- :not_ours_too  another
-- -> row_id, all columns of the response, approval (the status of an active response that may be one), mapping_row_id, all columns of the mapping
SELECT r.rowid AS row_id,
       r.*,
       a.access_status AS approval,
       m.rowid AS mapping_row_id,
       m.*
  FROM recreate_response r
  LEFT JOIN recreate_response a
    ON a.reportees_id = r.reportees_id
   AND a.rmm_id = r.rmm_id
   AND a.is_active = 1
   AND UPPER(a.access_status) LIKE '%APPROVED%'
  LEFT JOIN map_rap_user_role m
    ON m.user_id = r.reportees_id
   AND m.rmm_id = r.rmm_id
 WHERE r.is_active = 1
   AND CASE WHEN r.access_status IN (:not_ours, :not_ours_too) THEN 0 ELSE 1 END = 1
 ORDER BY r.rowid
