//! What other databases and parsers let pass, and Oracle 19c refuses or means differently.

mod breaks;

use std::borrow::Cow;
use std::sync::LazyLock;

use super::tokens::{Token, tokens};
use breaks::*;

/// One thing that Oracle refuses, and a statement that does it.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) example: Cow<'static, str>,
    breaks: Breaks,
}

enum Breaks {
    /// Any of these runs of words and signs.
    Any(&'static [&'static str]),
    Test(fn(&[Token]) -> bool),
}

const fn any(name: &'static str, runs: &'static [&'static str], example: &'static str) -> Rule {
    Rule { name, example: Cow::Borrowed(example), breaks: Breaks::Any(runs) }
}

const fn test(name: &'static str, breaks: fn(&[Token]) -> bool, example: &'static str) -> Rule {
    Rule { name, example: Cow::Borrowed(example), breaks: Breaks::Test(breaks) }
}

fn made(name: &'static str, breaks: fn(&[Token]) -> bool, example: String) -> Rule {
    Rule { name, example: Cow::Owned(example), breaks: Breaks::Test(breaks) }
}

/// All of them.
pub(super) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let ones = vec!["1"; 1_001].join(", ");
    let long = "x".repeat(4_001);
    let mut rules = vec![
        made(
            "a list holds 1,000 values at most",
            long_list,
            format!("DELETE FROM t WHERE a IN ({ones})"),
        ),
        made(
            "a text literal holds 4,000 bytes at most",
            long_literal,
            format!("UPDATE t SET a = '{long}'"),
        ),
        made("a name has 128 bytes at most", long_name, format!("DELETE FROM t{}", &long[..128])),
    ];
    rules.extend(PLAIN);
    rules
});

const PLAIN: [Rule; 42] = [
    test("SELECT needs FROM", select_without_from, "SELECT 1"),
    test(
        "SELECT needs FROM, also inside",
        select_without_from,
        "SELECT a FROM t WHERE x = (SELECT 1)",
    ),
    any("`*` can't stand beside columns; `t.*` can", &["SELECT * ,"], "SELECT *, a FROM t"),
    any("LIMIT: FETCH FIRST n ROWS ONLY", &["LIMIT"], "SELECT a FROM t LIMIT 1"),
    test("OFFSET n ROWS", offset_without_rows, "SELECT a FROM t OFFSET 5"),
    any(
        "ON CONFLICT: MERGE",
        &["ON CONFLICT", "ON DUPLICATE"],
        "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING",
    ),
    any(
        "INSERT OR: MERGE",
        &["INSERT OR", "REPLACE INTO", "INSERT IGNORE"],
        "INSERT OR IGNORE INTO t (a) VALUES (1)",
    ),
    test("RETURNING … INTO", returning_without_into, "INSERT INTO t (a) VALUES (1) RETURNING id"),
    test("VALUES takes one row", several_rows_of_values, "INSERT INTO t (a) VALUES (1), (2)"),
    any("VALUES takes a row", &["DEFAULT VALUES"], "INSERT INTO t DEFAULT VALUES"),
    test("no AS before a table's alias", as_before_table_alias, "SELECT x.a FROM t AS x"),
    test(
        "no AS before a subquery's alias",
        as_before_table_alias,
        "SELECT x.a FROM (SELECT a FROM t) AS x",
    ),
    test(
        "no AS before the alias of UPDATE, DELETE",
        as_before_changed_alias,
        "UPDATE t AS x SET a = 1",
    ),
    test("UPDATE takes no FROM", update_from, "UPDATE t SET a = x.a FROM x WHERE x.id = t.id"),
    any(
        "DELETE takes no USING",
        &["DELETE FROM T USING", "USING T"],
        "DELETE FROM t USING x WHERE x.id = t.id",
    ),
    any(
        "signs that Oracle does not know",
        &["::", "==", "`", "[", "]", "?", "%", "->>", "@>", ";", "{"],
        "SELECT a::text FROM t",
    ),
    any("no `;` behind a statement", &[";"], "DELETE FROM t;"),
    any("no TRUE and FALSE before 23ai", &["TRUE", "FALSE", "IS TRUE"], "UPDATE t SET a = TRUE"),
    any(
        "types of other databases",
        &[
            "TEXT",
            "BOOLEAN",
            "BOOL",
            "BIGINT",
            "TINYINT",
            "DATETIME",
            "SERIAL",
            "BIGSERIAL",
            "UUID",
            "BYTEA",
            "JSONB",
            "AUTOINCREMENT",
            "AUTO_INCREMENT",
            "TIMESTAMPTZ",
        ],
        "CREATE TABLE t (a TEXT)",
    ),
    any(
        "INTEGER PRIMARY KEY generates nothing",
        &["INTEGER PRIMARY KEY"],
        "CREATE TABLE t (id INTEGER PRIMARY KEY)",
    ),
    any(
        "no IF EXISTS before 23ai",
        &["IF EXISTS", "IF NOT EXISTS"],
        "CREATE TABLE IF NOT EXISTS t (a NUMBER)",
    ),
    any(
        "ALTER TABLE t ADD c, without COLUMN",
        &["ADD COLUMN"],
        "ALTER TABLE t ADD COLUMN a NUMBER",
    ),
    any(
        "DEFAULT stands before NOT NULL",
        &["NOT NULL DEFAULT"],
        "CREATE TABLE t (a NUMBER NOT NULL DEFAULT 0)",
    ),
    any(
        "operators of other databases",
        &[
            "ILIKE",
            "GLOB",
            "REGEXP",
            "RLIKE",
            "SIMILAR TO",
            "ISNULL",
            "NOTNULL",
            "IS DISTINCT FROM",
            "IS NOT DISTINCT FROM",
        ],
        "SELECT a FROM t WHERE a ILIKE 'x'",
    ),
    any(
        "functions of other databases",
        &[
            "STRFTIME (",
            "DATETIME (",
            "JULIANDAY (",
            "IFNULL (",
            "GROUP_CONCAT (",
            "STRING_AGG (",
            "TOTAL (",
            "IIF (",
            "IF (",
            "NOW (",
            "DATE (",
            "RANDOM (",
            "PRINTF (",
            "TYPEOF (",
            "SUBSTRING (",
            "POSITION (",
            "CHAR_LENGTH (",
            "CONCAT_WS (",
            "LEFT (",
            "RIGHT (",
            "LEN (",
            "GETDATE (",
            "ISNULL (",
            "UNNEST (",
            "ARRAY_AGG (",
            "JSON_EXTRACT (",
            "DATE_TRUNC (",
            "RANDOMBLOB (",
            "UNIXEPOCH (",
        ],
        "SELECT IFNULL(a, 0) AS a FROM t",
    ),
    any("EXCEPT is MINUS before 21c", &["EXCEPT"], "SELECT a FROM t EXCEPT SELECT a FROM x"),
    any(
        "no RECURSIVE behind WITH",
        &["WITH RECURSIVE"],
        "WITH RECURSIVE x (a) AS (SELECT 1 AS a FROM dual) SELECT a FROM x",
    ),
    any("GLOBAL TEMPORARY", &["CREATE TEMP", "CREATE TEMPORARY"], "CREATE TEMP TABLE t (a NUMBER)"),
    any(
        "FILTER is no clause of an aggregate",
        &["FILTER ("],
        "SELECT COUNT(*) FILTER (WHERE a = 1) AS n FROM t",
    ),
    any(
        "transactions are the driver's",
        &["BEGIN", "PRAGMA", "START TRANSACTION"],
        "BEGIN IMMEDIATE",
    ),
    any(
        "CROSS JOIN, not a comma before JOIN",
        &["JOIN LATERAL ("],
        "SELECT a FROM t LEFT JOIN LATERAL (SELECT b FROM x) y ON 1 = 1",
    ),
    test("INTERVAL 'n' UNIT", interval_without_unit, "SELECT a + INTERVAL '1 day' AS b FROM t"),
    test(
        "a date is a bind or a DATE literal, never a text",
        date_as_text,
        "SELECT a FROM t WHERE day < '2026-01-31'",
    ),
    test("an empty text is NULL", empty_text, "SELECT a FROM t WHERE b = ''"),
    test("VARCHAR2 holds 4,000 bytes at most", wide_varchar2, "CREATE TABLE t (a VARCHAR2(4001))"),
    test("a reserved word is no bind", reserved_bind, "SELECT a FROM t WHERE b = :user"),
    test(
        "a reserved word is no column or alias",
        reserved_column,
        "CREATE TABLE t (id NUMBER, level NUMBER)",
    ),
    test("a reserved word is no alias", reserved_column, "SELECT COUNT(*) AS number FROM t"),
    test("a reserved word is no column of a table", reserved_column, "SELECT t.size FROM t"),
    test("FOR UPDATE needs plain rows", for_update_of_a_set, "SELECT DISTINCT a FROM t FOR UPDATE"),
    test(
        "ROWNUM is numbered before ORDER BY",
        rownum_with_order,
        "SELECT a FROM t WHERE ROWNUM <= 5 ORDER BY a",
    ),
    test(
        "MERGE can't set what its ON compares (ORA-38104)",
        merge_sets_its_key,
        "MERGE INTO t USING x ON (t.id = x.id) WHEN MATCHED THEN UPDATE SET t.id = x.id",
    ),
];

/// What no rule may take for wrong.
pub(super) const GOOD: &[&str] = &[
    "SELECT CAST(a AS VARCHAR2(9)) AS b FROM t x WHERE EXISTS (SELECT 1 FROM x y WHERE y.a = x.a)",
    "SELECT a FROM (SELECT b AS a FROM t UNION ALL SELECT c AS a FROM x) y ORDER BY a FETCH FIRST 5 ROWS ONLY",
    "WITH y AS (SELECT a FROM t) SELECT a FROM y OFFSET 5 ROWS",
    "INSERT INTO t (a, b) SELECT :a, :b FROM dual WHERE NOT EXISTS (SELECT 1 FROM t WHERE a = :a)",
    "UPDATE t SET a = (SELECT MAX(x.a) FROM x WHERE x.id = t.id) WHERE b = DATE '2026-01-31'",
    "SELECT EXTRACT(YEAR FROM day) AS y, TRIM(BOTH ' ' FROM a) AS b FROM t WHERE day < TO_DATE('2026-01-31', 'YYYY-MM-DD')",
    "SELECT t.rowid AS row_id, t.* FROM t WHERE rowid = :row_id FOR UPDATE NOWAIT",
    "MERGE INTO t USING x ON (t.id = x.id) WHEN MATCHED THEN UPDATE SET t.a = x.a",
    "SELECT a + INTERVAL '1' DAY AS b FROM t",
];

/// The names of all rules that a statement breaks.
pub(super) fn broken(statement: &str) -> Vec<&'static str> {
    let tokens = tokens(statement);
    let breaks = |rule: &&Rule| match rule.breaks {
        Breaks::Any(runs) => runs.iter().any(|run| holds(&tokens, run)),
        Breaks::Test(test) => test(&tokens),
    };
    let mut names: Vec<&str> = RULES.iter().filter(breaks).map(|rule| rule.name).collect();
    names.dedup();
    names
}
