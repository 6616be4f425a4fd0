-- The account in whose name inactive accounts are disabled.
-- :oidc_id  its OIDC_ID, to the letter
-- -> id
SELECT u.id
  FROM ops_user u
 WHERE u.oidc_id = :oidc_id
