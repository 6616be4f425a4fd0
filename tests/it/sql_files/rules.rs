//! What other databases and parsers let pass, and Oracle 19c refuses or means differently.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::tokens::{Token, tokens};

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

/// Whether these words and signs stand one after the other.
fn holds(tokens: &[Token], run: &str) -> bool {
    let run: Vec<&str> = run.split(' ').collect();
    tokens.windows(run.len()).any(|part| part.iter().zip(&run).all(|(a, b)| a.text() == *b))
}

fn is(tokens: &[Token], at: usize, word: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text() == word)
}

/// The tokens behind `from` that are in the same parentheses, with their places.
fn level(tokens: &[Token], from: usize) -> impl Iterator<Item = (usize, &Token)> {
    let mut depth = 0_i32;
    tokens
        .iter()
        .enumerate()
        .skip(from)
        .map_while(move |(at, token)| {
            let before = depth;
            depth += match token.text() {
                "(" => 1,
                ")" => -1,
                _ => 0,
            };
            (depth >= 0).then_some((before == 0, at, token))
        })
        .filter_map(|(here, at, token)| here.then_some((at, token)))
}

fn places<'a>(tokens: &'a [Token], word: &'a str) -> impl Iterator<Item = usize> + 'a {
    (0..tokens.len()).filter(move |at| is(tokens, *at, word))
}

fn select_without_from(tokens: &[Token]) -> bool {
    let ends = ["UNION", "MINUS", "INTERSECT"];
    if is(tokens, 0, "GRANT") || is(tokens, 0, "REVOKE") {
        return false;
    }
    places(tokens, "SELECT").any(|at| {
        let mut own = level(tokens, at + 1).map(|(_, token)| token.text());
        !own.by_ref().take_while(|word| !ends.contains(word)).any(|word| word == "FROM")
    })
}

fn offset_without_rows(tokens: &[Token]) -> bool {
    places(tokens, "OFFSET").any(|at| !is(tokens, at + 2, "ROWS") && !is(tokens, at + 2, "ROW"))
}

fn returning_without_into(tokens: &[Token]) -> bool {
    places(tokens, "RETURNING").any(|at| !tokens[at..].iter().any(|token| token.text() == "INTO"))
}

fn several_rows_of_values(tokens: &[Token]) -> bool {
    places(tokens, "VALUES").any(|at| {
        let behind = level(tokens, at + 1).find(|(place, _)| *place > at + 1);
        behind.is_some_and(|(place, token)| token.text() == "," || is(tokens, place + 1, ","))
    })
}

/// In FROM, outside of parentheses, AS can only be before an alias.
fn as_before_table_alias(tokens: &[Token]) -> bool {
    let ends = ["WHERE", "GROUP", "ORDER", "HAVING", "UNION", "MINUS", "INTERSECT", "FETCH", "FOR"];
    let is_clause = |at: &usize| !is_function_word(tokens, *at);
    places(tokens, "FROM").filter(is_clause).any(|at| {
        let clause = level(tokens, at + 1).take_while(|(_, token)| !ends.contains(&token.text()));
        clause.map(|(_, token)| token.text()).any(|word| word == "AS")
    })
}

/// `TRIM(BOTH ' ' FROM a)`, `EXTRACT(YEAR FROM day)`.
fn is_function_word(tokens: &[Token], from: usize) -> bool {
    let mut depth = 0;
    for at in (0..from).rev() {
        match tokens[at].text() {
            ")" => depth += 1,
            "(" if depth == 0 => {
                return at > 0 && ["TRIM", "EXTRACT"].contains(&tokens[at - 1].text());
            }
            "(" => depth -= 1,
            _ => {}
        }
    }
    false
}

fn as_before_changed_alias(tokens: &[Token]) -> bool {
    is(tokens, 0, "UPDATE") && is(tokens, 2, "AS")
        || is(tokens, 0, "DELETE") && (is(tokens, 2, "AS") || is(tokens, 3, "AS"))
        || is(tokens, 0, "MERGE") && is(tokens, 3, "AS")
}

fn update_from(tokens: &[Token]) -> bool {
    is(tokens, 0, "UPDATE") && level(tokens, 0).any(|(_, token)| token.text() == "FROM")
}

fn interval_without_unit(tokens: &[Token]) -> bool {
    let units = ["DAY", "HOUR", "MINUTE", "SECOND", "MONTH", "YEAR"];
    places(tokens, "INTERVAL").any(|at| {
        matches!(tokens.get(at + 1), Some(Token::Text(_)))
            && !tokens.get(at + 2).is_some_and(|unit| units.contains(&unit.text()))
    })
}

fn date_as_text(tokens: &[Token]) -> bool {
    let is_date = |text: &str| {
        let shape: String =
            text.chars().take(10).map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        matches!(shape.as_str(), "9999-99-99" | "99.99.9999" | "9999/99/99")
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        Token::Text(text) if is_date(text) => {
            let literal = at > 0 && ["DATE", "TIMESTAMP"].contains(&tokens[at - 1].text());
            let converted = at > 1 && ["TO_DATE", "TO_TIMESTAMP"].contains(&tokens[at - 2].text());
            !literal && !converted
        }
        _ => false,
    })
}

fn empty_text(tokens: &[Token]) -> bool {
    tokens.contains(&Token::Text(String::new()))
}

fn long_list(tokens: &[Token]) -> bool {
    places(tokens, "IN").any(|at| {
        is(tokens, at + 1, "(")
            && level(tokens, at + 2).filter(|(_, token)| token.text() == ",").count() >= 1_000
    })
}

fn long_literal(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Text(text) if text.len() > 4_000))
}

fn wide_varchar2(tokens: &[Token]) -> bool {
    places(tokens, "VARCHAR2").any(|at| {
        tokens.get(at + 2).is_some_and(|n| n.text().parse::<u32>().is_ok_and(|n| n > 4_000))
    })
}

fn long_name(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Word(name) if name.len() > 128))
}

/// V$RESERVED_WORDS where RESERVED = 'Y', and pseudo-columns.
const RESERVED: &str = " ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER \
    COLUMN COLUMN_VALUE COMMENT COMPRESS CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC \
    DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP HAVING IDENTIFIED IMMEDIATE \
    IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS \
    MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON \
    ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS \
    SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID \
    UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH ";

fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&format!(" {} ", word.to_uppercase()))
}

fn reserved_bind(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| matches!(token, Token::Bind(name) if is_reserved(name)))
}

fn reserved_column(tokens: &[Token]) -> bool {
    let word = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) if is_reserved(word) => Some(word.as_str()),
        _ => None,
    };
    let alias = places(tokens, "AS").any(|at| {
        // `CAST(a AS NUMBER)` and `WITH x AS (…)` are none.
        let cast = is_cast(tokens, at);
        !cast && word(at + 1).is_some()
    });
    let qualified = places(tokens, ".").any(|at| word(at + 1).is_some_and(|word| word != "ROWID"));
    alias || qualified || column_of_table(tokens, word)
}

fn is_cast(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0;
    for before in (0..at).rev() {
        match tokens[before].text() {
            ")" => depth += 1,
            "(" if depth == 0 => return before > 0 && tokens[before - 1].text() == "CAST",
            "(" => depth -= 1,
            _ => {}
        }
    }
    false
}

/// The first word of each definition in CREATE TABLE.
fn column_of_table<'a>(tokens: &'a [Token], word: impl Fn(usize) -> Option<&'a str>) -> bool {
    if !is(tokens, 0, "CREATE") || !tokens.iter().take(4).any(|token| token.text() == "TABLE") {
        return false;
    }
    let Some(open) = places(tokens, "(").next() else { return false };
    let commas = level(tokens, open + 1).filter(|(_, token)| token.text() == ",");
    let firsts: Vec<usize> =
        std::iter::once(open + 1).chain(commas.map(|(at, _)| at + 1)).collect();
    let constraint = ["CHECK", "UNIQUE"];
    firsts.into_iter().any(|at| word(at).is_some_and(|word| !constraint.contains(&word)))
}

fn for_update_of_a_set(tokens: &[Token]) -> bool {
    let sets = ["DISTINCT", "GROUP", "UNION", "FETCH", "MINUS", "INTERSECT"];
    holds(tokens, "FOR UPDATE") && level(tokens, 0).any(|(_, token)| sets.contains(&token.text()))
}

fn rownum_with_order(tokens: &[Token]) -> bool {
    places(tokens, "ROWNUM").any(|at| {
        let mut behind = level(tokens, at).map(|(_, token)| token.text());
        behind.any(|word| word == "ORDER")
    })
}

fn merge_sets_its_key(tokens: &[Token]) -> bool {
    if !is(tokens, 0, "MERGE") {
        return false;
    }
    let name = |at: usize| if is(tokens, at + 1, ".") { at + 2 } else { at };
    let Some(on) = places(tokens, "ON").next() else { return false };
    let compared: Vec<&str> = level(tokens, on + 2).map(|(_, token)| token.text()).collect();
    let Some(set) = places(tokens, "SET").next() else { return false };
    let set_columns = level(tokens, set + 1)
        .take_while(|(_, token)| !["WHERE", "WHEN", "DELETE"].contains(&token.text()))
        .filter(|(at, _)| *at == set + 1 || is(tokens, at - 1, ","))
        .map(|(at, _)| tokens[name(at)].text());
    set_columns.into_iter().any(|column| compared.contains(&column))
}
