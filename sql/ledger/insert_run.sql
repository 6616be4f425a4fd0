-- Write down a run.
-- :run_id           UUIDv7
-- :job              name of the job
-- :as_of            the day the run stands for
-- :status           applied, unchanged, refused or failed
-- :started_at       when it began, UTC
-- :finished_at      when it was about to commit, UTC
-- :os_user          who ran it, as the operating system knows them
-- :host             where it ran
-- :version          of recert
-- :config_sha256    of the config file
-- :reason           --reason; of a failed run its error
-- :previous_sha256  hash of the run before it
-- :sha256           hash of this run and all its changes
-- :parameters       the job's arguments, JSON
-- :counts           what it counted, JSON
INSERT INTO recert_run
       (run_id, job, as_of, status, started_at, finished_at, os_user, host, version,
        config_sha256, reason, previous_sha256, sha256, parameters, counts)
VALUES (:run_id, :job, :as_of, :status, :started_at, :finished_at, :os_user, :host, :version,
        :config_sha256, :reason, :previous_sha256, :sha256, :parameters, :counts)
