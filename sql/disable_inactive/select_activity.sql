-- Every activity of an ACTIVE account; asked only to name the latest, when none is recent.
-- -> id, oidc_id, email, last_active_at
SELECT u.id,
       u.oidc_id,
       u.email,
       s.last_active_at
  FROM user_session s
  JOIN ops_user u
    ON u.id = s.user_id
 WHERE u.status = 'ACTIVE'
   AND s.last_active_at IS NOT NULL
