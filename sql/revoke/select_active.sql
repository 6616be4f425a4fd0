-- Every active response whose status takes access away, due or not; recert decides by the dates.
-- A due one comes with the access it takes away and with what contradicts it, so that one look at
-- the tables is enough: once for each mapping row, and each active approval of the same access.
-- :statuses  '|' before and after each status, upper case: '|REVOKED|'
-- :next_day  the day after the run's day; a response due before it is due
-- -> row_id, all columns of the response, approved_row_id, mapping_row_id, all columns of the mapping
SELECT r.rowid AS row_id,
       r.*,
       a.rowid AS approved_row_id,
       m.rowid AS mapping_row_id,
       m.*
  FROM recreate_response r
  LEFT JOIN recreate_response a
    ON a.reportees_id = r.reportees_id
   AND a.rmm_id = r.rmm_id
   AND a.is_active = 1
   AND UPPER(TRIM(a.access_status)) = 'APPROVED'
   AND COALESCE(r.access_revoke_date_by_line_manager, r.recertification_due_date) < :next_day
  LEFT JOIN map_rap_user_role m
    ON m.user_id = r.reportees_id
   AND m.rmm_id = r.rmm_id
   AND COALESCE(r.access_revoke_date_by_line_manager, r.recertification_due_date) < :next_day
 WHERE r.is_active = 1
   AND INSTR(:statuses, '|' || UPPER(TRIM(r.access_status)) || '|') > 0
 ORDER BY r.rowid
