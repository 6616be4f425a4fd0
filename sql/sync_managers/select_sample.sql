-- A few users whose line manager is to be brought from the directory, spread over all of them.
-- :all_users  1: everybody; 0: users of RAP or PackBuilder
-- -> employee_id
SELECT MIN(s.employee_id) AS employee_id
  FROM (SELECT u.employee_id,
               NTILE(20) OVER (ORDER BY u.employee_id) AS tile
          FROM user_tab u
         WHERE u.employee_id IS NOT NULL
           AND (:all_users = 1 OR u.rap = 1 OR u.packbuilder = 1)) s
 GROUP BY s.tile
 ORDER BY 1
