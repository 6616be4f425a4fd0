-- Every ACTIVE account with the latest activity over all its sessions; recert decides by it.
-- -> n_sessions (NULL: it has none), latest_activity, all columns of the account
SELECT s.n_sessions,
       s.latest_activity,
       u.*
  FROM ops_user u
  LEFT JOIN (SELECT user_id,
                    COUNT(*) AS n_sessions,
                    MAX(last_active_at) AS latest_activity
               FROM user_session
              GROUP BY user_id) s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
