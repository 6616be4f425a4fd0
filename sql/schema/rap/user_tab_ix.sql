-- A user by their id.
CREATE INDEX user_tab_ix ON user_tab (employee_id)
