-- Every ACTIVE account without late activity, or with one to come, with the latest over all its sessions; recert decides by it.
-- The texts that stand for a time are compared as times, whichever form they have. One that stands
-- for none comes out on top, so that it is heard of and not passed over; an empty one is NULL, as on Oracle.
-- :surely_later  a day so long after the cutoff that activity on it speaks against disabling, whatever offset a text names
-- :perhaps_to_come  a moment that now is not after: activity from then on may be one to come
-- -> has_sessions (1 or 0), latest_activity, all columns of the account
SELECT EXISTS (SELECT 1 FROM user_session a WHERE a.user_id = u.id) AS has_sessions,
       (SELECT MAX(CASE
                     WHEN a.last_active_at = '' THEN NULL
                     WHEN SUBSTR(a.last_active_at, 5, 1) = '-'
                     THEN COALESCE(DATETIME(a.last_active_at), 'unreadable: ' || a.last_active_at)
                     ELSE 'unreadable: ' || a.last_active_at
                   END)
          FROM user_session a
         WHERE a.user_id = u.id) AS latest_activity,
       u.*
  FROM ops_user u
 WHERE u.status = 'ACTIVE'
   AND (   NOT EXISTS (SELECT 1
                         FROM user_session n
                        WHERE n.user_id = u.id
                          AND n.last_active_at >= :surely_later
                          AND SUBSTR(n.last_active_at, 5, 1) = '-'
                          AND DATETIME(n.last_active_at) IS NOT NULL)
        OR EXISTS (SELECT 1
                     FROM user_session f
                    WHERE f.user_id = u.id
                      AND f.last_active_at >= DATE(:perhaps_to_come, '-1 day')
                      AND SUBSTR(f.last_active_at, 5, 1) = '-'
                      AND DATETIME(f.last_active_at) >= DATETIME(:perhaps_to_come)))
