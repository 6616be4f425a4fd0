-- Everybody there is; recert compares them with the file.
-- -> all columns of the person
SELECT u.*
  FROM pm_user u
