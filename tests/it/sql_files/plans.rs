//! `sql/deploy/acceptance_plans.oracle.sql`: the plan of each look-up, and what is wrong with one. And the plans
//! that the embedded database makes of what every run asks.

use std::collections::{BTreeMap, BTreeSet};

use super::files;
use crate::control_m::repo;
use crate::harness::World;
use recert::door::sql::body;

const SCRIPT: &str = include_str!("../../../sql/deploy/acceptance_plans.oracle.sql");

/// It reads all runs, which is what it is for.
const READS_ALL: &str = "ledger/select_links";

/// Statements that go from one row to rows of other tables, or of the same.
fn look_ups() -> BTreeMap<String, String> {
    let of_jobs = |folder: &str| !["check", "db", "demo", "deploy", "schema"].contains(&folder);
    let mut found = BTreeMap::new();
    for file in files().into_iter().filter(super::File::is_for_oracle) {
        let path = file.name.trim_end_matches(".sql").trim_end_matches(".oracle").to_owned();
        let (folder, name) = path.split_once('/').unwrap();
        let text = body(&file.text).to_owned();
        let words: Vec<&str> = text.split_whitespace().collect();
        let leads_on =
            words.contains(&"JOIN") || words.contains(&"EXISTS") || text.contains("(SELECT");
        if leads_on && of_jobs(folder) && path != READS_ALL {
            assert!(found.insert(name.to_owned(), text).is_none(), "two are called {name}");
        }
    }
    found
}

/// What the script declares and explains.
fn explained() -> String {
    let look_ups = look_ups();
    assert!(look_ups.len() > 20, "{:?}", look_ups.keys());
    let binds: BTreeSet<String> =
        look_ups.values().flat_map(|text| super::binds(&super::tokens(text))).collect();
    let mut made: String =
        binds.iter().map(|bind| format!("VARIABLE {bind} VARCHAR2(4000)\n")).collect();
    made.push_str("\nPROMPT 11. Plans. Wanted: `Explained.` each time; ORA-00942 for the tables of applications in other databases.\n");
    for (name, statement) in look_ups {
        assert!(name.len() <= 30, "{name}: PLAN_TABLE keeps 30 characters of a STATEMENT_ID");
        made.push_str(&format!("EXPLAIN PLAN SET STATEMENT_ID = '{name}' FOR\n{statement};\n\n"));
    }
    made
}

#[test]
fn the_plan_of_each_look_up_is_asked_for_in_recerts_own_words() {
    let (head, rest) = SCRIPT.split_once("VARIABLE ").unwrap();
    let (_, tail) = rest.split_once("PROMPT 12").unwrap();
    let wanted = format!("{head}{}PROMPT 12{tail}", explained());
    if std::env::var_os("RECERT_TEST_WRITE_PAGES").is_some() {
        let path = repo("sql/deploy/acceptance_plans.oracle.sql");
        std::fs::write(path, wanted).unwrap();
    } else {
        assert!(SCRIPT == wanted, "it is out of date: tests/it/pages.rs says how to write it anew");
    }
}

/// A plan's steps: id, parent, depth, position, operation, options, object.
type PlanStep = (i64, i64, i64, i64, &'static str, &'static str, &'static str);

#[test]
fn a_table_read_whole_inside_a_loop_is_named_and_no_other() {
    let Some(world) = World::standin() else { return };
    world.define(
        "CREATE TABLE plan_table (
           statement_id  VARCHAR2(30),
           plan_id       NUMBER,
           id            NUMBER,
           parent_id     NUMBER,
           depth         NUMBER,
           position      NUMBER,
           operation     VARCHAR2(30),
           options       VARCHAR2(255),
           object_name   VARCHAR2(128),
           cardinality   NUMBER
         )",
    );
    const FULL: &str = "TABLE ACCESS";
    let plans: [(&str, &[PlanStep]); 7] = [
        (
            "hashed",
            &[
                (1, 0, 1, 1, "HASH JOIN", "OUTER", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, FULL, "FULL", "B"),
            ],
        ),
        (
            "driving",
            &[
                (1, 0, 1, 1, "NESTED LOOPS", "OUTER", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, "INDEX", "RANGE SCAN", "B"),
            ],
        ),
        (
            "looped",
            &[
                (1, 0, 1, 1, "NESTED LOOPS", "OUTER", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, FULL, "FULL", "B"),
            ],
        ),
        // A predicate on the left table in an outer join's ON.
        (
            "lateral",
            &[
                (1, 0, 1, 1, "NESTED LOOPS", "OUTER", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, "VIEW", "", ""),
                (4, 3, 3, 1, "FILTER", "", ""),
                (5, 4, 4, 1, FULL, "FULL", "B"),
            ],
        ),
        (
            "filtered",
            &[
                (1, 0, 1, 1, "FILTER", "", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, "INDEX", "FAST FULL SCAN", "B_IX"),
            ],
        ),
        // A subquery of the select list stands before the query itself.
        (
            "scalar",
            &[
                (1, 0, 1, 1, "SORT", "AGGREGATE", ""),
                (2, 1, 2, 1, FULL, "FULL", "B"),
                (3, 0, 1, 2, FULL, "FULL", "A"),
            ],
        ),
        (
            "smallest",
            &[
                (1, 0, 1, 1, "FILTER", "", ""),
                (2, 1, 2, 1, FULL, "FULL", "A"),
                (3, 1, 2, 2, "INDEX", "FULL SCAN (MIN/MAX)", "B_IX"),
            ],
        ),
    ];
    for (plan_id, (statement, steps)) in plans.into_iter().enumerate() {
        let root: PlanStep = (0, -1, 0, 1, "SELECT STATEMENT", "", "");
        for (id, parent, depth, position, operation, options, object) in
            std::iter::once(&root).chain(steps)
        {
            world.tamper(&format!(
                "INSERT INTO plan_table (statement_id, plan_id, id, parent_id, depth, position, operation, options, object_name, cardinality)
                 VALUES ('{statement}', {plan_id}, {id}, {parent}, {depth}, {position}, '{operation}', '{options}', '{object}', 9)"
            ));
        }
    }
    let query = SCRIPT.rsplit_once("PROMPT").unwrap().1.split_once('\n').unwrap().1;
    let rows = world.query(query.split_once(";\n").unwrap().0);
    let named: Vec<String> = rows
        .iter()
        .map(|row| {
            row.values[..3].iter().map(|value| value.display()).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(
        named,
        [
            "filtered B_IX INDEX FAST FULL SCAN",
            "lateral B TABLE ACCESS FULL",
            "looped B TABLE ACCESS FULL",
            "scalar B TABLE ACCESS FULL"
        ]
    );
}

/// What a run asks of the ledger before it changes anything, but for the walk along the chain; the ledger grows by a run an hour, for years.
const AT_EACH_START: [&str; 5] = [
    "ledger/lock_job.sqlite.sql",
    "ledger/count_late_runs.sql",
    "ledger/select_applied_since.sql",
    "ledger/select_applied_hashes_since.sql",
    "ledger/select_run.sql",
];

#[test]
fn what_each_run_asks_of_the_ledger_reads_no_table_whole() {
    let world = World::sqlite();
    let path = world.config.database.url.strip_prefix("sqlite:").unwrap();
    let db = rusqlite::Connection::open(path).unwrap();
    let mut asked = 0;
    for file in files().iter().filter(|file| AT_EACH_START.contains(&file.name.as_str())) {
        let explain = format!("EXPLAIN QUERY PLAN {}", body(&file.text));
        let mut explain = db.prepare(&explain).unwrap();
        let steps = explain.raw_query().mapped(|row| row.get::<_, String>("detail"));
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
        let whole = |step: &&String| {
            (step.starts_with("SCAN") && !step.contains("COVERING INDEX"))
                || (step.starts_with("SEARCH") && !step.contains("INDEX"))
                || step.contains("AUTOMATIC")
        };
        assert_eq!(steps.iter().find(whole), None, "{}: {steps:#?}", file.name);
        asked += 1;
    }
    assert_eq!(asked, AT_EACH_START.len());
}
