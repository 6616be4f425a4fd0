-- Whether the lock of what a job writes is there; the lock itself is the transaction: BEGIN IMMEDIATE. With it comes
-- what a run has to know before it plans: the clock, which is the host's here, and where the ledger stands.
-- :job      the lock's name
-- :run_job  the job, as its runs are called
-- :since    its runs that ended at this moment or later are late ones
-- -> job, database_role, now (UTC), head_sha256 (where the chain ends), end_finished_at (of the run it ends with), n_runs, n_first (that begin the chain), n_followed (hashes of runs that are followed by another, each counted once), n_ends (runs with the end's hash that no other follows), n_late
SELECT l.job,
       NULL AS database_role,
       STRFTIME('%Y-%m-%d %H:%M:%S', 'now') AS now,
       (SELECT e.head_sha256 FROM recert_lock e WHERE e.job = 'ledger') AS head_sha256,
       (SELECT MAX(r.finished_at)
          FROM recert_run r
          JOIN recert_lock e
            ON e.head_sha256 = r.sha256
         WHERE e.job = 'ledger') AS end_finished_at,
       (SELECT COUNT(*) FROM recert_run) AS n_runs,
       (SELECT COUNT(*) FROM recert_run r WHERE r.previous_sha256 = PRINTF('%064d', 0)) AS n_first,
       (SELECT COUNT(DISTINCT r.sha256)
          FROM recert_run r
         WHERE EXISTS (SELECT 1 FROM recert_run f WHERE f.previous_sha256 = r.sha256)) AS n_followed,
       (SELECT COUNT(*)
          FROM recert_run r
          JOIN recert_lock e
            ON e.head_sha256 = r.sha256
         WHERE e.job = 'ledger'
           AND NOT EXISTS (SELECT 1 FROM recert_run f WHERE f.previous_sha256 = r.sha256)) AS n_ends,
       (SELECT COUNT(*)
          FROM recert_run r
         WHERE r.job = :run_job
           AND r.status = 'applied'
           AND r.finished_at >= :since) AS n_late
  FROM recert_lock l
 WHERE l.job = :job
