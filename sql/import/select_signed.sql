-- The business units whose people may be imported.
-- -> business_unit
SELECT DISTINCT o.business_unit
  FROM pm_organisation o
 WHERE o.gdp_signed = 1
