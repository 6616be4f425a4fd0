-- Every ACTIVE account with the latest activity over all its sessions; recert decides by it.
-- The texts that stand for a time are compared as times, whichever form they have; one that stands
-- for none comes out on top, so that it is heard of and not passed over.
-- -> n_sessions (NULL: it has none), latest_activity, all columns of the account
SELECT s.n_sessions,
       s.latest_activity,
       u.*
  FROM ops_user u
  LEFT JOIN (SELECT user_id,
                    COUNT(*) AS n_sessions,
                    MAX(CASE
                          WHEN last_active_at GLOB '[0-9][0-9][0-9][0-9]-[0-9]*'
                          THEN COALESCE(DATETIME(last_active_at), 'unreadable: ' || last_active_at)
                          ELSE 'unreadable: ' || last_active_at
                        END) AS latest_activity
               FROM user_session
              GROUP BY user_id) s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
