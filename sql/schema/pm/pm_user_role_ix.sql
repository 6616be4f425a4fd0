-- The roles of a person.
CREATE INDEX pm_user_role_ix ON pm_user_role (user_id)
