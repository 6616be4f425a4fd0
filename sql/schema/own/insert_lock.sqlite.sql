-- Give a job its lock, unless it has one.
-- :job          the job's name, or `ledger`
-- :head_sha256  of the row `ledger`: the hash the chain begins with
INSERT INTO recert_lock (job, head_sha256)
SELECT :job, :head_sha256
 WHERE NOT EXISTS (SELECT 1 FROM recert_lock WHERE job = :job)
