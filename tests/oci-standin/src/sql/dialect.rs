//! Queries and DML: rewrites token by token what PostgreSQL says differently.
//!
//! The rest is left to `setup.sql`, whose functions, operators and types stand before PostgreSQL's own.

use super::tokens::{Kind, Token, closing};
use super::transaction::{set_transaction, split_lock};
use super::{Action, Statement, StatementKind, ddl, kind_of};
use crate::error::OraError;

/// The column that holds a row's ROWID. PostgreSQL's own `ctid` changes with every UPDATE of the row.
pub const ROWID_COLUMN: &str = "oci$rowid";

/// Collects the new text, and where its pieces came from.
pub struct Output {
    pub sql: String,
    chars: usize,
    origins: Vec<(usize, usize)>,
    pub binds: Vec<String>,
}

impl Output {
    pub fn new() -> Output {
        Output { sql: String::new(), chars: 0, origins: Vec::new(), binds: Vec::new() }
    }

    /// Adds text that stands for the source at byte `at`.
    pub fn push(&mut self, text: &str, at: usize) {
        if !self.sql.is_empty() {
            self.sql.push(' ');
            self.chars += 1;
        }
        self.origins.push((self.chars, at));
        self.sql.push_str(text);
        self.chars += text.chars().count();
    }

    pub fn into_statement(self, kind: StatementKind, action: Action) -> Statement {
        Statement {
            kind,
            action,
            sql: self.sql,
            binds: self.binds,
            for_update: false,
            stars: None,
            wait_ms: None,
            origins: self.origins,
        }
    }
}

pub fn translate(tokens: &[Token<'_>]) -> Result<Statement, OraError> {
    let kind = kind_of(tokens);
    match kind {
        StatementKind::Commit => return Ok(Output::new().into_statement(kind, Action::Commit)),
        StatementKind::Rollback => return Ok(Output::new().into_statement(kind, Action::Rollback)),
        StatementKind::Begin => {
            return Err(OraError::new(900, "invalid SQL statement: the stand-in has no PL/SQL"));
        }
        StatementKind::Other if tokens[0].is("SET") => return set_transaction(tokens),
        StatementKind::Other if !tokens[0].is("LOCK") => return Err(OraError::of(900)),
        _ => {}
    }
    let mut out = Output::new();
    let (body, lock) = split_lock(tokens)?;
    rewrite(body, kind, &mut out)?;
    let mut statement_lock = None;
    if let Some(lock) = lock {
        for part in &lock.sql {
            out.push(part, lock.at);
        }
        if lock.wait_ms.is_some() && by_rowid_list(body) {
            return Err(OraError::of(30006));
        }
        statement_lock = Some(lock.wait_ms);
    }
    let mut statement = out.into_statement(kind, Action::Run);
    statement.for_update = statement_lock.is_some();
    statement.stars = stars(body);
    statement.wait_ms = statement_lock.flatten();
    Ok(statement)
}

/// `rowid IN (…)`, which Oracle doesn't let wait for its locks.
fn by_rowid_list(tokens: &[Token<'_>]) -> bool {
    tokens.windows(2).any(|pair| pair[0].is("ROWID") && pair[1].is("IN"))
}

/// How many items of the select list stand before its first `*`, and how many behind its last.
fn stars(tokens: &[Token<'_>]) -> Option<(usize, usize)> {
    let outer = |word: &str| tokens.iter().position(|t| t.depth == 0 && t.is(word));
    let list = tokens.get(outer("SELECT")? + 1..outer("FROM")?)?;
    let items: Vec<&[Token<'_>]> = list.split(|t| t.depth == 0 && t.is_mark(",")).collect();
    let starred = |item: &&[Token<'_>]| matches!(item, [.., last] if last.is_mark("*"));
    let first = items.iter().position(starred)?;
    let behind = items.iter().rev().position(starred)?;
    Some((first, behind))
}

/// Rewrites the tokens of a statement, or of an expression in one.
pub fn rewrite(tokens: &[Token<'_>], kind: StatementKind, out: &mut Output) -> Result<(), OraError> {
    let mut aliases = Vec::new();
    let mut inline_views = 0;
    let targets = set_targets(tokens, kind);
    let mut i = 0;
    while i < tokens.len() {
        let token = &tokens[i];
        let before = i.checked_sub(1).map(|i| &tokens[i]);
        let after = tokens.get(i + 1);
        let opens = after.is_some_and(|t| t.is_mark("("));
        let qualified = before.is_some_and(|t| t.is_mark("."));
        if targets.contains(&i) {
            // SET t.column = …: PostgreSQL wants the bare column.
            i += 2;
            continue;
        }
        match token.kind {
            Kind::Bind => {
                out.binds.push(token.text[1..].to_uppercase());
                out.push(&format!("${}", out.binds.len()), token.at);
            }
            Kind::Text if token.text == "''" => out.push("NULL", token.at),
            Kind::Mark if token.text == "^=" => out.push("<>", token.at),
            Kind::Mark if token.text == "(" => {
                let from = before.is_some_and(|t| t.is_any(&["FROM", "JOIN", "USING"])) || in_from_list(tokens, i);
                let close = closing(tokens, i);
                if from && after.is_some_and(|t| t.is_any(&["SELECT", "WITH"])) && !has_alias(tokens.get(close + 1)) {
                    inline_views += 1;
                    aliases.push((close, format!("inline_view_{inline_views}")));
                }
                out.push("(", token.at);
            }
            Kind::Mark | Kind::Text | Kind::Number => out.push(token.text, token.at),
            Kind::Quoted => out.push(&quoted(token.text), token.at),
            Kind::Word if qualified || after.is_some_and(|t| t.is_mark(".")) => {
                if let Some(skip) = sequence(tokens, i, out) {
                    i += skip;
                    continue;
                }
                out.push(&name(token), token.at);
            }
            Kind::Word if token.is("CAST") && opens => {
                i = cast(tokens, i, kind, out)?;
                continue;
            }
            Kind::Word if token.is("TRIM") && opens => {
                let inside = &tokens[i + 2..closing(tokens, i + 1)];
                let plain = !inside.iter().any(|t| t.depth == tokens[i + 1].depth + 1 && t.is("FROM"));
                out.push(if plain { "oracle.trim_blanks" } else { "TRIM" }, token.at);
            }
            Kind::Word if token.is("DELETE") && after.is_some_and(|t| t.is_name() && !t.is("FROM")) => {
                out.push("DELETE FROM", token.at);
            }
            Kind::Word if token.is("TIMESTAMP") && after.is_some_and(has_zone) => out.push("timestamptz", token.at),
            Kind::Word => out.push(&word(token, opens), token.at),
        }
        if let Some(at) = aliases.iter().position(|(close, _)| *close == i) {
            out.push(&aliases.swap_remove(at).1, token.at);
        }
        i += 1;
    }
    Ok(())
}

/// `'2026-01-31 12:00:00 +05:30'`, whose zone PostgreSQL's TIMESTAMP would drop without a word.
fn has_zone(literal: &Token<'_>) -> bool {
    let time = literal.text.find(':').and_then(|at| literal.text.get(at..));
    literal.kind == Kind::Text
        && time.is_some_and(|time| time.contains(|c: char| c == '+' || c == '-' || c.is_alphabetic()))
}

/// An unqualified word: a keyword, a function, a pseudo-column or a name.
fn word(token: &Token<'_>, opens: bool) -> String {
    match token.upper().as_str() {
        "NVL" if opens => "COALESCE".into(),
        "MINUS" => "EXCEPT".into(),
        "SYSDATE" => "oracle.sysdate()".into(),
        "SYSTIMESTAMP" if !opens => "CURRENT_TIMESTAMP".into(),
        "SYSTIMESTAMP" => "CURRENT_TIMESTAMP".into(),
        "CURRENT_DATE" => "CAST(LOCALTIMESTAMP AS oracle.date)".into(),
        "USER" => "oracle.ora_user()".into(),
        _ => name(token),
    }
}

/// A name, which folds to lower case there and to upper case here.
pub fn name(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Quoted => quoted(token.text),
        _ if token.is("ROWID") => format!("\"{ROWID_COLUMN}\""),
        _ if token.text.contains('#') => format!("\"{}\"", token.text.to_lowercase()),
        _ => token.text.into(),
    }
}

/// `"ALLCAPS"` is the same name as `allcaps` on both sides; any other quoted name stays as it is.
fn quoted(text: &str) -> String {
    let folds = !text.chars().any(char::is_lowercase);
    if folds { text.to_lowercase() } else { text.to_owned() }
}

/// `s.NEXTVAL`, `owner.s.CURRVAL`: answers how many tokens it took.
fn sequence(tokens: &[Token<'_>], i: usize, out: &mut Output) -> Option<usize> {
    let dot = |i: usize| tokens.get(i).is_some_and(|t| t.is_mark("."));
    let pseudo = |i: usize| tokens.get(i).filter(|t| t.is_any(&["NEXTVAL", "CURRVAL"]));
    let (parts, function) = if dot(i + 1) && pseudo(i + 2).is_some() {
        (name(&tokens[i]), pseudo(i + 2)?)
    } else if dot(i + 1) && dot(i + 3) && pseudo(i + 4).is_some() {
        (format!("{}.{}", name(&tokens[i]), name(&tokens[i + 2])), pseudo(i + 4)?)
    } else {
        return None;
    };
    out.push(&format!("{}('{parts}')", function.text.to_lowercase()), tokens[i].at);
    Some(tokens.iter().skip(i).position(|t| t.at == function.at)? + 1)
}

/// `CAST(… AS type)`: translates the type. Answers the index behind it.
fn cast(tokens: &[Token<'_>], i: usize, kind: StatementKind, out: &mut Output) -> Result<usize, OraError> {
    let close = closing(tokens, i + 1);
    let depth = tokens[i + 1].depth + 1;
    let split = (i + 2..close).find(|j| tokens[*j].depth == depth && tokens[*j].is("AS"));
    let split = split.ok_or_else(|| OraError::of(905).at(tokens[i].at))?;
    out.push("CAST (", tokens[i].at);
    rewrite(&tokens[i + 2..split], kind, out)?;
    let (data_type, _) = ddl::data_type(&tokens[split + 1..close])?;
    out.push(&format!("AS {} )", data_type.sql), tokens[split].at);
    Ok(close + 1)
}

/// Whether the parenthesis at `i` stands behind a comma of a FROM list.
fn in_from_list(tokens: &[Token<'_>], i: usize) -> bool {
    if !i.checked_sub(1).is_some_and(|i| tokens[i].is_mark(",")) {
        return false;
    }
    const CLAUSES: [&str; 14] = [
        "SELECT",
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "UNION",
        "MINUS",
        "INTERSECT",
        "SET",
        "VALUES",
        "ON",
        "WITH",
        "BY",
    ];
    let depth = tokens[i].depth;
    let inside = tokens[..i].iter().rev().take_while(|t| t.depth >= depth);
    inside.filter(|t| t.depth == depth).find(|t| t.is_any(&CLAUSES)).is_some_and(|t| t.is("FROM"))
}

fn has_alias(token: Option<&Token<'_>>) -> bool {
    const FOLLOWERS: [&str; 20] = [
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "UNION",
        "MINUS",
        "INTERSECT",
        "JOIN",
        "LEFT",
        "RIGHT",
        "INNER",
        "FULL",
        "CROSS",
        "NATURAL",
        "ON",
        "USING",
        "FETCH",
        "OFFSET",
        "FOR",
        "WHEN",
    ];
    token.is_some_and(|t| t.is_name() && !t.is_any(&FOLLOWERS))
}

/// Indexes of the qualifiers in `SET t.a = 1, t.b = 2` of UPDATE and MERGE.
fn set_targets(tokens: &[Token<'_>], kind: StatementKind) -> Vec<usize> {
    let mut found = Vec::new();
    if !matches!(kind, StatementKind::Update | StatementKind::Merge) {
        return found;
    }
    let mut in_set = false;
    for i in 0..tokens.len() {
        let token = &tokens[i];
        if token.depth != 0 {
            continue;
        }
        if token.is("SET") {
            in_set = true;
        } else if token.is_any(&["WHERE", "WHEN"]) {
            in_set = false;
        }
        let starts = token.is("SET") || token.is_mark(",");
        let is_target = tokens.get(i + 1).is_some_and(Token::is_name)
            && tokens.get(i + 2).is_some_and(|t| t.is_mark("."))
            && tokens.get(i + 4).is_some_and(|t| t.is_mark("="));
        if in_set && starts && is_target {
            found.push(i + 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::sql::{Action, translate};

    fn sql(source: &str) -> String {
        translate(source, true).unwrap_or_else(|err| panic!("{source}: {}", err.message)).sql
    }

    #[test]
    fn every_occurrence_of_a_bind_is_a_parameter_of_its_own() {
        let statement = translate("SELECT a FROM t WHERE a = :x OR b = :Y OR c = :x", true).unwrap();
        assert_eq!(statement.sql, "SELECT a FROM t WHERE a = $1 OR b = $2 OR c = $3");
        assert_eq!(statement.binds, ["X", "Y", "X"]);
    }

    #[test]
    fn rowid_is_a_hidden_column_of_the_row() {
        assert_eq!(
            sql("SELECT m.*, ROWIDTOCHAR(m.rowid) FROM m WHERE rowid = :r"),
            "SELECT m . * , ROWIDTOCHAR ( m . \"oci$rowid\" ) FROM m WHERE \"oci$rowid\" = $1"
        );
    }

    #[test]
    fn an_empty_string_is_null() {
        assert_eq!(sql("SELECT NVL(a, '') FROM t"), "SELECT COALESCE ( a , NULL ) FROM t");
        assert_eq!(sql("SELECT 'it''s', '''' FROM t"), "SELECT 'it''s' , '''' FROM t");
    }

    #[test]
    fn inline_views_get_the_alias_postgresql_wants() {
        assert_eq!(sql("SELECT a FROM (SELECT a FROM t)"), "SELECT a FROM ( SELECT a FROM t ) inline_view_1");
        assert_eq!(
            sql("SELECT a FROM t, (SELECT b FROM u) WHERE a = (SELECT 1 FROM dual)"),
            "SELECT a FROM t , ( SELECT b FROM u ) inline_view_1 WHERE a = ( SELECT 1 FROM dual )"
        );
        assert_eq!(sql("SELECT a FROM (SELECT a FROM t) v"), "SELECT a FROM ( SELECT a FROM t ) v");
        assert_eq!(sql("SELECT f.a, (SELECT 1 FROM dual) FROM f"), "SELECT f . a , ( SELECT 1 FROM dual ) FROM f");
    }

    #[test]
    fn set_targets_lose_their_qualifier() {
        assert_eq!(
            sql("UPDATE t m SET m.a = m.b, m.c = (SELECT MAX(x.d) FROM x) WHERE m.a = 1"),
            "UPDATE t m SET a = m . b , c = ( SELECT MAX ( x . d ) FROM x ) WHERE m . a = 1"
        );
        let merge = sql("MERGE INTO t USING (SELECT :a AS a FROM dual) s ON (t.a = s.a) \
                         WHEN MATCHED THEN UPDATE SET t.b = s.a WHEN NOT MATCHED THEN INSERT (a) VALUES (s.a)");
        assert!(merge.contains("UPDATE SET b = s . a WHEN NOT"), "{merge}");
    }

    #[test]
    fn row_locks_name_tables_and_waits() {
        let statement = translate("SELECT a FROM t m WHERE a = 1 FOR UPDATE OF m.a WAIT 5", true).unwrap();
        assert_eq!(statement.sql, "SELECT a FROM t m WHERE a = 1 FOR UPDATE OF m");
        assert_eq!((statement.for_update, statement.wait_ms), (true, Some(5000)));
        assert_eq!(sql("SELECT a FROM t FOR UPDATE OF a NOWAIT"), "SELECT a FROM t FOR UPDATE NOWAIT");
    }

    #[test]
    fn a_list_of_rowids_cannot_be_waited_for() {
        let code = |source| translate(source, true).map_err(|err| err.code).map(drop);
        assert_eq!(code("SELECT a FROM t WHERE rowid IN (:a, :b) FOR UPDATE WAIT 5"), Err(30006));
        assert_eq!(code("SELECT a FROM t WHERE rowid IN (:a, :b) FOR UPDATE NOWAIT"), Ok(()));
        assert_eq!(code("SELECT a FROM t WHERE rowid = :a FOR UPDATE WAIT 5"), Ok(()));
    }

    #[test]
    fn a_star_is_told_from_the_items_round_it() {
        let stars = |source| translate(source, true).unwrap().stars;
        assert_eq!(stars("SELECT t.rowid AS r, t.* FROM t"), Some((1, 0)));
        assert_eq!(stars("SELECT a.*, NVL(b, 1) c, b.*, d FROM a, b"), Some((0, 1)));
        assert_eq!(stars("SELECT COUNT(*), 2 * 3 FROM t"), None);
    }

    #[test]
    fn casts_get_their_types_translated() {
        assert_eq!(
            sql("SELECT CAST(NVL(:a, 'x') AS VARCHAR2(10 CHAR)), CAST(NULL AS NUMBER(5)) FROM dual"),
            "SELECT CAST ( COALESCE ( $1 , 'x' ) AS varchar(10) ) , CAST ( NULL AS numeric(5,0) ) FROM dual"
        );
    }

    #[test]
    fn quoted_upper_case_names_fold_like_unquoted_ones() {
        assert_eq!(sql("SELECT \"NAME\", \"Name\", serial# FROM t"), "SELECT \"name\" , \"Name\" , \"serial#\" FROM t");
    }

    #[test]
    fn sequences_are_functions() {
        assert_eq!(
            sql("SELECT app.s.NEXTVAL, s.currval FROM dual"),
            "SELECT nextval('app.s') , currval('s') FROM dual"
        );
    }

    #[test]
    fn a_literal_with_a_zone_is_an_instant() {
        assert_eq!(
            sql("SELECT TIMESTAMP '2026-01-31 12:00:00 +05:30' FROM dual"),
            "SELECT timestamptz '2026-01-31 12:00:00 +05:30' FROM dual"
        );
        assert_eq!(
            sql("SELECT TIMESTAMP '2026-01-31 12:00:00.5' FROM dual"),
            "SELECT TIMESTAMP '2026-01-31 12:00:00.5' FROM dual"
        );
    }

    #[test]
    fn delete_works_without_from() {
        assert_eq!(sql("DELETE t WHERE a = 1"), "DELETE FROM t WHERE a = 1");
    }

    #[test]
    fn serializable_is_snapshot_isolation() {
        let statement = translate("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", true).unwrap();
        assert_eq!(statement.action, Action::SetTransaction(crate::sql::transaction::SERIALIZABLE));
    }

    #[test]
    fn positions_lead_back_to_the_original() {
        let source = "SELECT nam FROM (SELECT 1 AS ä FROM dual) WHERE nam2 = 1";
        let statement = translate(source, true).unwrap();
        let chars: Vec<char> = statement.sql.chars().collect();
        let position = (0..chars.len()).find(|i| chars[*i..].starts_with(&['n', 'a', 'm', '2'])).unwrap() + 1;
        assert_eq!(&source[statement.origin(position)..][..4], "nam2");
    }
}
