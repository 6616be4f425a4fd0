//! Every statement and script in `sql/`: its header is true, and Oracle would take it.
//!
//! No Oracle is at hand to ask, so three things stand in for one: a parser, this list of what
//! parsers and other databases let pass and Oracle refuses, and the stand-in that runs them all.
//! Each rule brings an example that it must catch: a list that can't fail proves nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use recert::door::schema::Owner;
use recert::door::sql::body;
use sqlparser::dialect::OracleDialect;
use sqlparser::parser::Parser;

mod plans;
mod rules;
mod tokens;

use rules::{RULES, broken};
use tokens::{Token, binds, tokens};

/// One file below `sql/`.
struct File {
    name: String,
    text: String,
}

impl File {
    /// Statements for Oracle; a pair's other half is only for the embedded database.
    fn is_for_oracle(&self) -> bool {
        !self.name.ends_with(".sqlite.sql")
    }

    /// A script for SQL*Plus, of several statements.
    fn is_script(&self) -> bool {
        self.name.starts_with("deploy/")
    }

    /// What a database is sent, each for itself.
    fn statements(&self) -> Vec<String> {
        if !self.is_script() {
            return vec![body(&self.text).to_owned()];
        }
        let directive =
            ["SET ", "WHENEVER ", "PROMPT", "DEFINE ", "ACCEPT ", "VARIABLE ", "EXIT", "--", "@@"];
        let is_directive = |line: &str| directive.iter().any(|word| line.starts_with(word));
        let lines: Vec<&str> = self.text.lines().filter(|line| !is_directive(line)).collect();
        let statements = lines.join("\n").replace("&owner.", "app").replace("&owner", "app");
        // What is explained is a statement like any other.
        let whole =
            |statement: &str| match statement.strip_prefix("EXPLAIN PLAN SET STATEMENT_ID = ") {
                Some(explained) => explained.split_once(" FOR\n").unwrap().1.to_owned(),
                None => statement.to_owned(),
            };
        // SQL*Plus ends a statement at a line's last `;`.
        let pieces = statements.split(";\n").map(|s| s.trim().trim_end_matches(';'));
        pieces.filter(|s| !s.is_empty()).map(whole).collect()
    }
}

fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let files: Vec<File> = paths
        .iter()
        .map(|path| File {
            name: path.strip_prefix(&root).unwrap().display().to_string(),
            text: std::fs::read_to_string(path).unwrap(),
        })
        .collect();
    assert!(files.len() > 30, "only {} files were found", files.len());
    files
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "sql") {
            paths.push(path);
        }
    }
}

/// The comment lines a file begins with, without their dashes.
fn header(text: &str) -> Vec<&str> {
    let comments = text.lines().take_while(|line| line.starts_with("--"));
    comments.map(|line| line.trim_start_matches('-').trim()).collect()
}

#[test]
fn every_statement_says_what_it_does_and_names_its_binds_and_columns() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| !file.is_script()) {
        let header = header(&file.text);
        let mut complain = |what: String| wrong.push(format!("{}: {what}", file.name));
        match header.first() {
            None => complain("has no header".to_owned()),
            Some(first) if first.starts_with([':', '-']) => {
                complain("does not begin with what it does".to_owned());
            }
            Some(_) => {}
        }
        let statement = body(&file.text);
        if statement.is_empty() || statement.ends_with(';') {
            complain("has no statement, or a `;` behind it, which Oracle refuses".to_owned());
        }
        let documented: BTreeSet<String> = header
            .iter()
            .filter_map(|line| line.strip_prefix(':'))
            .map(|line| line.split_whitespace().next().unwrap_or_default().to_owned())
            .collect();
        let used = binds(&tokens(statement));
        for bind in used.difference(&documented) {
            complain(format!("the header does not name :{bind}"));
        }
        for bind in documented.difference(&used) {
            complain(format!(":{bind} of the header is not in the statement"));
        }
        let explained = header.iter().filter_map(|line| line.strip_prefix(':'));
        for line in explained.filter(|line| line.split_whitespace().count() < 2) {
            complain(format!(":{line} is not explained"));
        }
        let is_query = statement.starts_with("SELECT") || statement.starts_with("WITH");
        if is_query != file.text.contains("\n-- -> ") {
            complain("a query, and only a query, names its columns: `-- -> a, b`".to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn both_halves_of_a_pair_take_the_same_binds_and_give_the_same_columns() {
    for file in files().into_iter().filter(|file| !file.is_script()) {
        let Some(name) = file.name.strip_suffix(".oracle.sql") else { continue };
        let other = files().into_iter().find(|other| other.name == format!("{name}.sqlite.sql"));
        let Some(other) = other else { panic!("{name} has no half for the embedded database") };
        let of = |file: &File| binds(&tokens(body(&file.text)));
        assert_eq!(of(&file), of(&other), "{name}: binds");
        let columns = |file: &File| {
            let line = header(&file.text).into_iter().find_map(|line| line.strip_prefix("> "));
            line.map(str::to_owned)
        };
        assert_eq!(columns(&file), columns(&other), "{name}: columns");
    }
}

#[test]
fn no_statement_for_oracle_holds_what_oracle_refuses() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.is_for_oracle()) {
        for statement in file.statements() {
            let found = broken(&statement);
            wrong.extend(found.iter().map(|rule| format!("{}: {rule}", file.name)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_catches_its_example_and_nothing_good() {
    for rule in RULES.iter() {
        let found = broken(&rule.example);
        assert!(found.contains(&rule.name), "`{}` passes: {}", rule.name, rule.example);
    }
    for good in rules::GOOD {
        assert_eq!(broken(good), Vec::<&str>::new(), "{good}");
    }
}

/// What the parser at hand does not know, though Oracle does.
const UNKNOWN_TO_THE_PARSER: [&str; 5] = [
    "CREATE USER recert_app NO AUTHENTICATION",
    "GRANT CREATE SESSION TO recert_app",
    "ALTER SESSION SET CURRENT_SCHEMA = app",
    "ALTER SESSION SET TIME_ZONE = 'UTC' NLS_COMP = BINARY NLS_SORT = BINARY",
    "SELECT l.head_sha256\n  FROM recert_lock l\n WHERE l.job = 'ledger'\n   FOR UPDATE WAIT 10",
];

#[test]
fn every_statement_for_oracle_is_parsed() {
    let mut wrong = Vec::new();
    for file in files().iter().filter(|file| file.is_for_oracle()) {
        for statement in file.statements() {
            let known = !UNKNOWN_TO_THE_PARSER.contains(&statement.as_str());
            match (Parser::parse_sql(&OracleDialect {}, &plain_table(&statement)), known) {
                (Err(error), true) => wrong.push(format!("{}: {error}", file.name)),
                (Ok(_), false) => wrong.push(format!("{}: is parsed by now", file.name)),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(Parser::parse_sql(&OracleDialect {}, "DELETE FROM t WHERE (a = 1").is_err());
}

/// CREATE IMMUTABLE or BLOCKCHAIN TABLE without what makes it that, and identity columns as plain ones.
fn plain_table(statement: &str) -> String {
    let plain = statement
        .replace("CREATE IMMUTABLE ", "CREATE ")
        .replace("CREATE BLOCKCHAIN ", "CREATE ")
        .replace("\nSEGMENT CREATION IMMEDIATE\nINITRANS 8", "")
        .replace(" GENERATED BY DEFAULT ON NULL AS IDENTITY", "");
    match plain.split_once("\nNO DROP ") {
        Some((plain, _)) => plain.to_owned(),
        None => plain,
    }
}

#[test]
fn the_variants_of_the_ledger_have_the_columns_of_the_plain_one() {
    let files = files();
    for file in files.iter().filter(|file| file.name.starts_with("deploy/own_tables_")) {
        let statements = file.statements();
        let own =
            recert::door::schema::tables().into_iter().filter(|table| table.owner == Owner::Own);
        let own = own.flat_map(|table| std::iter::once(table.create).chain(table.then));
        let plain: Vec<Vec<Token>> = own.map(|sql| tokens(&plain_table(sql.oracle()))).collect();
        let theirs: Vec<Vec<Token>> = statements.iter().map(|s| tokens(&plain_table(s))).collect();
        assert_eq!(theirs, plain, "{}", file.name);
        let kind = if file.name.contains("blockchain") { "BLOCKCHAIN" } else { "IMMUTABLE" };
        for table in ["recert_run", "recert_change"] {
            let create = format!("CREATE {kind} TABLE {table} ");
            assert!(statements.iter().any(|s| s.starts_with(&create)), "{}: {table}", file.name);
        }
    }
}

#[test]
fn no_two_indexes_are_on_the_same_columns() {
    // ORA-01408; a primary key and a unique key are indexes, too.
    let mut seen = BTreeSet::new();
    for file in files().iter().filter(|file| file.name.starts_with("schema/")) {
        if !file.is_for_oracle() {
            continue;
        }
        for statement in file.statements() {
            for indexed in indexed_columns(&tokens(&statement)) {
                assert!(seen.insert(indexed.clone()), "{}: {indexed}", file.name);
            }
        }
    }
    assert!(seen.len() > 5, "{seen:?}");
}

/// `TABLE(A,B)` of each index that a statement makes.
fn indexed_columns(tokens: &[Token]) -> Vec<String> {
    let words: Vec<&str> = tokens.iter().map(Token::text).collect();
    let list = |from: usize| {
        let end = words[from..].iter().position(|word| *word == ")").unwrap_or_default();
        words[from..=from + end].concat()
    };
    let mut found = Vec::new();
    let table = match words.iter().position(|word| *word == "ON") {
        Some(on) if words.contains(&"INDEX") => {
            found.push(format!("{}{}", words[on + 1], list(on + 2)));
            return found;
        }
        _ => words.get(2).copied().unwrap_or_default(),
    };
    for (at, word) in words.iter().enumerate() {
        let is_key = *word == "UNIQUE" || (*word == "KEY" && words[at - 1] == "PRIMARY");
        if is_key && words.get(at + 1) == Some(&"(") {
            found.push(format!("{table}{}", list(at + 1)));
        }
    }
    found
}
