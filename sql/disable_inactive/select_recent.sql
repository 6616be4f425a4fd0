-- Sessions of ACTIVE accounts that may have been active lately; recert looks at them until one says so.
-- :perhaps_since  a day so early that earlier activity is surely too old, however a time is held
-- -> id, oidc_id, email, last_active_at
SELECT u.id,
       u.oidc_id,
       u.email,
       s.last_active_at
  FROM user_session s
  JOIN ops_user u
    ON u.id = s.user_id
 WHERE u.status = 'ACTIVE'
   AND s.last_active_at >= :perhaps_since
