-- The ids there are.
-- -> id
SELECT u.id
  FROM pm_user u
