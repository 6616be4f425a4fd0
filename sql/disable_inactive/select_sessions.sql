-- The open sessions of every ACTIVE account without late activity; recert closes those of the accounts it disables.
-- :surely_later  a day so long after the cutoff that activity on it speaks against disabling, however a time is held
-- -> all columns of the session
SELECT s.*
  FROM ops_user u
  JOIN user_session s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
   AND s.is_active = 1
   AND NOT EXISTS (SELECT 1
                     FROM user_session n
                    WHERE n.user_id = u.id
                      AND n.last_active_at >= :surely_later)
