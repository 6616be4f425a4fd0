-- How many accounts are ACTIVE: what the limit in percent is taken of.
-- -> n
SELECT COUNT(*) AS n
  FROM ops_user u
 WHERE u.status = 'ACTIVE'
