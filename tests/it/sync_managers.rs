//! Section 6 of the spec, a sentence a test, on a private OpenLDAP.

use recert::door::config::directory::DirectorySettings;
use recert::door::exit::Exit;

use crate::fake_ldap::{Do, Fake};
use crate::harness::{World, check_on, exit, ok, printed, worlds, write_secret};
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Options, Slapd};

pub(crate) fn boss() -> Person {
    Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss")
}

/// A world that asks this directory.
pub(crate) fn asking(mut world: World, settings: DirectorySettings) -> World {
    world.ask(settings);
    world
}

/// On every database: these users, this directory, this plan.
fn check(users: &str, people: &[Person], plan: &str) {
    let slapd = Slapd::with(ldif(people.iter().chain([&boss()])));
    for world in worlds() {
        check_on(&asking(world, slapd.settings()), users, "sync-managers", plan);
    }
}

const NEW: &str = r#""LINEMANAGER_ID":"boss","LINEMANAGER_NAME":"The boss","LINEMANAGER_MAIL_ID":"boss@corp.example""#;
const NOW: &str = r#""UPDATED_DATE":"2030-06-15T12:00:00""#;

fn updated(id: &str) -> String {
    format!("update USER_TAB {id} {{{NEW},{NOW}}}: the directory says boss")
}

#[test]
fn sync_managers_fills_in_the_line_manager_of_users_of_rap_or_packbuilder() {
    needs_slapd!();
    let people = ["E1", "E2", "E3"].map(|id| Person::new(id).managed_by(&boss().dn));
    let users = "staff\nstaff ID=E2 RAP=0 PACKBUILDER=1\nstaff ID=E3 RAP=0 PACKBUILDER=NULL";
    check(users, &people, &format!("{}\n{}", updated("E1"), updated("E2")));
}

#[test]
fn sync_managers_fills_in_everybody_when_told_so() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&[Person::new("E1").managed_by(&boss().dn), boss()]));
    for world in worlds() {
        let mut world = asking(world, slapd.settings());
        world.config.sync_managers.all_users = true;
        check_on(&world, "staff RAP=0", "sync-managers", &updated("E1"));
    }
}

#[test]
fn sync_managers_updates_only_what_differs() {
    needs_slapd!();
    let people = ["E1", "E2", "E3", "E4"].map(|id| Person::new(id).managed_by(&boss().dn));
    let same = "MGR=boss \"NAME=The boss\" MAIL=boss@corp.example";
    check(
        &format!("staff {same}\nstaff ID=E2 MGR=old NAME=Old MAIL=old@x\nstaff ID=E3 {same} MAIL=NULL\nstaff ID=E4 {same} MAIL=Boss@corp.example"),
        &people,
        &format!(
            "update USER_TAB E3 {{\"LINEMANAGER_MAIL_ID\":\"boss@corp.example\",{NOW}}}: the directory says boss, with another name or mail
             update USER_TAB E2 {{{NEW},{NOW}}}: the directory says boss, not old
             update USER_TAB E4 {{\"LINEMANAGER_MAIL_ID\":\"boss@corp.example\",{NOW}}}: the directory says boss, with another name or mail"
        ),
    );
}

#[test]
fn sync_managers_takes_names_and_addresses_exactly_as_the_directory_holds_them() {
    needs_slapd!();
    for (name, mail) in [
        ("Pat O'Brien", "pat.o'brien@corp.example"),
        ("Ng, Ján Žofie (Ext.) & Söhne; DROP TABLE user_tab; --", "ján@corp.example"),
        ("=HYPERLINK(\"x\")", "a+b@corp.example"),
        ("  two  blanks ", "x@corp.example"),
    ] {
        let manager = Person::named(&format!("CN=m\\, x \\+ 'y' (z),OU=Staff,{BASE}"), "m1")
            .with("displayName", name)
            .without("mail")
            .with("mail", mail);
        let slapd = Slapd::with(ldif(&[Person::new("E1").managed_by(&manager.dn), manager]));
        for world in worlds() {
            let world = asking(world, slapd.settings());
            world.put("staff");
            ok(&world.run("sync-managers"));
            assert_eq!(world.one("SELECT linemanager_name FROM user_tab"), name, "{}", world.name);
            assert_eq!(
                world.one("SELECT linemanager_mail_id FROM user_tab"),
                mail,
                "{}",
                world.name
            );
        }
    }
}

#[test]
fn sync_managers_gives_null_for_a_new_manager_without_mail_and_names_it() {
    needs_slapd!();
    let quiet = Person::named(&format!("CN=quiet,OU=Staff,{BASE}"), "quiet").without("mail");
    let people = [Person::new("E1").managed_by(&quiet.dn), quiet];
    check(
        "staff MAIL=old@x",
        &people,
        &format!(
            "update USER_TAB E1 {{\"LINEMANAGER_ID\":\"quiet\",\"LINEMANAGER_NAME\":\"The quiet\",\"LINEMANAGER_MAIL_ID\":null,{NOW}}}: the directory says quiet"
        ),
    );
}

#[test]
fn sync_managers_leaves_a_user_as_they_are_whose_manager_cannot_be_told_and_names_them() {
    needs_slapd!();
    let people = [
        Person::named(&format!("CN=one,OU=Staff,{BASE}"), "E2").managed_by(&boss().dn),
        Person::named(&format!("CN=two,OU=Staff,{BASE}"), "e2").managed_by(&boss().dn),
        Person::new("E3"),
        Person::new("E4").managed_by(&format!("CN=gone,OU=Staff,{BASE}")),
        Person::new("E5").managed_by(&boss().dn),
        boss(),
    ];
    let slapd = Slapd::with(ldif(&people));
    for world in worlds() {
        let world = asking(world, slapd.settings());
        let same = "MGR=old NAME=Old MAIL=old@x";
        world.put(&format!(
            "staff {same}\nstaff ID=E2 {same}\nstaff ID=E3 {same}\nstaff ID=E4 {same}\nstaff ID=E5"
        ));
        let ended = world.run("sync-managers");
        ok(&ended);
        assert_eq!(printed(&ended), [updated("E5")], "{}", world.name);
        let found: Vec<_> = ended
            .summary
            .findings
            .iter()
            .map(|finding| (finding.kind, finding.key.as_str()))
            .collect();
        assert_eq!(
            found,
            [("not_found", "E1"), ("ambiguous", "E2"), ("no_manager", "E3"), ("dangling", "E4")]
        );
        let counts: Vec<_> = ended.summary.counts.iter().collect();
        let expected = [
            ("users", 5),
            ("updated", 1),
            ("unchanged", 0),
            ("not_found", 1),
            ("no_manager", 1),
            ("dangling", 1),
            ("ambiguous", 1),
            ("incomplete", 0),
            ("other_id", 0),
            ("unreadable", 0),
        ];
        assert_eq!(counts, expected, "{}", world.name);
    }
}

#[test]
fn sync_managers_finds_people_without_case_and_managers_in_a_circle() {
    needs_slapd!();
    let dn = |id: &str| Person::new(id).dn;
    let people = [
        Person::new("aa").managed_by(&dn("bb")),
        Person::new("bb").managed_by(&dn("aa")),
        Person::new("cc").managed_by(&dn("cc")),
    ];
    let slapd = Slapd::with(ldif(&people));
    for world in worlds() {
        let world = asking(world, slapd.settings());
        world.put("staff ID=AA\nstaff ID=Bb\nstaff ID=cc");
        ok(&world.run("sync-managers"));
        let managers =
            world.query("SELECT linemanager_id FROM user_tab ORDER BY UPPER(employee_id)");
        let managers: Vec<String> = managers.iter().map(|row| row.values[0].display()).collect();
        assert_eq!(managers, ["bb", "aa", "cc"], "{}", world.name);
    }
}

#[test]
fn sync_managers_updates_each_of_several_rows_with_one_id() {
    needs_slapd!();
    let people = [Person::new("E1").managed_by(&boss().dn)];
    check(
        "staff\nstaff MGR=boss \"NAME=The boss\" MAIL=boss@corp.example\nstaff",
        &people,
        &format!("{0}\n{0}", updated("E1")),
    );
}

#[test]
fn sync_managers_refuses_when_too_many_users_are_not_in_the_directory() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&[
        Person::new("E1").managed_by(&boss().dn),
        Person::new("E2"),
        Person::new("E3"),
        Person::new("E4"),
        boss(),
    ]));
    for world in worlds() {
        let mut world = asking(world, slapd.settings());
        world.config.sync_managers.not_found_percent = 20.0;
        world.put("staff\nstaff ID=E2\nstaff ID=E3\nstaff ID=E4\nstaff ID=X5");
        assert_eq!(
            exit(&world.preview("sync-managers")),
            Exit::Done,
            "one of five is exactly 20 %"
        );
        world.put("staff ID=X6");
        let ended = world.run("sync-managers");
        assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
        assert_eq!(
            world.one("SELECT COUNT(*) FROM user_tab WHERE linemanager_id IS NOT NULL"),
            "0"
        );
    }
}

#[test]
fn sync_managers_counts_only_replaced_managers_against_its_limit() {
    needs_slapd!();
    let people: Vec<Person> = (0..30)
        .map(|n| Person::new(&format!("F{n}")).managed_by(&boss().dn))
        .chain([boss()])
        .collect();
    let slapd = Slapd::with(ldif(&people));
    for world in worlds() {
        let mut world = asking(world, slapd.settings());
        world.config.limits.sync_managers = recert::door::config::Limits::default();
        world.put(&(0..30).map(|n| format!("staff ID=F{n}\n")).collect::<String>());
        ok(&world.run("sync-managers")); // First fills don't count.
        world.tamper("UPDATE user_tab SET linemanager_id = 'other'");
        let ended = world.run("sync-managers");
        assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
        assert!(ended.summary.error.unwrap().contains("takes away 30 of 30 rows"));
    }
}

#[test]
fn sync_managers_writes_nothing_when_the_directory_does_not_give_whole_answers() {
    let cut = Fake::start(|_| vec![Do::Result(4, "")]);
    let busy = Fake::start(|_| vec![Do::Result(51, "")]);
    let silent = Fake::start(|_| crate::fake_ldap::SILENCE);
    for (what, fake) in [("cut", &cut), ("busy", &busy), ("silent", &silent)] {
        let world = World::sqlite();
        world.put("staff");
        let settings = DirectorySettings {
            urls: vec![fake.url()],
            anonymous: true,
            base_dn: BASE.into(),
            dn_attribute: Some("entryDN".into()),
            ..DirectorySettings::default()
        };
        let mut world = asking(world, settings);
        world.config.directory.as_mut().unwrap().timeout = 1;
        world.config.database.retries = 0;
        let ended = world.run("sync-managers");
        assert_eq!(exit(&ended), Exit::Unavailable, "{what}: {:?}", ended.summary.error);
        assert_eq!(world.one("SELECT status FROM recert_run"), "failed", "{what}");
        assert_eq!(world.one("SELECT COUNT(*) FROM recert_change"), "0");
    }
}

#[test]
fn sync_managers_needs_a_person_when_login_certificate_or_config_is_wrong() {
    needs_slapd!();
    let slapd = Slapd::start(Options { ldif: ldif(&[boss()]), ..Options::default() });
    let world = World::sqlite();
    world.put("staff");
    assert_eq!(exit(&world.run("sync-managers")), Exit::Config, "no [directory]");

    let mut world = asking(world, slapd.settings());
    world.config.directory.as_mut().unwrap().ca_file = Some(slapd.other_ca_file());
    assert_eq!(exit(&world.run("sync-managers")), Exit::Config, "untrusted");

    let mut world = asking(world, slapd.settings());
    let wrong = world.folder.path().join("wrong.password");
    write_secret(&wrong, "wrong");
    world.config.directory.as_mut().unwrap().password_file = Some(wrong);
    assert_eq!(exit(&world.run("sync-managers")), Exit::Config, "wrong password");
    assert_eq!(world.one("SELECT COUNT(*) FROM recert_run WHERE status = 'failed'"), "3");
}
