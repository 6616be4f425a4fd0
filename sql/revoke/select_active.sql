-- Every active response that may take access away: all but those whose status says plainly that it does
-- not. recert decides which are due. Each comes with the access it would take and with what may contradict
-- it, so that one look at the tables is enough: once for each mapping row and each approval of the same access.
-- One row without a response where there is none (the lock's row `ledger` is always there), as each row says
-- whether any access has come back that a run found gone, for then it is worth asking which, and how much access
-- there is, of which the limit in percent is taken.
-- :not_ours      a status, just as it is written, that takes nothing away; NULL: none
-- :not_ours_too  another
-- -> n_back (inactive responses of access that is there, one of which may have been closed because it was not), n_mappings (rows of MAP_RAP_USER_ROLE), row_id (NULL: no response), all columns of the response, approval (the status of an active response that may be one), mapping_row_id, all columns of the mapping
SELECT (SELECT COUNT(*)
          FROM recreate_response b
         WHERE CASE WHEN b.is_active = 1 THEN 0 ELSE 1 END = 1
           AND EXISTS (SELECT 1
                         FROM map_rap_user_role c
                        WHERE c.user_id = b.reportees_id
                          AND c.rmm_id = b.rmm_id)
           AND EXISTS (SELECT 1
                         FROM recert_change x
                        WHERE x.row_key = b.reportees_id || '/' || b.rmm_id
                          AND x.table_name = 'RECREATE_RESPONSE'
                          AND x.result = 'already_absent')) AS n_back,
       (SELECT COUNT(*) FROM map_rap_user_role) AS n_mappings,
       r.rowid AS row_id,
       r.*,
       a.access_status AS approval,
       m.rowid AS mapping_row_id,
       m.*
  FROM recert_lock l
  LEFT JOIN recreate_response r
    ON r.is_active = 1
   AND CASE WHEN r.access_status IN (:not_ours, :not_ours_too) THEN 0 ELSE 1 END = 1
  LEFT JOIN recreate_response a
    ON a.reportees_id = r.reportees_id
   AND a.rmm_id = r.rmm_id
   AND a.is_active = 1
   AND UPPER(a.access_status) LIKE '%APPROVED%'
  LEFT JOIN map_rap_user_role m
    ON m.user_id = r.reportees_id
   AND m.rmm_id = r.rmm_id
 WHERE l.job = 'ledger'
 ORDER BY r.rowid
