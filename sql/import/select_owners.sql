-- Whose roles and months there are.
-- -> user_id
SELECT user_id
  FROM pm_user_role
 UNION
SELECT user_id
  FROM pm_availability
