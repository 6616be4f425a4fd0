-- Images of changes that are not there.
-- -> run_id, seq
SELECT i.run_id,
       i.seq
  FROM recert_image i
 WHERE NOT EXISTS (SELECT 1
                     FROM recert_change c
                    WHERE c.run_id = i.run_id
                      AND c.seq = i.seq)
 ORDER BY i.run_id, i.seq
