-- How many responses there are, and how many of them have a recertification due date:
-- what the report's own count is held against.
-- -> n, n_dated
SELECT COUNT(*) AS n,
       COUNT(recertification_due_date) AS n_dated
  FROM recreate_response
