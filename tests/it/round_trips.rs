//! Round trips to Oracle, counted by the stand-in and not timed: at most eight for a run with nothing
//! to do, one for a thousand rows. A further job adds its lines to the tables below.

use std::collections::HashMap;

use crate::harness::World;

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
    // The rows of one person, and how many statements touch each: reading them, changing each
    // table, two tables of the ledger.
    let jobs = [("mapping USER=E{n}\nresponse USER=E{n} MGR=2025-01-31", "revoke", 8)];
    for (row, command, statements) in jobs {
        let mut trips = Vec::new();
        for n in [1, 2_000, 4_000] {
            let Some(mut world) = World::standin() else { return };
            world.config.limits.revoke.floor = 1_000_000;
            let rows: Vec<String> =
                (0..n).map(|n| row.replace("{n}", &format!("{n:05}"))).collect();
            world.put(&rows.join("\n"));
            trips.push(round_trips(&world, command));
        }
        let grown = trips[2] - trips[1];
        assert!(
            grown <= 2 * statements,
            "`{command}`: 2,000 more people cost {grown} more round trips: {trips:?}"
        );
    }
}
