-- Write down one changed row.
-- :run_id        the run that changed it
-- :seq           its place in that run, from 1
-- :table_name    the table, upper case
-- :row_key       which row; of a person their id
-- :action        insert, update or delete
-- :why           the rule, and the dates that decided
-- :result        applied, or already_absent
-- :image_sha256  hash of the row's images
-- :sha256        hash of this row of the ledger
INSERT INTO recert_change
       (run_id, seq, table_name, row_key, action, why, result, image_sha256, sha256)
VALUES (:run_id, :seq, :table_name, :row_key, :action, :why, :result, :image_sha256, :sha256)
