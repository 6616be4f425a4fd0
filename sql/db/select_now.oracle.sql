-- What time it is on the database's host, in UTC.
-- -> now
SELECT SYS_EXTRACT_UTC(SYSTIMESTAMP) AS now
  FROM dual
