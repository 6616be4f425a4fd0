-- Put a line manager in, as the directory holds them; of any user (`all_users = true`).
-- :manager_id    the line manager's id
-- :manager_name  their name
-- :manager_mail  their mail address, NULL when they have none
-- :updated       when
-- :employee_id   whose line manager it is
UPDATE user_tab
   SET linemanager_id = :manager_id,
       linemanager_name = :manager_name,
       linemanager_mail_id = :manager_mail,
       updated_date = :updated
 WHERE employee_id = :employee_id
