-- The users and locations whose access a due response takes away and another active one approves.
-- :statuses  '|' before and after each status, upper case: '|REVOKED|'
-- :next_day  the day after the run's day; a response due before it is due
-- -> reportees_id, rmm_id
SELECT DISTINCT a.reportees_id,
       a.rmm_id
  FROM recreate_response a
  JOIN recreate_response r
    ON r.reportees_id = a.reportees_id
   AND r.rmm_id = a.rmm_id
 WHERE a.is_active = 1
   AND UPPER(TRIM(a.access_status)) = 'APPROVED'
   AND r.is_active = 1
   AND INSTR(:statuses, '|' || UPPER(TRIM(r.access_status)) || '|') > 0
   AND COALESCE(r.access_revoke_date_by_line_manager, r.recertification_due_date) < :next_day
