-- The plan of each look-up, before the first run: no table read whole once a row of another.
-- As recert's own account, once statistics are gathered: `acceptance.oracle.sql` ends with it, and it runs alone, too:
--   sqlplus recert_app@//dbhost:1521/RAPPDB @acceptance_plans.oracle.sql RAP
-- Nothing is read but plans, and nothing is kept: PLAN_TABLE's rows are the session's own. The statements are those of
-- recert to the letter; a test compares them.
SET VERIFY OFF
SET LINESIZE 200
SET PAGESIZE 100
WHENEVER SQLERROR CONTINUE
DEFINE owner = &1
ALTER SESSION SET CURRENT_SCHEMA = &owner;

VARIABLE after_cutoff VARCHAR2(4000)
VARIABLE all_users VARCHAR2(4000)
VARIABLE before VARCHAR2(4000)
VARIABLE created_by VARCHAR2(4000)
VARIABLE created_on VARCHAR2(4000)
VARIABLE details VARCHAR2(4000)
VARIABLE due_before VARCHAR2(4000)
VARIABLE free_pt VARCHAR2(4000)
VARIABLE id VARCHAR2(4000)
VARIABLE job VARCHAR2(4000)
VARIABLE keeps VARCHAR2(4000)
VARIABLE month VARCHAR2(4000)
VARIABLE not_ours VARCHAR2(4000)
VARIABLE not_ours_too VARCHAR2(4000)
VARIABLE perhaps_since VARCHAR2(4000)
VARIABLE perhaps_to_come VARCHAR2(4000)
VARIABLE person VARCHAR2(4000)
VARIABLE reportees_id VARCHAR2(4000)
VARIABLE rmm_id VARCHAR2(4000)
VARIABLE row_id VARCHAR2(4000)
VARIABLE run_id VARCHAR2(4000)
VARIABLE run_job VARCHAR2(4000)
VARIABLE since VARCHAR2(4000)
VARIABLE surely_later VARCHAR2(4000)
VARIABLE updated_by VARCHAR2(4000)
VARIABLE updated_on VARCHAR2(4000)
VARIABLE user_id VARCHAR2(4000)

PROMPT 11. Plans. Wanted: `Explained.` each time; ORA-00942 for the tables of applications in other databases.
EXPLAIN PLAN SET STATEMENT_ID = 'count_accesses' FOR
SELECT COUNT(*) AS n,
       SUM(m.n_rows) AS n_rows
  FROM (SELECT COUNT(*) AS n_rows
          FROM map_rap_user_role
         GROUP BY user_id, rmm_id) m;

EXPLAIN PLAN SET STATEMENT_ID = 'count_images_before' FOR
SELECT COUNT(*) AS n
  FROM recert_image i
  JOIN recert_run r
    ON r.run_id = i.run_id
 WHERE r.started_at < :before
   AND i.salt IS NOT NULL
   AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL);

EXPLAIN PLAN SET STATEMENT_ID = 'disable_user' FOR
UPDATE ops_user
   SET status = 'INACTIVE',
       updated_by = :updated_by,
       updated_on = :updated_on
 WHERE id = :id
   AND status = 'ACTIVE'
   AND (updated_on IS NULL OR updated_on < :after_cutoff)
   AND NOT EXISTS (SELECT 1
                     FROM user_session s
                    WHERE s.user_id = ops_user.id
                      AND s.last_active_at >= :after_cutoff);

EXPLAIN PLAN SET STATEMENT_ID = 'insert_availability' FOR
INSERT INTO pm_availability (user_id, month, free_pt)
SELECT u.id, :month, :free_pt
  FROM pm_user u
 WHERE u.id = :user_id
   AND NOT EXISTS (SELECT 1
                     FROM pm_availability a
                    WHERE a.user_id = u.id
                      AND a.month = :month);

EXPLAIN PLAN SET STATEMENT_ID = 'insert_event' FOR
INSERT INTO ops_event
       (event_type, event_status, created_by, created_on, event_details)
SELECT 'UPDATE_USER', 'SUCCESS', :created_by, :created_on, :details
  FROM ops_user u
 WHERE u.id = :user_id
   AND u.status = 'INACTIVE'
   AND NOT EXISTS (SELECT 1
                     FROM user_session s
                    WHERE s.user_id = u.id
                      AND s.is_active = 1);

EXPLAIN PLAN SET STATEMENT_ID = 'lock_job' FOR
SELECT l.job,
       SYS_CONTEXT('USERENV', 'DATABASE_ROLE') AS database_role,
       SYS_EXTRACT_UTC(SYSTIMESTAMP) AS now,
       (SELECT e.head_sha256 FROM recert_lock e WHERE e.job = 'ledger') AS head_sha256,
       (SELECT MAX(r.finished_at)
          FROM recert_run r
          JOIN recert_lock e
            ON e.head_sha256 = r.sha256
         WHERE e.job = 'ledger') AS end_finished_at,
       (SELECT COUNT(*) FROM recert_run) AS n_runs,
       (SELECT COUNT(*) FROM recert_run r WHERE r.previous_sha256 = RPAD('0', 64, '0')) AS n_first,
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
   FOR UPDATE NOWAIT;

EXPLAIN PLAN SET STATEMENT_ID = 'mark_processed' FOR
UPDATE recreate_response
   SET is_active = 0
 WHERE rowid = :row_id
   AND reportees_id = :reportees_id
   AND rmm_id = :rmm_id
   AND is_active = 1
   AND NOT EXISTS (SELECT 1
                     FROM map_rap_user_role m
                    WHERE m.user_id = :reportees_id
                      AND m.rmm_id = :rmm_id)
   AND NOT EXISTS (SELECT 1
                     FROM recreate_response a
                    WHERE :keeps = 1
                      AND a.reportees_id = :reportees_id
                      AND a.rmm_id = :rmm_id
                      AND a.is_active = 1
                      AND UPPER(TRIM(a.access_status)) = 'APPROVED');

EXPLAIN PLAN SET STATEMENT_ID = 'purge_user' FOR
DELETE FROM pm_user
 WHERE id = :id
   AND to_delete = 1
   AND delete_at < :due_before
   AND NOT EXISTS (SELECT 1 FROM pm_user_role r WHERE r.user_id = pm_user.id)
   AND NOT EXISTS (SELECT 1 FROM pm_availability a WHERE a.user_id = pm_user.id);

EXPLAIN PLAN SET STATEMENT_ID = 'select_active' FOR
SELECT (SELECT COUNT(*)
          FROM recreate_response b
         WHERE CASE WHEN b.is_active = 1 THEN 0 ELSE 1 END = 1
           AND EXISTS (SELECT 1
                         FROM map_rap_user_role c
                        WHERE c.user_id = b.reportees_id
                          AND c.rmm_id = b.rmm_id)
           AND EXISTS (SELECT 1
                         FROM recert_change x
                        WHERE x.row_key = b.reportees_id || '/' || b.rmm_id
                          AND x.table_name = 'RECREATE_RESPONSE'
                          AND x.result = 'already_absent')) AS n_back,
       (SELECT COUNT(*) FROM map_rap_user_role) AS n_mappings,
       r.rowid AS row_id,
       r.*,
       a.access_status AS approval,
       m.rowid AS mapping_row_id,
       m.*
  FROM recert_lock l
  LEFT JOIN recreate_response r
    ON r.is_active = 1
   AND CASE WHEN r.access_status IN (:not_ours, :not_ours_too) THEN 0 ELSE 1 END = 1
  LEFT JOIN recreate_response a
    ON a.reportees_id = r.reportees_id
   AND a.rmm_id = r.rmm_id
   AND a.is_active = 1
   AND UPPER(a.access_status) LIKE '%APPROVED%'
  LEFT JOIN map_rap_user_role m
    ON m.user_id = r.reportees_id
   AND m.rmm_id = r.rmm_id
 WHERE l.job = 'ledger'
 ORDER BY r.rowid;

EXPLAIN PLAN SET STATEMENT_ID = 'select_activity' FOR
SELECT u.id,
       u.oidc_id,
       u.email,
       s.last_active_at
  FROM user_session s
  JOIN ops_user u
    ON u.id = s.user_id
 WHERE u.status = 'ACTIVE'
   AND s.last_active_at IS NOT NULL;

EXPLAIN PLAN SET STATEMENT_ID = 'select_applied_hashes_since' FOR
SELECT c.run_id,
       c.sha256
  FROM recert_change c
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE r.job IN (:run_job, 'restore')
   AND r.status = 'applied'
   AND r.finished_at >= :since
 ORDER BY c.run_id, c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_availability_of_marked' FOR
SELECT a.rowid AS row_id,
       a.*
  FROM pm_user u
  JOIN pm_availability a
    ON a.user_id = u.id
 WHERE u.to_delete = 1;

EXPLAIN PLAN SET STATEMENT_ID = 'select_brought' FOR
SELECT c.run_id,
       c.row_key AS user_id
  FROM recert_run r
  JOIN recert_change c
    ON c.run_id = r.run_id
 WHERE r.finished_at >= :since
   AND c.table_name = 'PM_USER'
   AND (c.action = 'insert' OR (c.action = 'update' AND c.why LIKE 'changed in the file%'));

EXPLAIN PLAN SET STATEMENT_ID = 'select_came_back' FOR
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image,
       r.rowid AS row_id,
       n.job AS change_job,
       r.*
  FROM recreate_response r
  JOIN recert_change c
    ON c.row_key = r.reportees_id || '/' || r.rmm_id
   AND c.table_name = 'RECREATE_RESPONSE'
   AND c.action = 'update'
  JOIN recert_run n
    ON n.run_id = c.run_id
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE EXISTS (SELECT 1
                 FROM map_rap_user_role m
                WHERE m.user_id = r.reportees_id
                  AND m.rmm_id = r.rmm_id)
   AND EXISTS (SELECT 1
                 FROM recert_change x
                WHERE x.row_key = r.reportees_id || '/' || r.rmm_id
                  AND x.table_name = 'RECREATE_RESPONSE'
                  AND x.result = 'already_absent')
 ORDER BY r.reportees_id,
       r.rmm_id,
       r.rowid,
       n.finished_at,
       c.run_id,
       c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_changes' FOR
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 ORDER BY c.run_id, c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_idle' FOR
SELECT CASE WHEN s.user_id IS NULL THEN 0 ELSE 1 END AS has_sessions,
       s.latest_activity,
       u.*
  FROM ops_user u
  LEFT JOIN (SELECT a.user_id,
                    MAX(a.last_active_at) AS latest_activity
               FROM user_session a
              GROUP BY a.user_id) s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
   AND (s.latest_activity IS NULL OR s.latest_activity < :surely_later OR s.latest_activity >= :perhaps_to_come);

EXPLAIN PLAN SET STATEMENT_ID = 'select_images_before' FOR
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
  JOIN recert_run r
    ON r.run_id = c.run_id
 WHERE r.started_at < :before
   AND i.salt IS NOT NULL
   AND (i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
 ORDER BY c.run_id, c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_images_of_marked' FOR
SELECT u.id AS user_id,
       c.run_id,
       c.seq,
       CASE WHEN c.table_name <> 'PM_USER' THEN i.after_image END AS image
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key = u.id
   AND c.table_name = 'PM_USER'
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE u.to_delete = 1
   AND (i.salt IS NOT NULL OR i.before_image IS NOT NULL OR i.after_image IS NOT NULL)
UNION ALL
SELECT u.id AS user_id,
       c.run_id,
       c.seq,
       CASE
         WHEN c.row_key LIKE '%/%/%' THEN COALESCE(i.before_image, i.after_image)
       END AS image
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key >= u.id || '/'
   AND c.row_key < u.id || '0'
   AND c.table_name IN ('PM_USER_ROLE', 'PM_AVAILABILITY')
  JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE u.to_delete = 1
   AND (i.salt IS NOT NULL OR i.before_image IS NOT NULL OR i.after_image IS NOT NULL);

EXPLAIN PLAN SET STATEMENT_ID = 'select_marks' FOR
SELECT c.run_id,
       u.id AS user_id,
       c.why
  FROM pm_user u
  JOIN recert_change c
    ON c.row_key = u.id
   AND c.table_name = 'PM_USER'
   AND c.action = 'update'
 WHERE u.to_delete = 1
   AND c.why LIKE '%; to be purged from %';

EXPLAIN PLAN SET STATEMENT_ID = 'select_orphan_images' FOR
SELECT i.run_id,
       i.seq
  FROM recert_image i
 WHERE NOT EXISTS (SELECT 1
                     FROM recert_change c
                    WHERE c.run_id = i.run_id
                      AND c.seq = i.seq)
 ORDER BY i.run_id, i.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_person_changes' FOR
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE c.row_key = :person
    OR (    c.row_key >= :person || '/'
        AND c.row_key < :person || '0')
    OR (    c.table_name IN ('OPS_DB_HISTORY', 'USER_SESSION')
        AND (   INSTR(i.before_image, :person) > 0
             OR INSTR(i.after_image, :person) > 0))
 ORDER BY c.run_id, c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_recent' FOR
SELECT u.id,
       u.oidc_id,
       u.email,
       s.last_active_at
  FROM user_session s
  JOIN ops_user u
    ON u.id = s.user_id
 WHERE u.status = 'ACTIVE'
   AND s.last_active_at >= :perhaps_since;

EXPLAIN PLAN SET STATEMENT_ID = 'select_responses' FOR
SELECT r.rowid AS row_id,
       u.rowid AS user_row,
       u.employee_name AS user_name,
       u.email_id AS user_mail,
       u.linemanager_id AS manager_id,
       u.linemanager_name AS manager_name,
       u.linemanager_mail_id AS manager_mail,
       u.updated_date AS user_updated,
       u.rap AS user_rap,
       u.packbuilder AS user_packbuilder,
       (SELECT COUNT(*)
          FROM map_rap_user_role m
         WHERE m.user_id = r.reportees_id
           AND m.rmm_id = r.rmm_id) AS n_access,
       r.*
  FROM recreate_response r
  LEFT JOIN user_tab u
    ON u.employee_id = r.reportees_id
 ORDER BY r.reportees_id,
       r.rmm_id,
       r.rowid;

EXPLAIN PLAN SET STATEMENT_ID = 'select_roles_of_marked' FOR
SELECT r.rowid AS row_id,
       r.*
  FROM pm_user u
  JOIN pm_user_role r
    ON r.user_id = u.id
 WHERE u.to_delete = 1;

EXPLAIN PLAN SET STATEMENT_ID = 'select_run_changes' FOR
SELECT c.run_id,
       c.seq,
       c.table_name,
       c.row_key,
       c.action,
       c.why,
       c.result,
       c.image_sha256,
       c.sha256,
       i.seq AS image_seq,
       i.salt,
       i.before_image,
       i.after_image
  FROM recert_change c
  LEFT JOIN recert_image i
    ON i.run_id = c.run_id
   AND i.seq = c.seq
 WHERE c.run_id = :run_id
 ORDER BY c.seq;

EXPLAIN PLAN SET STATEMENT_ID = 'select_sample' FOR
SELECT MIN(s.employee_id) AS employee_id
  FROM (SELECT u.employee_id,
               NTILE(20) OVER (ORDER BY u.employee_id) AS tile
          FROM user_tab u
         WHERE u.employee_id IS NOT NULL
           AND (:all_users = 1 OR u.rap = 1 OR u.packbuilder = 1)) s
 GROUP BY s.tile
 ORDER BY 1;

EXPLAIN PLAN SET STATEMENT_ID = 'select_sessions' FOR
SELECT s.*
  FROM ops_user u
  JOIN user_session s
    ON s.user_id = u.id
 WHERE u.status = 'ACTIVE'
   AND s.is_active = 1
   AND NOT EXISTS (SELECT 1
                     FROM user_session n
                    WHERE n.user_id = u.id
                      AND n.last_active_at >= :surely_later);

EXPLAIN PLAN SET STATEMENT_ID = 'select_unasked' FOR
SELECT m.user_id,
       m.rmm_id,
       m.n_access,
       u.rowid AS user_row,
       u.employee_name AS user_name,
       u.email_id AS user_mail,
       u.linemanager_id AS manager_id,
       u.linemanager_name AS manager_name,
       u.linemanager_mail_id AS manager_mail,
       u.updated_date AS user_updated,
       u.rap AS user_rap,
       u.packbuilder AS user_packbuilder
  FROM (SELECT a.user_id,
               a.rmm_id,
               COUNT(*) AS n_access
          FROM map_rap_user_role a
         WHERE NOT EXISTS (SELECT 1
                             FROM recreate_response r
                            WHERE r.reportees_id = a.user_id
                              AND r.rmm_id = a.rmm_id)
         GROUP BY a.user_id, a.rmm_id) m
  LEFT JOIN user_tab u
    ON u.employee_id = m.user_id
 ORDER BY m.user_id,
       m.rmm_id;

EXPLAIN PLAN SET STATEMENT_ID = 'select_unmatched' FOR
SELECT r.reportees_id,
       r.rmm_id
  FROM recreate_response r
 WHERE r.is_active = 1
   AND CASE WHEN r.access_status IN (:not_ours, :not_ours_too) THEN 0 ELSE 1 END = 1
   AND NOT EXISTS (SELECT 1
                     FROM map_rap_user_role m
                    WHERE m.user_id = r.reportees_id
                      AND m.rmm_id = r.rmm_id);

PROMPT 12. Tables and indexes read whole inside a loop. Wanted: no rows, but of tables with a few hundred rows at most.
SELECT DISTINCT f.statement_id,
       f.object_name,
       f.operation || ' ' || f.options AS step,
       f.cardinality AS n_rows,
       n.operation || ' ' || n.options AS once_a_row_of
  FROM plan_table f
  JOIN plan_table a
    ON a.plan_id = f.plan_id
   AND a.id <= f.id
   AND a.depth <= f.depth
  JOIN plan_table n
    ON n.plan_id = a.plan_id
   AND n.id = a.parent_id
 WHERE f.options LIKE '%FULL%'
   AND f.options NOT LIKE '%MIN/MAX%'
   AND NOT EXISTS (SELECT 1
                     FROM plan_table x
                    WHERE x.plan_id = a.plan_id
                      AND x.id > a.id
                      AND x.id <= f.id
                      AND x.depth <= a.depth)
   AND (   (n.operation IN ('NESTED LOOPS', 'FILTER') AND a.position > 1)
        OR (n.id = 0 AND EXISTS (SELECT 1
                                   FROM plan_table y
                                  WHERE y.plan_id = a.plan_id
                                    AND y.parent_id = 0
                                    AND y.position > a.position)))
 ORDER BY f.statement_id,
          f.object_name;

ROLLBACK;
