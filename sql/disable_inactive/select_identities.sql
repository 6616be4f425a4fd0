-- Every ACTIVE account by what the config may exempt it by; asked only when it exempts any.
-- -> oidc_id, email
SELECT u.oidc_id,
       u.email
  FROM ops_user u
 WHERE u.status = 'ACTIVE'
