-- Every ACTIVE account without late activity, or with one to come, with the latest over all its sessions; recert decides by it.
-- :surely_later  a day so long after the cutoff that activity on it speaks against disabling
-- :perhaps_to_come  a moment that now is not after: activity from then on may be one to come
-- -> has_sessions (1 or 0), latest_activity, all columns of the account
SELECT CASE WHEN s.user_id IS NULL THEN 0 ELSE 1 END AS has_sessions,
       s.latest_activity,
       u.*
  FROM ops_user u
  LEFT JOIN (SELECT a.user_id,
                    MAX(a.last_active_at) AS latest_activity
               FROM user_session a
              GROUP BY a.user_id) s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
   AND (s.latest_activity IS NULL OR s.latest_activity < :surely_later OR s.latest_activity >= :perhaps_to_come)
