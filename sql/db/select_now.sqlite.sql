-- What time it is, in UTC: an embedded database has no other clock than the host's.
-- -> now
SELECT STRFTIME('%Y-%m-%d %H:%M:%S', 'now') AS now
