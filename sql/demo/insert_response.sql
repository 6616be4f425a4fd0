-- Make up a line manager's answer.
-- :reportees_id  user it is about
-- :rmm_id        location
-- :status        what the line manager said
-- :access_level  of the access
-- :is_active     1 until it is processed
-- :by_manager    the line manager's date
-- :due           the recertification due date
INSERT INTO recreate_response
       (reportees_id, rmm_id, access_status, access_level, is_active,
        access_revoke_date_by_line_manager, recertification_due_date)
VALUES (:reportees_id, :rmm_id, :status, :access_level, :is_active, :by_manager, :due)
