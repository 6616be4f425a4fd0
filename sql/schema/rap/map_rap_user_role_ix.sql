-- Access of one user at one location: without it, every revoke reads the whole table.
CREATE INDEX map_rap_user_role_ix ON map_rap_user_role (user_id, rmm_id)
