-- Make up a user.
-- :employee_id   E1001, E1002, …
-- :name          as hostile as names get
-- :mail          mail address
-- :rap           1: uses RAP
-- :packbuilder   1: uses PackBuilder
-- :manager_id    their line manager
-- :manager_name  their line manager's name
-- :manager_mail  their line manager's mail address
-- :created       day
INSERT INTO user_tab
       (employee_id, employee_name, email_id, rap, packbuilder,
        linemanager_id, linemanager_name, linemanager_mail_id, created_date)
VALUES (:employee_id, :name, :mail, :rap, :packbuilder,
        :manager_id, :manager_name, :manager_mail, :created)
