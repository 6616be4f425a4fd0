-- Who has which mail address.
-- -> id, email
SELECT u.id,
       u.email
  FROM pm_user u
 WHERE u.email IS NOT NULL
