-- Answers of one user about one location.
CREATE INDEX recreate_response_ix ON recreate_response (reportees_id, rmm_id)
