//! What a transaction may do, and which rows it locks: SET TRANSACTION, and the end of a SELECT … FOR UPDATE.

use super::dialect::{Output, name};
use super::tokens::Token;
use super::{Action, Statement, StatementKind};
use crate::error::OraError;

pub(super) struct Lock {
    pub(super) sql: Vec<String>,
    pub(super) at: usize,
    pub(super) wait_ms: Option<u64>,
}

/// Cuts `FOR UPDATE [OF …] [NOWAIT | WAIT n | SKIP LOCKED]` off the end.
pub(super) fn split_lock<'t, 's>(tokens: &'t [Token<'s>]) -> Result<(&'t [Token<'s>], Option<Lock>), OraError> {
    let start = (0..tokens.len().saturating_sub(1))
        .rev()
        .find(|i| tokens[*i].depth == 0 && tokens[*i].is("FOR") && tokens[*i + 1].is("UPDATE"));
    let Some(start) = start else { return Ok((tokens, None)) };
    let mut lock = Lock { sql: vec!["FOR UPDATE".into()], at: tokens[start].at, wait_ms: None };
    let mut tail = &tokens[start + 2..];
    if tail.first().is_some_and(|t| t.is("OF")) {
        let end = tail.iter().position(|t| t.is_any(&["NOWAIT", "WAIT", "SKIP"])).unwrap_or(tail.len());
        let mut tables: Vec<String> = Vec::new();
        for column in tail[1..end].split(|t| t.is_mark(",")) {
            // An unqualified column doesn't tell its table here; then the rows of all tables are locked.
            match column {
                [table, dot, _] if dot.is_mark(".") && !tables.contains(&name(table)) => tables.push(name(table)),
                _ => {}
            }
        }
        if !tables.is_empty() {
            lock.sql.push(format!("OF {}", tables.join(", ")));
        }
        tail = &tail[end..];
    }
    match tail {
        [] => {}
        [t] if t.is("NOWAIT") => lock.sql.push("NOWAIT".into()),
        [a, b] if a.is("SKIP") && b.is("LOCKED") => lock.sql.push("SKIP LOCKED".into()),
        [t, seconds] if t.is("WAIT") && seconds.text == "0" => lock.sql.push("NOWAIT".into()),
        [t, seconds] if t.is("WAIT") => {
            let seconds: u64 = seconds.text.parse().map_err(|_| OraError::of(30005).at(seconds.at))?;
            lock.wait_ms = Some(seconds * 1000);
        }
        [t, ..] => return Err(OraError::of(933).at(t.at)),
    }
    Ok((&tokens[..start], Some(lock)))
}

pub const READ_COMMITTED: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Oracle's SERIALIZABLE is snapshot isolation, which PostgreSQL calls REPEATABLE READ.
pub const SERIALIZABLE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ";
pub const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

pub(super) fn set_transaction(tokens: &[Token<'_>]) -> Result<Statement, OraError> {
    let words: Vec<String> = tokens.iter().map(Token::upper).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let begin = match words.as_slice() {
        ["SET", "TRANSACTION", "ISOLATION", "LEVEL", "SERIALIZABLE"] => SERIALIZABLE,
        ["SET", "TRANSACTION", "ISOLATION", "LEVEL", "READ", "COMMITTED"] => READ_COMMITTED,
        ["SET", "TRANSACTION", "READ", "WRITE"] => READ_COMMITTED,
        ["SET", "TRANSACTION", "READ", "ONLY"] => READ_ONLY,
        ["SET", "TRANSACTION", ..] => return Err(OraError::of(900).at(tokens[0].at)),
        _ => return Err(OraError::of(922).at(tokens[0].at)),
    };
    Ok(Output::new().into_statement(StatementKind::Other, Action::SetTransaction(begin)))
}
