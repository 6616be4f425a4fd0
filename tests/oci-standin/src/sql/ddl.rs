//! DDL, privileges and ALTER SESSION.

use super::dialect::{Output, name, rewrite};
use super::tokens::{Kind, Token, closing};
use super::transaction::{READ_COMMITTED, SERIALIZABLE};
use super::{Action, Statement, StatementKind, kind_of, strict};
use crate::error::OraError;

/// A data type as PostgreSQL is to know it.
#[derive(Debug, PartialEq, Eq)]
pub struct DataType {
    pub sql: String,
    /// Limit in bytes that PostgreSQL's type doesn't hold by itself.
    pub bytes_max: Option<u32>,
    /// NUMBERs become integers when they are identity columns.
    is_number: bool,
}

/// What gives each row its ROWID.
const ROWID: &str = "\"oci$rowid\" tid DEFAULT oracle.new_rowid() UNIQUE";

/// Statements handled here that don't start with CREATE, ALTER or DROP.
pub fn starts_with(first: &Token<'_>) -> bool {
    first.is_any(&["GRANT", "REVOKE", "TRUNCATE", "COMMENT"])
}

pub fn translate(tokens: &[Token<'_>], strict: bool) -> Result<Statement, OraError> {
    let kind = kind_of(tokens);
    if let Some(bind) = tokens.iter().find(|t| t.kind == Kind::Bind) {
        return Err(OraError::of(1027).at(bind.at));
    }
    let words: Vec<String> = tokens.iter().take(4).map(Token::upper).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = Output::new();
    match words.as_slice() {
        ["ALTER", "SESSION", ..] => return alter_session(tokens),
        ["CREATE", "TABLE", ..] => create_table(tokens, strict, &mut out)?,
        ["CREATE", "INDEX", ..] | ["CREATE", "UNIQUE", "INDEX", ..] => create_index(tokens, &mut out)?,
        ["CREATE", "SEQUENCE", ..] => sequence(tokens, &mut out),
        ["CREATE", "SYNONYM", ..] | ["CREATE", "OR", "REPLACE", "SYNONYM"] => synonym(tokens, &mut out)?,
        ["CREATE", "VIEW", ..] | ["CREATE", "OR", "REPLACE", "VIEW"] => rewrite(tokens, kind, &mut out)?,
        ["CREATE", ..] => return Err(OraError::of(901).at(tokens[0].at)),
        ["ALTER", "TABLE", ..] => alter_table(tokens, strict, &mut out)?,
        ["DROP", "TABLE", ..] => drop_table(tokens, &mut out)?,
        ["DROP", "INDEX" | "SEQUENCE" | "VIEW", _] | ["COMMENT", ..] => rewrite(tokens, kind, &mut out)?,
        ["TRUNCATE", "TABLE", ..] => rewrite(&tokens[..words.len().min(3)], kind, &mut out)?,
        ["GRANT" | "REVOKE", ..] => grant(tokens, &mut out)?,
        _ => {
            return Err(OraError::of(if kind == StatementKind::Other { 900 } else { 922 }).at(tokens[0].at));
        }
    }
    Ok(out.into_statement(kind, Action::Ddl))
}

/// Reads a data type; answers it and how many tokens it took.
pub fn data_type(tokens: &[Token<'_>]) -> Result<(DataType, usize), OraError> {
    let Some(first) = tokens.first() else { return Err(OraError::of(902)) };
    let wrong = |code| OraError::of(code).at(first.at);
    let mut used = 1;
    let mut arguments: &[Token<'_>] = &[];
    if tokens.get(1).is_some_and(|t| t.is_mark("(")) {
        let close = closing(tokens, 1);
        arguments = &tokens[2..close];
        used = close + 1;
    }
    let number = |i: usize| -> Option<i64> {
        let sign = if arguments.get(i).is_some_and(|t| t.is_mark("-")) { -1 } else { 1 };
        arguments.get(if sign < 0 { i + 1 } else { i })?.text.parse::<i64>().ok().map(|n| sign * n)
    };
    let plain = |sql: &str| DataType { sql: sql.into(), bytes_max: None, is_number: false };
    let sized = |base: &str, most: i64| -> Result<DataType, OraError> {
        let length = number(0).ok_or_else(|| wrong(906))?;
        if !(1..=most).contains(&length) {
            return Err(wrong(910));
        }
        let in_chars = arguments.get(1).is_some_and(|t| t.is("CHAR"));
        let bytes_max = if in_chars { None } else { u32::try_from(length).ok() };
        let sql = if base == "bytea" { base.to_owned() } else { format!("{base}({length})") };
        Ok(DataType { sql, bytes_max, is_number: false })
    };
    let found = match first.upper().as_str() {
        "VARCHAR2" | "NVARCHAR2" | "VARCHAR" => sized("varchar", 4000)?,
        "CHAR" | "NCHAR" if arguments.is_empty() => plain("char(1)"),
        "CHAR" | "NCHAR" => sized("char", 2000)?,
        "RAW" => sized("bytea", 2000)?,
        "NUMBER" | "NUMERIC" | "DECIMAL" | "DEC" => {
            let star = arguments.first().is_some_and(|t| t.is_mark("*"));
            let precision = if star { Some(38) } else { number(0) };
            let scale = if arguments.len() > 2 { number(2).unwrap_or(0) } else { 0 };
            if precision.is_some_and(|p| !(1..=38).contains(&p)) {
                return Err(wrong(1727));
            }
            let sql = precision.map_or("numeric".to_owned(), |p| format!("numeric({p},{scale})"));
            DataType { sql, bytes_max: None, is_number: true }
        }
        "INTEGER" | "INT" | "SMALLINT" => DataType { sql: "numeric(38,0)".into(), bytes_max: None, is_number: true },
        "FLOAT" => DataType { sql: "numeric".into(), bytes_max: None, is_number: true },
        "BINARY_DOUBLE" => plain("double precision"),
        "DATE" => plain("oracle.date"),
        "TIMESTAMP" => {
            let digits = number(0).unwrap_or(6).clamp(0, 6);
            let zone = tokens.get(used).is_some_and(|t| t.is("WITH"));
            if zone {
                let local = usize::from(tokens.get(used + 1).is_some_and(|t| t.is("LOCAL")));
                used += 3 + local;
            }
            plain(&format!("timestamp({digits}){}", if zone { " with time zone" } else { "" }))
        }
        "CLOB" | "NCLOB" => plain("oracle.clob"),
        "BLOB" => plain("oracle.blob"),
        _ => return Err(wrong(902)),
    };
    Ok((found, used))
}

fn create_table(tokens: &[Token<'_>], strict: bool, out: &mut Output) -> Result<(), OraError> {
    let open = tokens.iter().position(|t| t.is_mark("(") || t.is("AS")).ok_or_else(|| OraError::of(906))?;
    if tokens[2].is("IF") {
        return Err(OraError::of(922).at(tokens[2].at));
    }
    if tokens[open].is("AS") {
        rewrite(tokens, StatementKind::Create, out)?;
        out.push("; ALTER TABLE", tokens[open].at);
        rewrite(&tokens[2..open], StatementKind::Create, out)?;
        out.push(&format!("ADD COLUMN IF NOT EXISTS {ROWID}"), tokens[open].at);
        return Ok(());
    }
    let close = closing(tokens, open);
    if close == tokens.len() {
        return Err(OraError::of(907).at(tokens[open].at));
    }
    rewrite(&tokens[..open], StatementKind::Create, out)?;
    out.push("(", tokens[open].at);
    let mut checks = Vec::new();
    for (i, item) in items(&tokens[open + 1..close]).into_iter().enumerate() {
        if i > 0 {
            out.push(",", item.first().map_or(0, |t| t.at));
        }
        table_item(item, strict, out, &mut checks)?;
    }
    for check in checks {
        out.push(&format!(", {check}"), tokens[close].at);
    }
    out.push(&format!(", {ROWID}"), tokens[close].at);
    out.push(")", tokens[close].at);
    // What follows is storage: TABLESPACE, SEGMENT CREATION, COMPRESS and so on.
    Ok(())
}

fn items<'t, 's>(tokens: &'t [Token<'s>]) -> Vec<&'t [Token<'s>]> {
    let depth = tokens.first().map_or(0, |t| t.depth);
    tokens.split(|t| t.depth == depth && t.is_mark(",")).collect()
}

fn is_table_constraint(item: &[Token<'_>]) -> bool {
    item.first().is_some_and(|t| t.is_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]))
}

/// A column or a table constraint. Byte lengths are added to `checks`.
fn table_item(item: &[Token<'_>], strict: bool, out: &mut Output, checks: &mut Vec<String>) -> Result<(), OraError> {
    let Some(first) = item.first() else { return Err(OraError::of(904)) };
    if is_table_constraint(item) {
        return constraint(item, out);
    }
    if strict && first.kind == Kind::Word && strict::is_reserved(&first.upper()) {
        return Err(OraError::of(904).at(first.at));
    }
    let (data_type, used) = data_type(&item[1..])?;
    let rest = &item[1 + used..];
    let depth = first.depth;
    let find = |word: &str| rest.iter().position(|t| t.depth == depth && t.is(word));
    if strict && find("DEFAULT").is_some_and(|d| find("NOT").is_some_and(|n| n < d && !rest[d - 1].is("BY"))) {
        // Oracle wants the default before the constraints.
        return Err(OraError::of(907).at(rest[0].at));
    }
    if let Some(word) = rest.iter().find(|t| t.is_any(&["AUTOINCREMENT", "AUTO_INCREMENT", "COLLATE"])) {
        return Err(OraError::of(907).at(word.at));
    }
    out.push(&name(first), first.at);
    let computed = find("AS").filter(|at| rest.get(at + 1).is_some_and(|t| t.is_mark("(")));
    if rest.first().is_some_and(|t| t.is("GENERATED")) && computed.is_none() && data_type.is_number {
        out.push("bigint", first.at);
    } else {
        out.push(&data_type.sql, first.at);
    }
    if let Some(bytes) = data_type.bytes_max {
        let column = name(first);
        checks.push(format!(
            "CONSTRAINT \"oralen${bytes}${}\" CHECK (octet_length({column}) <= {bytes})",
            column.trim_matches('"')
        ));
    }
    if rest.iter().any(|t| t.depth == depth && t.is("INVISIBLE")) {
        let column = name(first);
        let bare = column.trim_matches('"');
        checks.push(format!("CONSTRAINT \"orahid${bare}\" CHECK ({column} IS NULL OR {column} IS NOT NULL)"));
    }
    let Some(computed) = computed else { return constraint(rest, out) };
    out.push("GENERATED ALWAYS AS", first.at);
    rewrite(&rest[computed + 1..=closing(rest, computed + 1)], StatementKind::Create, out)?;
    out.push("STORED", first.at);
    Ok(())
}

/// Constraint clauses, less what only Oracle's storage needs.
fn constraint(tokens: &[Token<'_>], out: &mut Output) -> Result<(), OraError> {
    let mut kept = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        if token.is("USING") {
            let behind = tokens[i..].iter().position(|t| t.is_any(&["ENABLE", "NOT", "CHECK"]));
            i = behind.map_or(tokens.len(), |n| i + n);
        } else if token.is("ON") && tokens.get(i + 1).is_some_and(|t| t.is("NULL")) {
            i += 2;
        } else {
            if !token.is_any(&[
                "ENABLE",
                "DISABLE",
                "VALIDATE",
                "NOVALIDATE",
                "NOCACHE",
                "NOORDER",
                "ORDER",
                "INVISIBLE",
            ]) {
                kept.push(*token);
            }
            i += 1;
        }
    }
    rewrite(&kept, StatementKind::Create, out)
}

fn create_index(tokens: &[Token<'_>], out: &mut Output) -> Result<(), OraError> {
    let on = tokens.iter().position(|t| t.is("ON")).ok_or_else(|| OraError::of(969).at(tokens[0].at))?;
    let open = (on..tokens.len()).find(|i| tokens[*i].is_mark("(")).ok_or_else(|| OraError::of(906))?;
    let close = closing(tokens, open);
    let kind = tokens.iter().position(|t| t.is("INDEX")).unwrap_or(0);
    rewrite(&tokens[..=kind], StatementKind::Create, out)?;
    // The schema of an index is that of its table there.
    out.push(&name(&tokens[on - 1]), tokens[on - 1].at);
    rewrite(&tokens[on..=open], StatementKind::Create, out)?;
    for (i, item) in items(&tokens[open + 1..close]).into_iter().enumerate() {
        if i > 0 {
            out.push(",", item[0].at);
        }
        let descends = item.last().is_some_and(|t| t.is_any(&["DESC", "ASC"]));
        let expression = if descends { &item[..item.len() - 1] } else { item };
        out.push("(", item[0].at);
        rewrite(expression, StatementKind::Create, out)?;
        out.push(if descends && item[item.len() - 1].is("DESC") { ") DESC" } else { ")" }, item[0].at);
    }
    out.push(")", tokens[close.min(tokens.len() - 1)].at);
    Ok(())
}

/// `CREATE SYNONYM s FOR owner.t`: a view that looks like its table.
fn synonym(tokens: &[Token<'_>], out: &mut Output) -> Result<(), OraError> {
    let [.., synonym, keyword, owner, dot, table] = tokens else { return Err(OraError::of(905).at(tokens[0].at)) };
    if !keyword.is("FOR") || !dot.is_mark(".") {
        return Err(OraError::of(905).at(keyword.at));
    }
    let view = name(synonym);
    let (owner_name, table_name) = (name(owner), name(table));
    out.push(&format!("CREATE OR REPLACE VIEW {view} AS SELECT * FROM {owner_name} . {table_name}"), synonym.at);
    out.push(&format!("; COMMENT ON VIEW {view} IS 'synonym.{}.{}'", owner.name(), table.name()), owner.at);
    Ok(())
}

fn sequence(tokens: &[Token<'_>], out: &mut Output) {
    for (i, token) in tokens.iter().enumerate() {
        let single = token.is("CACHE") && tokens.get(i + 1).is_some_and(|t| t.text == "0");
        if !single && !token.is_any(&["NOCACHE", "ORDER", "NOORDER", "NOCYCLE", "NOMAXVALUE", "NOMINVALUE"]) {
            out.push(&name(token), token.at);
        }
    }
}

fn drop_table(tokens: &[Token<'_>], out: &mut Output) -> Result<(), OraError> {
    if tokens.len() > 3 && tokens[2].is("IF") {
        return Err(OraError::of(933).at(tokens[2].at));
    }
    for token in tokens.iter().filter(|t| !t.is_any(&["PURGE", "CONSTRAINTS"])) {
        out.push(&name(token), token.at);
    }
    Ok(())
}

fn alter_table(tokens: &[Token<'_>], strict: bool, out: &mut Output) -> Result<(), OraError> {
    let verb = tokens.iter().position(|t| t.is_any(&["ADD", "DROP", "MODIFY", "RENAME"]));
    let Some(verb) = verb else { return Err(OraError::of(1735).at(tokens[0].at)) };
    if !tokens[verb].is("ADD") {
        if tokens[verb].is("MODIFY") {
            return Err(OraError::new(922, "missing or invalid option: the stand-in has no MODIFY").at(tokens[verb].at));
        }
        return rewrite(tokens, StatementKind::Alter, out);
    }
    rewrite(&tokens[..verb], StatementKind::Alter, out)?;
    let body = &tokens[verb + 1..];
    let (body, parts) = match body.first() {
        Some(t) if t.is_mark("(") => (body, items(&body[1..closing(body, 0)])),
        _ => (body, vec![body]),
    };
    if body.first().is_some_and(|t| t.is("COLUMN")) {
        return Err(OraError::of(904).at(body[0].at));
    }
    let mut checks = Vec::new();
    for (i, item) in parts.into_iter().enumerate() {
        out.push(if i > 0 { ", ADD" } else { "ADD" }, tokens[verb].at);
        table_item(item, strict, out, &mut checks)?;
    }
    for check in checks {
        out.push(&format!(", ADD {check}"), tokens[verb].at);
    }
    Ok(())
}

/// Object privileges. The grantee also gets into the schema, which Oracle does not ask for.
fn grant(tokens: &[Token<'_>], out: &mut Output) -> Result<(), OraError> {
    let on = tokens.iter().position(|t| t.is("ON"));
    let Some(on) = on else { return Err(OraError::of(1031).at(tokens[0].at)) };
    if let [owner, dot, ..] = &tokens[on + 1..]
        && dot.is_mark(".")
        && tokens[0].is("GRANT")
        && let Some(to) = tokens.iter().position(|t| t.is("TO"))
    {
        out.push(&format!("GRANT USAGE ON SCHEMA {} TO", name(owner)), owner.at);
        rewrite(&tokens[to + 1..=to + 1], StatementKind::Other, out)?;
        out.push(";", owner.at);
    }
    for token in tokens {
        out.push(&if token.is("READ") { "SELECT".to_owned() } else { name(token) }, token.at);
    }
    Ok(())
}

/// `ALTER SESSION SET a = b [c = d …]`.
fn alter_session(tokens: &[Token<'_>]) -> Result<Statement, OraError> {
    let wrong = || OraError::of(2248).at(tokens[0].at);
    let settings = tokens.get(3..).filter(|rest| tokens[2].is("SET") && !rest.is_empty()).ok_or_else(wrong)?;
    let mut actions = settings.chunks(3).map(|setting| {
        let [what, equals, value] = setting else { return Err(wrong()) };
        if !equals.is_mark("=") {
            return Err(wrong());
        }
        match what.upper().as_str() {
            "CURRENT_SCHEMA" => Ok(Action::SetSchema(value.name())),
            "ISOLATION_LEVEL" if value.is("SERIALIZABLE") => Ok(Action::SetSession(SERIALIZABLE)),
            "ISOLATION_LEVEL" => Ok(Action::SetSession(READ_COMMITTED)),
            "TIME_ZONE" => Ok(Action::SetZone(value.text.trim_matches('\'').to_owned())),
            "DDL_LOCK_TIMEOUT" => Ok(Action::Nothing),
            what if what.starts_with("NLS_") => Ok(Action::Nothing),
            _ => Err(wrong()),
        }
    });
    let mut chosen = Action::Nothing;
    actions.try_for_each(|action| {
        match (&chosen, action?) {
            (_, Action::Nothing) => {}
            (Action::Nothing, action) => chosen = action,
            // One of a statement has an effect here; more would be lost without a word.
            _ => return Err(wrong()),
        }
        Ok(())
    })?;
    Ok(Output::new().into_statement(StatementKind::Alter, chosen))
}

#[cfg(test)]
mod tests;
