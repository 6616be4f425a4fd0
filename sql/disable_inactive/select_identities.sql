-- By what the config may exempt an ACTIVE account; asked only when it exempts any.
-- -> oidc_id, email
SELECT u.oidc_id,
       u.email
  FROM ops_user u
 WHERE u.status = 'ACTIVE'
