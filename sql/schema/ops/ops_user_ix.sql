-- An account by its OIDC_ID: how the actor is found.
CREATE INDEX ops_user_ix ON ops_user (oidc_id)
