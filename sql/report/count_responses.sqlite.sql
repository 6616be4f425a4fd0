-- How many responses there are, and how many of them have a recertification due date (an empty one is none):
-- what the report's own count is held against.
-- -> n, n_dated
SELECT COUNT(*) AS n,
       COUNT(NULLIF(recertification_due_date, '')) AS n_dated
  FROM recreate_response
