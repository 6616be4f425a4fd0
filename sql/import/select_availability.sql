-- What is known of everybody's months.
-- -> row_id, all columns of the month
SELECT a.rowid AS row_id,
       a.*
  FROM pm_availability a
