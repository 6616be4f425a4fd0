-- Every mapping row of a user and location that a due response speaks of.
-- :statuses  '|' before and after each status, upper case: '|REVOKED|'
-- :next_day  the day after the run's day; a response due before it is due
-- -> row_id, all columns of the mapping
SELECT m.rowid AS row_id,
       m.*
  FROM (SELECT DISTINCT r.reportees_id, r.rmm_id
          FROM recreate_response r
         WHERE r.is_active = 1
           AND INSTR(:statuses, '|' || UPPER(TRIM(r.access_status)) || '|') > 0
           AND COALESCE(r.access_revoke_date_by_line_manager, r.recertification_due_date) < :next_day) d
  JOIN map_rap_user_role m
    ON m.user_id = d.reportees_id
   AND m.rmm_id = d.rmm_id
