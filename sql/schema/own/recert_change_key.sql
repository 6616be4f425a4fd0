-- Who asks what happened to a row or person asks by this.
CREATE INDEX recert_change_key ON recert_change (row_key)
