-- Each run asks by this whether the chain is whole, and when the run it ends with was finished.
CREATE INDEX recert_run_sha256 ON recert_run (sha256)
