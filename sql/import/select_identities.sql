-- Who there is, and under which mail address.
-- -> id, email
SELECT u.id,
       u.email
  FROM pm_user u
