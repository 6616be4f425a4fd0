-- How much access there is: what the limit in percent is taken of.
-- -> n
SELECT COUNT(*) AS n
  FROM map_rap_user_role
