-- Each run asks by this what the job's runs took lately.
CREATE INDEX recert_run_ended ON recert_run (job, status, finished_at)
