-- Activity of an account: with it, the latest activity is read from the index alone.
CREATE INDEX user_session_ix ON user_session (user_id, last_active_at)
