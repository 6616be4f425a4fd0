-- Put a line manager in, in one of several rows that share an EMPLOYEE_ID.
-- :manager_id    the line manager's id
-- :manager_name  their name
-- :manager_mail  their mail address, NULL when they have none
-- :updated       when
-- :employee_id   whose line manager it is; guards against another row in the same place
-- :row_id        the row, as it was found in this transaction
UPDATE user_tab
   SET linemanager_id = :manager_id,
       linemanager_name = :manager_name,
       linemanager_mail_id = :manager_mail,
       updated_date = :updated
 WHERE employee_id = :employee_id
   AND rowid = :row_id
