//! Every job: run, verify, restore, and every table is as it was, byte for byte.

use super::{cycle, restore};
use crate::disable_inactive::{self, RUN};
use crate::harness::{World, worlds};
use crate::import_availability;
use crate::import_users::import_of;
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Slapd};
use crate::sync_managers::asking;

#[test]
fn restore_of_sync_managers_brings_every_line_manager_back_to_the_letter() {
    needs_slapd!();
    let boss = Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss");
    let quiet = Person::named(&format!("CN=quiet,OU=Staff,{BASE}"), "quiet").without("mail");
    let staff = ["E1", "E2", "E3"].map(|id| Person::new(id).managed_by(&boss.dn));
    let of_quiet = Person::new("E4").managed_by(&quiet.dn);
    let slapd = Slapd::with(ldif(staff.iter().chain([&of_quiet, &boss, &quiet])));
    for world in worlds() {
        let world = asking(world, slapd.settings());
        cycle(
            world,
            "staff\nstaff\nstaff ID=E2 MGR=old \"NAME=Pat O'Brien\" MAIL=pat@x
             staff ID=E3 MGR=boss \"NAME=The boss\"\nstaff ID=E4 MGR=old MAIL=old@x\nstaff ID=E9
             user ID=E1 \"NAME=Zoë\" MAIL=zoe@x \"UPDATED=2026-01-31 10:11:12\"",
            "sync-managers",
        );
    }
}

const OPS: &str = "account ID=7 OIDC=\"o'b;--\" MAIL=a@example.org CREATED=2020-02-29 BY=5 \"UPDATED=2026-01-01 08:30:00\"
    session ID=70 OF=7 ACTIVE=0 \"LAST=2026-02-01 10:00:00\"
    session ID=71 OF=7 ACTIVE=1 \"LAST=2026-03-01 10:00:00\" BY=4 UPDATED=2026-03-01
    session ID=73 OF=7 ACTIVE=1 LAST=NULL
    account ID=8 CREATED=2020-02-29\naccount ID=9 CREATED=2020-01-01\naccount ID=10 CREATED=2026-11-29";

#[test]
fn restore_of_disable_inactive_gives_accounts_and_sessions_back_and_takes_its_own_rows_away() {
    for mut world in worlds() {
        disable_inactive::set_up(&mut world);
        cycle(world, OPS, RUN);
    }
}

#[test]
fn restore_of_disable_inactive_leaves_rows_alone_that_others_wrote_to_the_same_tables() {
    for mut world in worlds() {
        disable_inactive::set_up(&mut world);
        for _ in 0..2 {
            world.tamper("INSERT INTO ops_event (event_type, event_status, event_details, created_by) VALUES ('UPDATE_USER', 'SUCCESS', '{}', 1)");
            world.tamper("INSERT INTO ops_db_history (event_type, class_name, row_key, changes) VALUES ('UPDATED', 'User', '7', '{}')");
        }
        cycle(world, OPS, RUN);
    }
}

/// Sessions are being recorded: where nobody at all is active, the job doubts them.
const SOMEBODY_ACTIVE: &str = "account ID=99\nsession ID=99 OF=99 LAST=2026-11-30";

#[test]
fn restore_of_disable_inactive_knows_dates_in_every_notation_sqlite_may_hold() {
    let mut world = World::sqlite();
    disable_inactive::set_up(&mut world);
    for (id, held) in [
        (1, "2020-01-31"),
        (2, "2020-01-31 10:00:00"),
        (3, "2020-01-31T10:00:00Z"),
        (4, "2020-01-31T10:00:00.5"),
    ] {
        world.tamper(&format!("INSERT INTO ops_user (id, status, created_on, updated_on) VALUES ({id}, 'ACTIVE', '{held}', '{held}')"));
        world.tamper(&format!("INSERT INTO user_session (id, user_id, is_active, last_active_at, updated_on) VALUES ({id}, {id}, 1, '{held}', '{held}')"));
    }
    world.put(SOMEBODY_ACTIVE);
    cycle(world, OPS, RUN);
}

#[test]
fn restore_of_disable_inactive_is_not_refused_because_many_rows_told_of_it() {
    for mut world in worlds() {
        disable_inactive::set_up(&mut world);
        let accounts = (1..=20).map(|id| {
            format!("account ID={id} CREATED=2020-01-01\nsession ID={id} OF={id} ACTIVE=1 LAST=2020-01-01\n")
        });
        world.put(&accounts.collect::<String>());
        world.put(SOMEBODY_ACTIVE);
        let run = world.run(RUN);
        assert_eq!(world.config.limits.restore.floor, 10);
        let ended = restore(&world, &run, "");
        assert_eq!(ended.summary.counts.get("rows_updated"), 40);
        assert_eq!(ended.summary.counts.get("rows_deleted"), 60);
    }
}

/// Rows of PM tables, and the file that creates, changes, marks and unmarks people and takes roles away.
const PEOPLE: &str = "org\norg UNIT=5678
    person CITY=Bern \"IMPORTED=2026-01-01 10:11:12\" JOB=Baker
    person ID=U2 EMAIL=b@x \"LEAVING=2020-02-29 23:59:59\"
    person ID=U3 EMAIL=c@x DEL=1 DELETE_AT=2026-12-05
    person ID=U4 EMAIL=d@x\nrole USER=U4\nrole USER=U4\nrole USER=U4 NAME=R2 MANAGEMENT=0\nrole USER=U4 NAME=a/b\nrole USER=U4 NAME=a/b MANAGEMENT=0
    person ID=U5 EMAIL=e@x\nrole USER=U5
    person ID=U6 EMAIL=f@x UNIT=9999 CENTER=99991234
    person ID=U7 EMAIL=g@x GROUP=x\nmonth USER=U7\nmonth USER=U1 FREE=0.1";
const FILE: [&str; 8] = [
    "city=Basel",
    "id=U3|email=c@x",
    "id=U4|email=d@x|costCenter=56781234",
    "id=U5|email=e@x|costCenter=12349999|job=Cook",
    "id=U7|email=g@x|employeeGroup=Freier Mitarbeiter",
    "id=U8|email=h@x|lastName=O'Neil|initialEntry=44851|employmentPercentage=87.5",
    "id=|msgId=|email=Generated@X",
    "id=U1|email=another@x",
];

#[test]
fn restore_of_import_users_takes_created_people_away_and_brings_values_marks_and_roles_back() {
    for world in worlds() {
        let command = import_of(&world, &FILE);
        cycle(world, PEOPLE, &command);
    }
}

#[test]
fn restore_of_import_users_keeps_columns_that_recert_does_not_know() {
    for world in worlds() {
        for column in ["nickname VARCHAR2(20)", "born_on DATE"] {
            world.define(&format!("ALTER TABLE pm_user ADD {column}"));
            world.define(&format!("ALTER TABLE pm_user_role ADD {column}"));
        }
        world.put(PEOPLE);
        let day = if world.is_sqlite() { "'1999-12-31'" } else { "DATE '1999-12-31'" };
        for table in ["pm_user", "pm_user_role"] {
            world.tamper(&format!("UPDATE {table} SET nickname = 'Zoë', born_on = {day}"));
        }
        let command = import_of(&world, &FILE);
        cycle(world, "", &command);
    }
}

#[test]
fn restore_of_import_users_knows_dates_in_every_notation_sqlite_may_hold() {
    let world = World::sqlite();
    world.put(PEOPLE);
    for (id, held) in
        [("U1", "2020-01-31T10:00:00Z"), ("U2", "2020-01-31T00:00:00"), ("U4", "2020-01-31")]
    {
        world.tamper(&format!(
            "UPDATE pm_user SET initial_entry = '{held}', imported_at = '{held}' WHERE id = '{id}'"
        ));
    }
    let command = import_of(&world, &FILE);
    cycle(world, "", &command);
}

#[test]
fn restore_of_import_availability_takes_new_months_away_and_brings_old_values_back() {
    for world in worlds() {
        let text = "email;2026-01;2026-02;2026-03\nanna@example.org;0.5;1e-7;1e-3\nb@x;-1;;0.1\n";
        let command = import_availability::command(&world, text);
        cycle(
            world,
            "person\nperson ID=U2 EMAIL=b@x\nmonth FREE=0.25\nmonth MONTH=2026-02 FREE=0.3333333333333333
             month USER=U2 FREE=1\nmonth USER=U2 FREE=1\nmonth USER=U9 FREE=0.7",
            &command,
        );
    }
}
