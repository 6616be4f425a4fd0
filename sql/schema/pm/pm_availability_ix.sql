-- The months of a person.
CREATE INDEX pm_availability_ix ON pm_availability (user_id, month)
