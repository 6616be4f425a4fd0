//! What the directory does not show, shows of somebody else, or shows so that it can't be taken: section 6 of
//! the spec, on a private OpenLDAP.

use recert::door::config::directory::DirectorySettings;
use recert::door::exit::Exit;

use crate::harness::{World, exit, ok, worlds};
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Options, Slapd};
use crate::sync_managers::{asking, boss};

/// What a run over these people says and does: its findings as `kind key: message`, and USER_TAB afterwards.
fn run_over(world: &World, users: &str) -> (Vec<String>, Vec<String>) {
    world.put(users);
    let ended = world.run("sync-managers");
    ok(&ended);
    let findings = ended.summary.findings.iter();
    let findings =
        findings.map(|finding| format!("{} {}: {}", finding.kind, finding.key, finding.message));
    let rows = world.query(
        "SELECT employee_id, linemanager_id, linemanager_name, linemanager_mail_id FROM user_tab ORDER BY employee_id",
    );
    let shown = |row: &recert::door::db::Row| {
        row.values.iter().map(recert::door::db::Value::display).collect::<Vec<_>>().join("|")
    };
    (findings.collect(), rows.iter().map(shown).collect())
}

const BOSS: &str = "MGR=BOSS \"NAME=Old Name\" MAIL=old@x";

/// What hides one attribute of everybody from everybody.
fn hiding(attribute: &'static str, people: &[Person]) -> Slapd {
    let database = match attribute {
        "mail" => "access to attrs=mail by * none\n",
        "displayName" => "access to attrs=displayName by * none\n",
        "sAMAccountName" => {
            "access to dn.base=\"cn=boss,ou=staff,dc=corp,dc=example\" attrs=sAMAccountName by * none\n"
        }
        _ => "access to attrs=manager by * none\n",
    };
    let database =
        format!("{database}access to attrs=userPassword by * auth\naccess to * by * read\n");
    let people = people.iter().chain([&boss()]).cloned().collect::<Vec<_>>();
    Slapd::start(Options {
        ldif: ldif(&people),
        database: Box::leak(database.into_boxed_str()),
        ..Options::default()
    })
}

#[test]
fn sync_managers_empties_nothing_because_it_may_not_read_it() {
    needs_slapd!();
    let people = ["E1", "E2"].map(|id| Person::new(id).managed_by(&boss().dn));
    let slapd = hiding("mail", &people);
    for world in worlds() {
        let mut world = asking(world, slapd.settings());
        let users = format!("staff {BOSS}\nstaff ID=E2 MGR=other NAME=Other MAIL=other@x");
        let (findings, rows) = run_over(&world, &users);
        assert_eq!(rows, ["E1|boss|The boss|old@x", "E2|boss|The boss|"], "{}", world.name);
        let expected = [
            "manager_incomplete E1: their manager boss: the entry shows no `mail`, and LINEMANAGER_MAIL_ID stays as it is",
            "manager_incomplete E2: their manager boss: the entry shows no `mail`, and LINEMANAGER_MAIL_ID is NULL",
        ];
        assert_eq!(findings, expected, "{}", world.name);
        world.config.sync_managers.clear_absent = true;
        let (findings, rows) = run_over(&world, "");
        assert_eq!(rows[0], "E1|boss|The boss|", "{}", world.name);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}

#[test]
fn sync_managers_keeps_the_whole_row_when_the_managers_id_is_hidden() {
    needs_slapd!();
    let people = ["E1", "E2"].map(|id| Person::new(id).managed_by(&boss().dn));
    let other = Person::new("E3").managed_by(&people[0].dn);
    let slapd = hiding("sAMAccountName", &[people.to_vec(), vec![other]].concat());
    for world in worlds() {
        let mut world = asking(world, slapd.settings());
        world.config.sync_managers.no_manager_percent = 100.0;
        let (findings, rows) =
            run_over(&world, &format!("staff {BOSS}\nstaff ID=E2\nstaff ID=E3 {BOSS}"));
        let kept = ["E1|BOSS|Old Name|old@x", "E2|||"];
        assert_eq!(rows[..2], kept, "{}", world.name);
        assert_eq!(rows[2], "E3|E1|The E1|E1@corp.example", "{}", world.name);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].starts_with("manager_incomplete E1: "), "{findings:?}");
        world.config.sync_managers.no_manager_percent = 50.0;
        assert_eq!(exit(&world.run("sync-managers")), Exit::Refused, "two of three");
    }
}

#[test]
fn sync_managers_reads_attributes_under_any_name_the_schema_has_for_them() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&[Person::new("E1").managed_by(&boss().dn), boss()]));
    for (name, mail) in [
        ("commonName", "rfc822Mailbox"),
        ("2.5.4.3", "0.9.2342.19200300.100.1.3"),
        ("CN", "RFC822MAILBOX"),
    ] {
        let settings = DirectorySettings {
            manager_name_attribute: name.into(),
            manager_mail_attribute: mail.into(),
            manager_attribute: "0.9.2342.19200300.100.1.10".into(),
            ..slapd.settings()
        };
        let world = asking(World::sqlite(), settings);
        let (findings, rows) = run_over(&world, "staff MGR=boss NAME=Old MAIL=old@x");
        assert_eq!(rows, ["E1|boss|boss|boss@corp.example"], "{name} {findings:?}");
    }
}

#[test]
fn sync_managers_takes_a_blank_for_nothing() {
    needs_slapd!();
    let blank =
        Person::named(&format!("CN=blank,OU=Staff,{BASE}"), "blank").with("displayName", " ");
    let nobody = Person::named(&format!("CN=nobody,OU=Staff,{BASE}"), "x")
        .without("sAMAccountName")
        .with("sAMAccountName", " ");
    let people = [
        Person::new("E1").managed_by(&blank.dn),
        Person::new("E2").managed_by(&nobody.dn),
        Person::new("E3").managed_by(&boss().dn),
        boss(),
        blank,
        nobody,
    ];
    let slapd = Slapd::with(ldif(&people));
    let world = asking(World::sqlite(), slapd.settings());
    let (findings, rows) = run_over(
        &world,
        &format!("staff MGR=blank NAME=Kept MAIL=x@x\nstaff ID=E2 {BOSS}\nstaff ID=E3"),
    );
    assert_eq!(rows[0], "E1|blank|Kept|blank@corp.example");
    assert_eq!(rows[1], "E2|BOSS|Old Name|old@x");
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn sync_managers_leaves_out_only_whose_entry_cannot_be_read() {
    needs_slapd!();
    let latin = Person::named(&format!("CN=latin,OU=Staff,{BASE}"), "latin").without("displayName");
    let long = Person::named(&format!("CN=long,OU=Staff,{BASE}"), "long")
        .with("displayName", &"é".repeat(129));
    let fits = Person::named(&format!("CN=fits,OU=Staff,{BASE}"), "fits")
        .with("displayName", &"é".repeat(128));
    let rich = Person::named(&format!("CN=rich,OU=Staff,{BASE}"), "rich").with("mail", "two@x");
    let mut text = ldif(&[
        Person::new("E1").managed_by(&latin.dn),
        Person::new("E2").managed_by(&long.dn),
        Person::new("E3").managed_by(&fits.dn),
        Person::new("E4").managed_by(&rich.dn),
        long,
        fits,
        rich,
    ]);
    // objectGUID is an octet string here, so that the server takes bytes that are no text.
    text += &latin.ldif().replace("mail::", "objectGUID:: //79\nmail::");
    let settings_with = |slapd: &Slapd, name: &str| DirectorySettings {
        manager_name_attribute: name.into(),
        ..slapd.settings()
    };
    let slapd = Slapd::with(text);
    let old = "MGR=old NAME=Old MAIL=old@x";
    for world in worlds() {
        let mut world = asking(world, settings_with(&slapd, "displayName"));
        world.config.sync_managers.no_manager_percent = 100.0;
        let (findings, rows) = run_over(
            &world,
            &format!("staff MGR=latin\nstaff ID=E2 {old}\nstaff ID=E3\nstaff ID=E4 {old}"),
        );
        assert_eq!(rows[1], "E2|old|Old|old@x", "{}", world.name);
        assert!(rows[2].starts_with("E3|fits|é"), "{}: {rows:?}", world.name);
        assert_eq!(rows[3], "E4|old|Old|old@x", "{}", world.name);
        let expected = [
            "unreadable E2: `displayName` of their manager long is 258 bytes long, and LINEMANAGER_NAME holds 256: left as it is",
            "ambiguous E4: `mail` of their manager rich has 2 values: left as it is",
        ];
        assert_eq!(findings[findings.len() - 2..], expected, "{}", world.name);
    }
    let mut world = asking(World::sqlite(), settings_with(&slapd, "objectGUID"));
    world.config.sync_managers.no_manager_percent = 100.0;
    let (findings, _) = run_over(&world, "staff");
    let unreadable = "unreadable E1: `objectGUID` of their manager latin holds bytes that are not UTF-8: left as it is";
    assert_eq!(findings, [unreadable]);
}

#[test]
fn sync_managers_syncs_a_disabled_manager_and_ones_own_and_names_them() {
    needs_slapd!();
    let gone = Person::named(&format!("CN=gone,OU=Staff,{BASE}"), "gone")
        .with("userAccountControl", "514");
    let own = Person::new("E2");
    let own = own.clone().managed_by(&own.dn).with("userAccountControl", "512");
    let people = [Person::new("E1").managed_by(&gone.dn), gone, own];
    let slapd = Slapd::with(ldif(&people));
    for world in worlds() {
        let world = asking(world, slapd.settings());
        let expected = [
            "manager_disabled E1: their manager gone is disabled in the directory: synced all the same",
            "self_managed E2: they are their own manager: synced all the same",
        ];
        for users in ["staff\nstaff ID=E2", ""] {
            let (findings, rows) = run_over(&world, users);
            assert_eq!(findings, expected, "{}", world.name);
            assert_eq!(rows[1], "E2|E2|The E2|E2@corp.example");
        }
    }
    // Also where managers are known by something else than users.
    let by_mail = DirectorySettings { manager_id_attribute: "mail".into(), ..slapd.settings() };
    let world = asking(World::sqlite(), by_mail);
    let (findings, _) = run_over(&world, "staff ID=E2");
    assert_eq!(findings, ["self_managed E2: they are their own manager: synced all the same"]);
}

#[test]
fn sync_managers_names_a_row_without_an_id_and_syncs_the_others() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&[Person::new("E1").managed_by(&boss().dn), boss()]));
    for world in worlds() {
        let world = asking(world, slapd.settings());
        let (mut findings, rows) =
            run_over(&world, "staff\nstaff ID=NULL\nstaff ID=E9\nstaff ID=NULL");
        findings.sort(); // Rows come by their ids, and not every database puts NULL in the same place.
        assert!(rows.iter().any(|row| row == "E1|boss|The boss|boss@corp.example"), "{rows:?}");
        let told = "not_found : the row has no EMPLOYEE_ID: left as it is";
        let gone = "not_found E9: not in the directory: left as it is";
        assert_eq!(findings, [told, told, gone], "{}", world.name);
    }
}

#[test]
fn sync_managers_refuses_when_hardly_anybody_has_a_manager_who_can_be_read() {
    needs_slapd!();
    let people = ["E1", "E2", "E3"].map(|id| Person::new(id).managed_by(&boss().dn));
    let hidden = hiding("manager", &people);
    let wrong = Slapd::with(ldif(people.iter().chain([&boss()])));
    let wrong_attribute =
        DirectorySettings { manager_attribute: "displayName".into(), ..wrong.settings() };
    for settings in [hidden.settings(), wrong_attribute] {
        let world = asking(World::sqlite(), settings);
        world.put("staff\nstaff ID=E2\nstaff ID=E3");
        let ended = world.run("sync-managers");
        assert_eq!(exit(&ended), Exit::Refused);
        assert!(ended.summary.error.unwrap().contains("no_manager_percent"));
    }
}

#[test]
fn sync_managers_refuses_when_it_finds_less_than_half_of_whom_its_last_run_found() {
    needs_slapd!();
    let ids: Vec<String> = (0..12).map(|n| format!("F{n:02}")).collect();
    let people: Vec<Person> =
        ids.iter().map(|id| Person::new(id).managed_by(&boss().dn)).chain([boss()]).collect();
    let (all, few) = (Slapd::with(ldif(&people)), Slapd::with(ldif(&people[7..])));
    for world in worlds() {
        let mut world = asking(world, all.settings());
        world.config.sync_managers.not_found_percent = 100.0;
        world.put(&ids.iter().map(|id| format!("staff ID={id}\n")).collect::<String>());
        ok(&world.run("sync-managers"));
        world.ask(few.settings());
        for _ in 0..2 {
            let ended = world.run("sync-managers");
            assert_eq!(exit(&ended), Exit::Refused, "{}", world.name);
            let error = ended.summary.error.unwrap();
            assert!(error.contains("5 users were found in the directory, and 12"), "{error}");
        }
        ok(&world.run("sync-managers --accept-source --reason moved"));
        ok(&world.run("sync-managers")); // Compared with what was accepted.
    }
}
