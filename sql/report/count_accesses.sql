-- How many accesses there are, each user and location once, and how many rows they stand in:
-- what the report's own count is held against.
-- -> n, n_rows
SELECT COUNT(*) AS n,
       SUM(m.n_rows) AS n_rows
  FROM (SELECT COUNT(*) AS n_rows
          FROM map_rap_user_role
         GROUP BY user_id, rmm_id) m
