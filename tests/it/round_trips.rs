//! Round trips to Oracle, counted by the stand-in and not timed: eight for a run with nothing to do,
//! fifteen where one access is taken, one for a thousand rows. A further job adds its line to the table below.

use std::collections::HashMap;

use crate::harness::World;
use crate::import_availability;
use crate::import_users::import_of;
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Slapd};

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

/// Log-on (two), log-off, and setting the session up are four of each.
#[test]
fn a_run_with_nothing_to_do_makes_at_most_eight_round_trips() {
    for command in ["revoke", "preview revoke"] {
        let Some(world) = World::standin() else { return };
        world.put("mapping\nresponse MGR=2999-01-01"); // Access there is, and none of it due.
        let trips = round_trips(&world, command);
        assert!(trips <= 8, "`{command}` made {trips}");
    }
}

/// Besides these four: the lock, the look, the dictionary, two that hold, two that write changes and images, two that
/// change, and two that end the run.
#[test]
fn a_run_that_takes_one_access_makes_at_most_fifteen_round_trips() {
    let Some(world) = World::standin() else { return };
    world.put("mapping\nresponse MGR=2025-01-31");
    let trips = round_trips(&world, "revoke");
    assert!(trips <= 15, "it made {trips}");
    // What a run took today is read, and verified, before the next one may take something.
    world.put("mapping USER=E2\nresponse USER=E2 MGR=2025-01-31");
    let trips = round_trips(&world, "revoke");
    assert!(trips <= 18, "after another run of the day it made {trips}");
}

/// Puts in what a job is to do for `n` people, and its command line.
type Prepare<'a> = &'a dyn Fn(&mut World, usize) -> String;

/// One line for each of `n` people, `{n}` their number.
fn each(n: usize, line: &str) -> String {
    let lines: Vec<String> = (0..n).map(|n| line.replace("{n}", &format!("{n:05}"))).collect();
    lines.join("\n")
}

fn revoke(world: &mut World, n: usize) -> String {
    world.put(&each(n, "mapping USER=E{n}\nresponse USER=E{n} MGR=2025-01-31"));
    "revoke".to_owned()
}

/// Half of them are new, half have moved.
fn import_users(world: &mut World, n: usize) -> String {
    world.put("org");
    world.put(&each(n / 2, "person ID=P{n} EMAIL=p{n}@x CITY=Bern\nrole USER=P{n}"));
    let rows = each(n, "id=P{n}|email=p{n}@x|costCenter=12340000");
    accepted(&import_of(world, &rows.lines().collect::<Vec<_>>()))
}

/// Where everybody changes, a person has looked.
fn accepted(command: &str) -> String {
    command.replace(" --as-of", " --accept-source --allow-changes 100000 --reason seen --as-of")
}

/// Everybody is absent and their day has come, with a role and what the ledger holds of them.
fn purge(world: &mut World, n: usize) -> String {
    let floor = std::mem::replace(&mut world.config.limits.import_users.floor, 1_000_000);
    let command = import_users(world, n);
    world.recert_ok(&command);
    world.put(&each(n, "role USER=P{n} MANAGEMENT=0"));
    world.tamper("UPDATE pm_user SET to_delete = 1, delete_at = DATE '2020-01-01'");
    world.config.limits.import_users.floor = floor;
    accepted(&import_of(world, &["id=NEW|email=new@x"]))
}

/// Half of them have another value already.
fn import_availability(world: &mut World, n: usize) -> String {
    world.put(&each(n, "person ID=P{n} EMAIL=p{n}@x"));
    world.put(&each(n / 2, "month USER=P{n} FREE=0.25"));
    import_availability::command(
        world,
        &(each(n, "p{n}@x;0.5") + "\n").replacen('p', "email;2026-01\np", 1),
    )
}

/// How many round trips 2,000 more people cost, and how many for 1, 2,000 and 4,000; nothing where
/// no stand-in is.
fn grown(prepare: Prepare<'_>) -> Option<(u64, [u64; 3])> {
    let mut trips = [0; 3];
    for (at, n) in [1, 2_000, 4_000].into_iter().enumerate() {
        let mut world = World::standin()?;
        world.config.limits.revoke.floor = 1_000_000;
        world.config.limits.import_users.floor = 1_000_000;
        let command = prepare(&mut world, n);
        // The binary's clock is the machine's.
        let today = command.split(" --as-of").next().unwrap_or_default();
        trips[at] = round_trips(&world, today);
    }
    Some((trips[2] - trips[1], trips))
}

#[test]
fn a_job_makes_a_round_trip_for_a_thousand_rows_of_each_statement() {
    // How many statements touch the rows of one person: reading them, holding and changing each
    // table, two tables of the ledger for each.
    let jobs: [(&str, Prepare<'_>, u64); 4] = [
        ("revoke", &revoke, 9),
        ("import-users", &import_users, 10),
        ("import-users that purges", &purge, 19),
        ("import-availability", &import_availability, 7),
    ];
    let mut table = format!("{:<30}{:>6}{:>8}{:>8}\n", "people who change", 1, 2_000, 4_000);
    for (job, prepare, statements) in jobs {
        let Some((grown, trips)) = grown(prepare) else { return };
        table += &format!("{job:<30}{:>6}{:>8}{:>8}\n", trips[0], trips[1], trips[2]);
        assert!(
            grown <= 2 * statements,
            "{job}: 2,000 more people cost {grown} more round trips: {trips:?}"
        );
    }
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("round_trips.txt");
    std::fs::write(path, table).unwrap();
}

#[test]
fn sync_managers_makes_a_round_trip_for_a_thousand_rows_of_each_statement() {
    needs_slapd!();
    let boss = Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss");
    let staff = (0..4_000).map(|n| Person::new(&format!("E{n:05}")).managed_by(&boss.dn));
    let people: Vec<Person> = staff.chain([boss.clone()]).collect();
    let slapd = Slapd::with(ldif(&people));
    let prepare = |world: &mut World, n: usize| {
        world.ask(slapd.settings());
        world.put(&each(n, "staff ID=E{n}"));
        "sync-managers".to_owned()
    };
    let Some((grown, trips)) = grown(&prepare) else { return };
    assert!(grown <= 2 * 6, "2,000 more people cost {grown} more round trips: {trips:?}");
}
