-- Everybody's id: who of the line managers is one of the users.
-- -> employee_id
SELECT u.employee_id
  FROM user_tab u
