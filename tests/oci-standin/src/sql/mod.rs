//! Oracle's SQL in, PostgreSQL's out. Pure: nothing here talks to a server.

pub mod ddl;
pub mod dialect;
pub mod strict;
pub mod tokens;
pub mod transaction;

use crate::error::OraError;

/// What a statement is, as far as anything depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    Create,
    Drop,
    Alter,
    Begin,
    Commit,
    Rollback,
    Other,
}

impl StatementKind {
    /// OCI's number for it.
    pub fn oci(self) -> u16 {
        match self {
            StatementKind::Select => 1,
            StatementKind::Update => 2,
            StatementKind::Delete => 3,
            StatementKind::Insert => 4,
            StatementKind::Create => 5,
            StatementKind::Drop => 6,
            StatementKind::Alter => 7,
            StatementKind::Begin => 8,
            StatementKind::Merge => 16,
            StatementKind::Rollback => 17,
            StatementKind::Commit => 21,
            StatementKind::Other => 0,
        }
    }

    pub fn is_dml(self) -> bool {
        matches!(self, StatementKind::Insert | StatementKind::Update | StatementKind::Delete | StatementKind::Merge)
    }
}

/// How a statement is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A query or DML, with parameters.
    Run,
    /// Commits, then runs as one or more statements without parameters.
    Ddl,
    Commit,
    Rollback,
    /// `SET TRANSACTION …`: the BEGIN that the transaction starts with.
    SetTransaction(&'static str),
    /// `ALTER SESSION SET ISOLATION_LEVEL`: the BEGIN of all transactions to come.
    SetSession(&'static str),
    SetSchema(String),
    SetZone(String),
    /// Accepted without effect, as an NLS setting is.
    Nothing,
}

/// A statement ready for PostgreSQL.
#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub action: Action,
    pub sql: String,
    /// Bind names in upper case, one for each occurrence. `$n` is the nth occurrence.
    pub binds: Vec<String>,
    pub for_update: bool,
    /// Items of the select list before its first `*` and behind its last, if there is one.
    pub stars: Option<(usize, usize)>,
    /// `WAIT n` in milliseconds.
    pub wait_ms: Option<u64>,
    /// Where pieces of `sql` came from: (character there, byte in the original).
    pub origins: Vec<(usize, usize)>,
}

impl Statement {
    /// The byte of the original statement that a 1-based character of `sql` came from.
    pub fn origin(&self, position: usize) -> usize {
        let at = position.saturating_sub(1);
        let next = self.origins.partition_point(|(there, _)| *there <= at);
        next.checked_sub(1).map_or(0, |i| self.origins[i].1)
    }
}

/// Translates one statement as the client sent it.
pub fn translate(source: &str, strict: bool) -> Result<Statement, OraError> {
    let tokens = tokens::scan(source)?;
    if strict {
        strict::check(&tokens)?;
    }
    match tokens.first() {
        None => Err(OraError::of(900)),
        Some(first) => match kind_of(&tokens) {
            StatementKind::Create | StatementKind::Drop | StatementKind::Alter => ddl::translate(&tokens, strict),
            StatementKind::Other if ddl::starts_with(first) => ddl::translate(&tokens, strict),
            _ => dialect::translate(&tokens),
        },
    }
}

pub fn kind_of(tokens: &[tokens::Token<'_>]) -> StatementKind {
    let Some(first) = tokens.iter().find(|t| t.text != "(") else { return StatementKind::Other };
    match first.upper().as_str() {
        "SELECT" | "WITH" => StatementKind::Select,
        "INSERT" => StatementKind::Insert,
        "UPDATE" => StatementKind::Update,
        "DELETE" => StatementKind::Delete,
        "MERGE" => StatementKind::Merge,
        "CREATE" => StatementKind::Create,
        "DROP" => StatementKind::Drop,
        "ALTER" => StatementKind::Alter,
        "BEGIN" | "DECLARE" => StatementKind::Begin,
        "COMMIT" => StatementKind::Commit,
        "ROLLBACK" => StatementKind::Rollback,
        _ => StatementKind::Other,
    }
}
