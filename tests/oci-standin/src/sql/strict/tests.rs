//! What Oracle refuses, one failing example each.

use super::*;
use crate::sql::tokens::scan;

/// Each of these PostgreSQL would take, or refuse for another reason.
pub const REFUSED: &[(i32, &str)] = &[
    (911, "SELECT 1 FROM dual;"),
    (911, "SELECT a::number FROM t"),
    (911, "SELECT `a` FROM t"),
    (911, "SELECT a[1] FROM t"),
    (911, "SELECT a FROM t WHERE a = ?"),
    (911, "SELECT a FROM t WHERE a ~ 'x'"),
    (936, "SELECT a FROM t WHERE a == 1"),
    (923, "SELECT 1"),
    (923, "SELECT a FROM t WHERE EXISTS (SELECT 1)"),
    (923, "SELECT *, a FROM t"),
    (936, "SELECT a, * FROM t"),
    (933, "SELECT a FROM t LIMIT 1"),
    (933, "SELECT a FROM t ORDER BY a OFFSET 5"),
    (933, "SELECT a FROM t AS x"),
    (933, "SELECT a FROM t x, u AS y"),
    (933, "SELECT a FROM (SELECT a FROM t) AS x"),
    (933, "SELECT a FROM t EXCEPT SELECT a FROM u"),
    (933, "INSERT INTO t (a) VALUES (1), (2)"),
    (933, "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING"),
    (925, "INSERT OR REPLACE INTO t (a) VALUES (1)"),
    (925, "DELETE FROM t RETURNING a"),
    (926, "INSERT INTO t DEFAULT VALUES"),
    (933, "UPDATE t SET a = 1 FROM u WHERE u.b = t.b"),
    (933, "DELETE FROM t USING u WHERE u.b = t.b"),
    (920, "SELECT a FROM t WHERE a ILIKE 'x'"),
    (920, "SELECT a FROM t WHERE a GLOB 'x'"),
    (904, "SELECT a FROM t WHERE b = TRUE"),
    (908, "SELECT a FROM t WHERE a IS DISTINCT FROM b"),
    (904, "SELECT now() FROM dual"),
    (904, "SELECT ifnull(a, 0) FROM t"),
    (904, "SELECT strftime('%Y', a) FROM t"),
    (904, "SELECT string_agg(a, ',') FROM t"),
    (904, "SELECT oracle.use_schema('x') FROM dual"),
    (936, "SELECT date('now') FROM dual"),
    (936, "SELECT date FROM t"),
    (936, "SELECT size FROM t"),
    (1747, "SELECT t.date FROM t"),
    (923, "SELECT a AS start FROM t"),
    (1745, "SELECT a FROM t WHERE b = :date"),
    (1745, "SELECT a FROM t WHERE b = :user"),
    (979, "SELECT a, COUNT(*) FROM t GROUP BY 1"),
    (936, "SELECT DISTINCT ON (a) a FROM t"),
    (923, "SELECT COUNT(*) FILTER (WHERE a = 1) FROM t"),
    (936, "SELECT a FROM t WHERE a IN ()"),
    (30089, "SELECT SYSDATE + INTERVAL '1 day' FROM dual"),
    (2014, "SELECT DISTINCT a FROM t FOR UPDATE"),
    (2014, "SELECT a FROM t FETCH FIRST 1 ROWS ONLY FOR UPDATE"),
    (38104, "MERGE INTO t USING u ON (t.a = u.a) WHEN MATCHED THEN UPDATE SET t.a = u.b"),
    (905, "WITH RECURSIVE r AS (SELECT 1 FROM dual) SELECT 1 FROM r"),
    (1788, "SELECT LEVEL FROM dual"),
];

const ACCEPTED: &[&str] = &[
    "SELECT a AS b, t.* FROM t WHERE a IN (1, 2) AND NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.a)",
    "SELECT COUNT(*), SUM(a * 2) FROM t GROUP BY b HAVING COUNT(*) > 1",
    "SELECT a, ROW_NUMBER() OVER (PARTITION BY b ORDER BY c DESC NULLS LAST) AS rn FROM t",
    "SELECT x.a FROM (SELECT a FROM t) x JOIN app.u y ON (x.a = y.a) ORDER BY a FETCH FIRST 5 ROWS ONLY",
    "SELECT CAST(a AS DATE), CAST(:b AS VARCHAR2(10)), DATE '2026-01-01' FROM t WHERE a IS NOT NULL",
    "SELECT EXTRACT(YEAR FROM a), TRIM(BOTH ' ' FROM b), TRUNC(SYSDATE) - 1 FROM t",
    "SELECT a FROM t OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY",
    "WITH v (x) AS (SELECT a FROM t), w (y) AS (SELECT 1 FROM dual) SELECT x FROM v UNION ALL SELECT y FROM w",
    "INSERT INTO app.t (a, b) VALUES (:a, SYSTIMESTAMP)",
    "INSERT INTO t (a) SELECT a FROM u WHERE (a, b) IN (SELECT a, b FROM v)",
    "UPDATE t SET (a, b) = (SELECT 1, 2 FROM dual) WHERE rowid = :row_id",
    "MERGE INTO t USING (SELECT :a AS a FROM dual) s ON (t.a = s.a) WHEN MATCHED THEN UPDATE SET t.b = 1 \
     WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, 1)",
    "SELECT a FROM t m WHERE a = 1 FOR UPDATE OF m.a NOWAIT",
    "SELECT SYSDATE + INTERVAL '1' DAY FROM dual",
    "SELECT month, status, year, \"DATE\" FROM t",
];

#[test]
fn what_oracle_refuses_is_refused_with_its_code() {
    for (code, sql) in REFUSED {
        let outcome = scan(sql).and_then(|tokens| check(&tokens));
        assert_eq!(outcome.map_err(|err| err.code), Err(*code), "{sql}");
    }
}

#[test]
fn what_oracle_takes_is_taken() {
    for sql in ACCEPTED {
        check(&scan(sql).unwrap()).unwrap_or_else(|err| panic!("{sql}: {} at {}", err.message, err.offset));
    }
}

#[test]
fn long_literals_and_names_are_refused() {
    let long = "x".repeat(4001);
    let check = |sql: String| check(&scan(&sql).unwrap()).unwrap_err().code;
    assert_eq!(check(format!("SELECT '{long}' FROM dual")), 1704);
    assert_eq!(check(format!("SELECT {} FROM t", &long[..129])), 972);
    let many = vec!["1"; 1001].join(",");
    assert_eq!(check(format!("SELECT a FROM t WHERE a IN ({many})")), 1795);
}
