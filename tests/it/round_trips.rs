//! Round trips to Oracle, counted by the stand-in and not timed: at most eight for a run with nothing
//! to do, one for a thousand rows. A further job adds its lines to the tables below.

use std::collections::HashMap;

use crate::harness::World;
use crate::import_files::harness::people_file;

/// What became of the binary, run with the stand-in watching.
pub(crate) struct Watched {
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
    counters: HashMap<String, u64>,
}

impl Watched {
    /// One of the stand-in's counters: a call's name, or `oracle_round_trips`.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        *self.counters.get(name).unwrap_or_else(|| panic!("no counter {name}: {}", self.log))
    }
}

/// Runs the binary on a stand-in that makes this fault, or none.
pub(crate) fn watched(world: &World, command: &str, fault: &str) -> Watched {
    let counters = world.folder.path().join("counters");
    let output = world
        .recert(command)
        .env("OCI_STANDIN_COUNTERS", &counters)
        .env("OCI_STANDIN_FAULT", fault)
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&counters).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    Watched {
        code: output.status.code(),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
        counters: pairs.map(|(name, n)| (name.to_owned(), n.trim().parse().unwrap())).collect(),
    }
}

/// The round trips of a job that ends well.
fn round_trips(world: &World, command: &str) -> u64 {
    let watched = watched(world, command, "");
    assert_eq!(watched.code, Some(0), "`{command}`: {}", watched.log);
    watched.counted("oracle_round_trips")
}

/// Puts `n` people before a job, and says how it is called.
type SetUp = fn(&mut World, usize) -> String;

fn revoke(world: &mut World, n: usize) -> String {
    world.config.limits.revoke.floor = 1_000_000;
    let row = |n| format!("mapping USER=E{n:05}\nresponse USER=E{n:05} MGR=2025-01-31\n");
    world.put(&(0..n).map(row).collect::<String>());
    "revoke".to_owned()
}

fn import_users(world: &mut World, n: usize) -> String {
    world.put("org\nperson");
    let row = |n| format!("id=N{n:05}|email=n{n:05}@example.org");
    let rows: Vec<String> = (0..n).map(row).chain(["id=U1".to_owned()]).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let path = world.folder.path().join("users.csv");
    std::fs::write(&path, people_file(&rows)).unwrap();
    format!("import-users {}", path.display())
}

#[test]
fn a_run_with_nothing_to_do_makes_at_most_eight_round_trips() {
    for command in ["revoke", "preview revoke"] {
        let Some(world) = World::standin() else { return };
        world.put("mapping\nresponse MGR=2999-01-01"); // Access there is, and none of it due.
        let trips = round_trips(&world, command);
        assert!(trips <= 8, "`{command}` made {trips}, log-on and log-off included");
    }
}

#[test]
fn a_job_makes_a_round_trip_for_a_thousand_rows_of_each_statement() {
    // How many statements touch each person: reading them, changing each table, two of the ledger.
    let jobs: [(SetUp, u64); 2] = [(revoke, 8), (import_users, 8)];
    for (set_up, statements) in jobs {
        let trips = [2_000, 4_000].map(|n| {
            let mut world = World::standin()?;
            let command = set_up(&mut world, n);
            Some((round_trips(&world, &command), command))
        });
        let [Some((few, command)), Some((many, _))] = trips else { return };
        let grown = many - few;
        assert!(
            grown <= 2 * statements,
            "`{command}`: 2,000 more people cost {grown} more round trips, {many} in all"
        );
    }
}
