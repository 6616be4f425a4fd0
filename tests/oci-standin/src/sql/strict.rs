//! Refuses what PostgreSQL takes and Oracle 19c doesn't. Without this a green test would say little about Oracle.
//!
//! Each rule looks at the tokens of one statement and knows Oracle's code for it.

use super::tokens::{Kind, Token, closing};
use super::{StatementKind, kind_of};
use crate::error::OraError;

/// Words Oracle reserves (V$RESERVED_WORDS, RESERVED = 'Y').
const RESERVED: &str = "ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COLUMN_VALUE COMMENT COMPRESS \
    CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR \
    FROM GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS \
    LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT \
    NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID \
    ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER \
    UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE";

/// Reserved words that have no place at all in a query or in DML, other than as a name.
const NEVER_IN_DML: &str = "ACCESS ADD AUDIT CLUSTER COLUMN COMMENT COMPRESS FILE IDENTIFIED IMMEDIATE INCREMENT INDEX INITIAL \
    MAXEXTENTS MLSLABEL MODIFY NOAUDIT NOCOMPRESS OFFLINE ONLINE PUBLIC RENAME RESOURCE SESSION SIZE SUCCESSFUL \
    SYNONYM TRIGGER VALIDATE VIEW";

/// Functions of Oracle that the stand-in carries out, here or in `setup.sql`.
const FUNCTIONS: &str = "ABS AVG CAST CHARTOROWID CHR COALESCE COUNT CURRENT_TIMESTAMP EXTRACT FLOOR GREATEST INSTR LEAST LENGTH \
    LENGTHB LOCALTIMESTAMP LOWER LPAD LTRIM MAX MIN MOD NTILE NULLIF NVL RANK RAWTOHEX REPLACE ROUND \
    ROWIDTOCHAR ROW_NUMBER RPAD RTRIM SIGN SUBSTR SUM SYSTIMESTAMP SYS_CONTEXT SYS_EXTRACT_UTC TO_CHAR \
    TO_CLOB TO_DATE TO_NUMBER TO_TIMESTAMP TO_TIMESTAMP_TZ TRIM TRUNC UPPER";

/// Words that may stand before a parenthesis without being a function.
const BEFORE_PARENTHESIS: &str = "ALL AND ANY AS BETWEEN BY CASE CHAR ELSE EXISTS FIRST FROM HAVING IN INSERT INTERSECT INTERVAL JOIN LIKE \
    MATCHED MINUS NOT NUMBER ON OR OVER PARTITION RAW SELECT SET SOME THEN TIMESTAMP UNION USING VALUES VARCHAR2 \
    WHEN WHERE WITH";

fn is_one_of(word: &str, words: &str) -> bool {
    words.split(' ').any(|w| w == word)
}

pub fn is_reserved(word: &str) -> bool {
    is_one_of(word, RESERVED)
}

type Rule = fn(&[Token<'_>]) -> Result<(), OraError>;

const EVERYWHERE: [Rule; 3] = [characters, literals_and_names, bind_names];
const IN_DML: [Rule; 12] = [
    foreign_clauses,
    foreign_operators,
    select_needs_from,
    stars,
    table_aliases,
    reserved_words,
    functions,
    in_lists,
    one_row_of_values,
    group_by_position,
    row_locks,
    merge_keeps_its_key,
];

pub fn check(tokens: &[Token<'_>]) -> Result<(), OraError> {
    EVERYWHERE.iter().try_for_each(|rule| rule(tokens))?;
    let kind = kind_of(tokens);
    if kind == StatementKind::Select || kind.is_dml() {
        IN_DML.iter().try_for_each(|rule| rule(tokens))?;
    }
    Ok(())
}

fn refuse(code: i32, token: &Token<'_>) -> Result<(), OraError> {
    Err(OraError::of(code).at(token.at))
}

/// Each token with the one before and the one behind it.
fn in_context<'t, 's>(
    tokens: &'t [Token<'s>],
) -> impl Iterator<Item = (Option<&'t Token<'s>>, &'t Token<'s>, Option<&'t Token<'s>>)> {
    tokens.iter().enumerate().map(|(i, t)| (i.checked_sub(1).map(|i| &tokens[i]), t, tokens.get(i + 1)))
}

fn characters(tokens: &[Token<'_>]) -> Result<(), OraError> {
    const KNOWN: &str = "()+-*/,.=<>|!^@%";
    for token in tokens.iter().filter(|t| t.kind == Kind::Mark) {
        match token.text {
            "==" => return refuse(936, token),
            "::" => return refuse(911, token),
            text if !text.chars().all(|c| KNOWN.contains(c) || text == ":=") => {
                return refuse(911, token);
            }
            "%" => return refuse(911, token),
            _ => {}
        }
    }
    Ok(())
}

fn literals_and_names(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for token in tokens {
        match token.kind {
            Kind::Text if token.text.len() > 4002 => return refuse(1704, token),
            Kind::Word if token.text.len() > 128 => return refuse(972, token),
            Kind::Quoted if token.text.len() > 130 => return refuse(972, token),
            _ => {}
        }
    }
    Ok(())
}

fn bind_names(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for token in tokens.iter().filter(|t| t.kind == Kind::Bind) {
        if is_reserved(&token.text[1..].to_uppercase()) {
            return refuse(1745, token);
        }
    }
    Ok(())
}

fn foreign_clauses(tokens: &[Token<'_>]) -> Result<(), OraError> {
    let first = &tokens[0];
    for (before, token, after) in in_context(tokens) {
        if token.kind != Kind::Word || before.is_some_and(|t| t.is_mark(".")) {
            continue;
        }
        let after_is = |word: &str| after.is_some_and(|t| t.is(word));
        match token.upper().as_str() {
            "LIMIT" if after.is_some_and(|t| matches!(t.kind, Kind::Number | Kind::Bind)) => {
                return refuse(933, token);
            }
            "OFFSET"
                if after.is_some_and(|t| matches!(t.kind, Kind::Number | Kind::Bind))
                    && !tokens.iter().any(|t| t.at > token.at && t.is_any(&["ROW", "ROWS"])) =>
            {
                return refuse(933, token);
            }
            "CONFLICT" if before.is_some_and(|t| t.is("ON")) => return refuse(933, token),
            "EXCEPT" => return refuse(933, token),
            "RECURSIVE" if before.is_some_and(|t| t.is("WITH")) => return refuse(905, token),
            "RETURNING" if !tokens.iter().any(|t| t.at > token.at && t.is("INTO")) => {
                return refuse(925, token);
            }
            "USING" if first.is("DELETE") && token.depth == 0 => return refuse(933, token),
            "FROM" if first.is("UPDATE") && token.depth == 0 => return refuse(933, token),
            "OR" if first.is("INSERT") && before.is_some_and(|t| t.is("INSERT")) => {
                return refuse(925, token);
            }
            "DEFAULT" if after_is("VALUES") => return refuse(926, token),
            "DISTINCT" if after_is("ON") => return refuse(936, token),
            "FILTER" if before.is_some_and(|t| t.is_mark(")")) => return refuse(923, token),
            "LATERAL" | "ROWNUM" | "PRIOR" => {
                return Err(OraError::new(900, "invalid SQL statement: the stand-in leaves this out").at(token.at));
            }
            "LEVEL" if !before.is_some_and(|t| t.is("ISOLATION")) => return refuse(1788, token),
            _ => {}
        }
    }
    Ok(())
}

fn foreign_operators(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (i, (before, token, after)) in in_context(tokens).enumerate() {
        let operand = before.is_some_and(|t| {
            t.is_mark(")")
                || matches!(t.kind, Kind::Text | Kind::Bind | Kind::Quoted)
                || (t.is_name() && !is_reserved(&t.upper()))
        });
        let value_follows = after.is_some_and(|t| matches!(t.kind, Kind::Text | Kind::Bind));
        match token.upper().as_str() {
            "ILIKE" | "SIMILAR" | "GLOB" | "REGEXP" | "MATCH" if operand && (value_follows || token.is("SIMILAR")) => {
                return refuse(920, token);
            }
            "TRUE" | "FALSE" if token.kind == Kind::Word => return refuse(904, token),
            "IS" => {
                let next = tokens.get(i + if after.is_some_and(|t| t.is("NOT")) { 2 } else { 1 });
                if !next.is_some_and(|t| t.is("NULL") || t.is_any(&["NAN", "INFINITE", "OF", "EMPTY"])) {
                    return refuse(908, token);
                }
            }
            "ISNULL" | "NOTNULL" if token.kind == Kind::Word && operand => {
                return refuse(933, token);
            }
            "INTERVAL" if after.is_some_and(|t| t.kind == Kind::Text) => {
                const UNITS: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
                if !tokens.get(i + 2).is_some_and(|t| t.is_any(&UNITS)) {
                    return refuse(30089, token);
                }
            }
            "!" | "@" => return refuse(911, token),
            _ => {}
        }
    }
    Ok(())
}

fn select_needs_from(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.is("SELECT")) {
        let rest = &tokens[i + 1..];
        let own = rest.iter().take_while(|t| t.depth >= token.depth).filter(|t| t.depth == token.depth);
        let next = own.into_iter().find(|t| t.is_any(&["FROM", "SELECT", "UNION", "MINUS", "INTERSECT"]));
        if !next.is_some_and(|t| t.is("FROM")) {
            return refuse(923, token);
        }
    }
    Ok(())
}

/// `SELECT *, a` and `SELECT a, *`: only a qualified star may have neighbours.
fn stars(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (before, token, after) in in_context(tokens).filter(|(_, t, _)| t.is_mark("*")) {
        if before.is_some_and(|t| t.is_any(&["SELECT", "DISTINCT", "ALL"])) && after.is_some_and(|t| t.is_mark(",")) {
            return refuse(923, token);
        }
        if before.is_some_and(|t| t.is_mark(",")) && after.is_some_and(|t| t.is("FROM") || t.is_mark(",")) {
            return refuse(936, token);
        }
    }
    Ok(())
}

/// `FROM t AS x`: in Oracle only columns take AS.
fn table_aliases(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.is("AS")) {
        let mut start = i;
        // Back over the table: `owner.name`, `name`, or a parenthesis.
        if start > 0 && tokens[start - 1].is_mark(")") {
            let depth = tokens[start - 1].depth;
            start = (0..start - 1).rev().find(|j| tokens[*j].depth == depth && tokens[*j].is_mark("(")).unwrap_or(0);
        } else {
            start = start.saturating_sub(1);
            while start >= 2 && tokens[start - 1].is_mark(".") {
                start -= 2;
            }
        }
        let before = start.checked_sub(1).map(|j| &tokens[j]);
        let in_from = before.is_some_and(|t| t.is_any(&["FROM", "JOIN", "UPDATE", "INTO"]) && t.depth == token.depth);
        // EXTRACT(x FROM d) and TRIM(x FROM d) have a FROM that is none, but no AS behind it.
        let in_list = before.is_some_and(|t| t.is_mark(",")) && clause_of(tokens, start).is_some_and(|t| t.is("FROM"));
        if in_from || in_list || (before.is_some_and(|t| t.is("USING")) && tokens[0].is("MERGE")) {
            return refuse(933, token);
        }
    }
    Ok(())
}

/// The word that opens the clause which the token at `i` stands in.
fn clause_of<'t, 's>(tokens: &'t [Token<'s>], i: usize) -> Option<&'t Token<'s>> {
    const CLAUSES: [&str; 12] =
        ["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "ON", "SET", "VALUES", "INTO", "USING", "WITH"];
    let depth = tokens[i].depth;
    tokens[..i].iter().rev().take_while(|t| t.depth >= depth).filter(|t| t.depth == depth).find(|t| t.is_any(&CLAUSES))
}

/// A function that Oracle doesn't have, or that the stand-in doesn't, is an invalid identifier.
fn functions(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (before, token, after) in in_context(tokens) {
        let called = token.kind == Kind::Word && after.is_some_and(|t| t.is_mark("("));
        // Behind these comes a table with its columns.
        let table = before.is_some_and(|t| t.is_any(&["INTO", "WITH", "FROM", "JOIN", "UPDATE", "TABLE"]));
        if !called || table || before.is_some_and(|t| t.is_mark(",")) && clause_with(tokens, token) {
            continue;
        }
        let word = token.upper();
        let known = is_one_of(&word, FUNCTIONS) || is_one_of(&word, BEFORE_PARENTHESIS);
        let packaged = before.is_some_and(|t| t.is_mark("."));
        if (!known || packaged) && !is_insert_target(tokens, token) {
            return Err(OraError::new(904, &format!("\"{word}\": invalid identifier")).at(token.at));
        }
    }
    Ok(())
}

/// `WITH a AS (…), b (x) AS (…)`.
fn clause_with(tokens: &[Token<'_>], token: &Token<'_>) -> bool {
    let i = tokens.iter().position(|t| t.at == token.at).unwrap_or(0);
    clause_of(tokens, i).is_some_and(|t| t.is("WITH"))
}

/// `INSERT INTO owner.table (…)`.
fn is_insert_target(tokens: &[Token<'_>], token: &Token<'_>) -> bool {
    let i = tokens.iter().position(|t| t.at == token.at).unwrap_or(0);
    i >= 3 && tokens[i - 3].is("INTO")
}

fn reserved_words(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (before, token, after) in in_context(tokens).filter(|(_, t, _)| t.kind == Kind::Word) {
        let word = token.upper();
        if !is_reserved(&word) {
            continue;
        }
        if before.is_some_and(|t| t.is_mark(".")) && !matches!(word.as_str(), "ROWID") {
            return refuse(1747, token);
        }
        let is_type = word == "DATE" && before.is_some_and(|t| t.is("AS")) && after.is_some_and(|t| t.is_mark(")"));
        if word == "DATE" && !is_type && !after.is_some_and(|t| t.kind == Kind::Text) {
            return refuse(936, token);
        }
        if before.is_some_and(|t| t.is("AS"))
            && !is_type
            && !after.is_some_and(|t| t.is_mark("("))
            && in_select(tokens, token)
        {
            return refuse(923, token);
        }
        if is_one_of(&word, NEVER_IN_DML) {
            return refuse(936, token);
        }
    }
    Ok(())
}

/// Whether a word behind AS is a column alias and not the type of a CAST.
fn in_select(tokens: &[Token<'_>], token: &Token<'_>) -> bool {
    let i = tokens.iter().position(|t| t.at == token.at).unwrap_or(0);
    let open = tokens[..i].iter().rposition(|t| t.depth + 1 == token.depth && t.is_mark("("));
    !open.is_some_and(|open| open > 0 && tokens[open - 1].is("CAST"))
}

fn in_lists(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.is("IN")) {
        if !tokens.get(i + 1).is_some_and(|t| t.is_mark("(")) {
            continue;
        }
        let inside = &tokens[i + 2..closing(tokens, i + 1)];
        if inside.is_empty() {
            return refuse(936, token);
        }
        if inside.iter().filter(|t| t.depth == token.depth + 1 && t.is_mark(",")).count() >= 1000 {
            return refuse(1795, token);
        }
    }
    Ok(())
}

fn one_row_of_values(tokens: &[Token<'_>]) -> Result<(), OraError> {
    let Some(values) = tokens.iter().position(|t| t.depth == 0 && t.is("VALUES")) else {
        return Ok(());
    };
    if !tokens[0].is("INSERT") {
        return Ok(());
    }
    let close = if tokens.get(values + 1).is_some_and(|t| t.is_mark("(")) {
        closing(tokens, values + 1)
    } else {
        return Ok(());
    };
    match tokens.get(close + 1) {
        Some(token) if !token.is("RETURNING") => refuse(933, token),
        _ => Ok(()),
    }
}

/// `GROUP BY 1` groups by a constant in Oracle.
fn group_by_position(tokens: &[Token<'_>]) -> Result<(), OraError> {
    for (i, token) in tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Number) {
        if i >= 2 && tokens[i - 1].is("BY") && tokens[i - 2].is("GROUP") {
            return refuse(979, token);
        }
    }
    Ok(())
}

fn row_locks(tokens: &[Token<'_>]) -> Result<(), OraError> {
    let locks = tokens.windows(2).any(|w| w[0].depth == 0 && w[0].is("FOR") && w[1].is("UPDATE"));
    if !locks {
        return Ok(());
    }
    let blocks =
        |w: &&Token<'_>| w.depth == 0 && w.is_any(&["DISTINCT", "GROUP", "FETCH", "UNION", "MINUS", "INTERSECT"]);
    match tokens.iter().find(blocks) {
        Some(token) => refuse(2014, token),
        None => Ok(()),
    }
}

/// A MERGE can't update a column that its ON clause compares.
fn merge_keeps_its_key(tokens: &[Token<'_>]) -> Result<(), OraError> {
    if !tokens[0].is("MERGE") {
        return Ok(());
    }
    let Some(on) = tokens.iter().position(|t| t.depth == 0 && t.is("ON")) else { return Ok(()) };
    let target = tokens.iter().position(|t| t.is("USING")).map(|using| tokens[using - 1].upper()).unwrap_or_default();
    let condition = &tokens[on + 1..closing(tokens, on + 1).min(tokens.len())];
    let keys: Vec<String> =
        condition.windows(3).filter(|w| w[0].upper() == target && w[1].is_mark(".")).map(|w| w[2].upper()).collect();
    let mut in_set = false;
    for (i, token) in tokens.iter().enumerate().skip(on).filter(|(_, t)| t.depth == 0) {
        in_set = (in_set || token.is("SET")) && !token.is_any(&["WHEN", "WHERE"]);
        if in_set && tokens.get(i + 1).is_some_and(|t| t.is_mark("=")) && keys.contains(&token.upper()) {
            return refuse(38104, token);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
