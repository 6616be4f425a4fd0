//! The directory on a real server: who is found, and as what.

use std::sync::Arc;

use recert::door::config::directory::{DirectorySettings, Strategy};
use recert::door::directory::{AttributeValue, DanglingReason, LineManager, ManagerAnswer, open};
use recert::door::exit::Exit;

use crate::needs_slapd;
use crate::slapd::people::{Person, escape, ldif};
use crate::slapd::{BASE, Options, PASSWORD, Slapd};

pub(crate) fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Asks for the managers of `asked`, and checks that progress grows to the end.
pub(crate) fn ask(
    settings: &DirectorySettings,
    asked: &[&str],
) -> anyhow::Result<Vec<ManagerAnswer>> {
    let mut heard = vec![0];
    let mut directory = open(settings, settings.bind_dn.as_ref().map(|_| PASSWORD))?;
    let answers = directory.line_managers(&ids(asked), &mut |done| heard.push(done))?;
    assert!(heard.is_sorted(), "{heard:?}");
    assert_eq!(heard.last(), Some(&asked.len()));
    Ok(answers)
}

#[track_caller]
pub(crate) fn assert_fails(settings: &DirectorySettings, asked: &[&str], exit: Exit, say: &str) {
    let err = match ask(settings, asked) {
        Ok(answers) => panic!("answered {answers:?}"),
        Err(err) => err,
    };
    assert_eq!(Exit::of(&err), exit, "{err:#}");
    let said = format!("{err:#}");
    assert!(said.contains(say), "`{said}` does not say `{say}`");
    assert!(!said.contains(PASSWORD), "{said}");
}

pub(crate) fn manager(id: &str) -> ManagerAnswer {
    named(id, &format!("The {id}"), Some(&format!("{id}@corp.example")))
}

fn named(id: &str, name: &str, mail: Option<&str>) -> ManagerAnswer {
    let one = |text: &str| AttributeValue::One(text.into());
    let mail = mail.map_or(AttributeValue::Absent, one);
    let manager = LineManager { id: one(id), name: one(name), mail, disabled: false };
    ManagerAnswer::Manager { manager: Arc::new(manager), is_self: false }
}

/// The same, for somebody who manages themselves.
pub(crate) fn own(id: &str) -> ManagerAnswer {
    match manager(id) {
        ManagerAnswer::Manager { manager, .. } => ManagerAnswer::Manager { manager, is_self: true },
        other => other,
    }
}

pub(crate) fn boss() -> Person {
    Person::named(&format!("CN=boss,OU=Staff,{BASE}"), "boss")
}

/// A few people whose manager is `boss`.
pub(crate) fn staff(names: &[&str]) -> Vec<Person> {
    let of_boss = |id: &&str| Person::new(id).managed_by(&boss().dn);
    names.iter().map(of_boss).chain([boss()]).collect()
}

#[test]
fn a_test_server_can_be_started_here() {
    needs_slapd!();
    assert_eq!(Slapd::available(), Ok(()));
}

#[test]
fn managers_are_found_whatever_names_hold() {
    needs_slapd!();
    let names = [
        ("obrien", "O'Brien, Conor \"Con\"", "o'brien@corp.example"),
        ("zofie", "Žofie Lučić-Øster (Ext.)", "zofie@corp.example"),
        ("amp", "A & B; DROP TABLE--", "a+b@corp.example"),
        ("hash", "#1 = a+b <c> \\ *", "hash@corp.example"),
        ("han", "李 小龍", "han@corp.example"),
    ];
    let mut people = Vec::new();
    for (id, name, mail) in names {
        let dn = format!("CN={},OU=Board,{BASE}", escape(name));
        let person = Person::named(&dn, id).with("displayName", name);
        people.push(person.without("mail").with("mail", mail));
        people.push(Person::new(&format!("of-{id}")).managed_by(&dn));
    }
    let slapd = Slapd::with(ldif(&people));
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        for (id, name, mail) in names {
            let answers = ask(&settings, &[&format!("of-{id}")]).unwrap();
            assert_eq!(answers, [named(id, name, Some(mail))], "{strategy:?}");
        }
    }
}

#[test]
fn ids_are_compared_without_case_composition_or_blanks_round_them_and_answered_in_order() {
    needs_slapd!();
    let mut people = staff(&["ada", "O'Neil, (x)", "Žižka"]);
    people.push(Person::new("loner"));
    let slapd = Slapd::with(ldif(&people));
    let asked = [
        "nobody",
        " ADA ",
        "Z\u{30c}iz\u{30c}ka",
        "ada",
        "",
        "o'neil, (X)",
        "LONER",
        "o'neil,  (x)",
    ];
    let (boss, none) = (manager("boss"), ManagerAnswer::NotFound);
    let expected = [
        none.clone(),
        boss.clone(),
        boss.clone(),
        boss.clone(),
        none,
        boss,
        ManagerAnswer::NoManager,
        ManagerAnswer::OtherId,
    ];
    for strategy in [Strategy::Auto, Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        assert_eq!(ask(&settings, &asked).unwrap(), expected, "{strategy:?}");
    }
}

#[test]
fn hostile_ids_find_only_who_bears_them() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada", "a)(x=y", "back\\slash"])));
    let asked = [
        "*",
        "a*",
        "a)(sAMAccountName=*",
        "a)(x=*",
        ")(objectClass=*",
        "\\2a",
        "a\0",
        "ada)(|(a=*",
        "a)(x=y",
        "back\\slash",
    ];
    let mut expected = vec![ManagerAnswer::NotFound; 8];
    expected.extend([manager("boss"), manager("boss")]);
    let settings = slapd.settings();
    assert_eq!(ask(&settings, &asked).unwrap(), expected);
    for (id, answer) in asked.iter().zip(expected) {
        assert_eq!(ask(&settings, &[id]).unwrap(), [answer], "{id}");
    }
}

#[test]
fn manager_dns_lead_to_the_entry_however_they_are_written() {
    needs_slapd!();
    let john = format!("CN=Smith\\, John,OU=Staff,{BASE}");
    let spellings = [
        format!("CN=Smith\\, John,OU=Staff,{BASE}"),
        "cn=smith\\2C JOHN , ou=staff , dc=CORP , dc=example".to_owned(),
        "2.5.4.3=Smith\\2c John,OU=Staff,DC=corp,DC=example".to_owned(),
    ];
    let mut people = vec![Person::named(&john, "john")];
    for (i, spelling) in spellings.iter().enumerate() {
        people.push(Person::new(&format!("u{i}")).managed_by(spelling));
    }
    let slapd = Slapd::with(ldif(&people));
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        assert_eq!(ask(&settings, &["u0", "u1", "u2"]).unwrap(), vec![manager("john"); 3]);
        assert_eq!(
            ask(&settings, &["u0", "john"]).unwrap(),
            [manager("john"), ManagerAnswer::NoManager]
        );
    }
}

#[test]
fn two_entries_with_one_id_are_ambiguous() {
    needs_slapd!();
    let twin = Person::named(&format!("CN=ada,OU=Board,{BASE}"), "ADA");
    let people: Vec<Person> = staff(&["ada", "bob"]).into_iter().chain([twin]).collect();
    let slapd = Slapd::with(ldif(&people));
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        let expected = [ManagerAnswer::Ambiguous { entries: 2 }, manager("boss")];
        assert_eq!(ask(&settings, &["ada", "bob"]).unwrap(), expected);
    }
}

#[test]
fn dangling_managers_are_told_from_all_others() {
    needs_slapd!();
    let gone = format!("CN=Gone\\, Away,OU=Staff,{BASE}");
    let hidden = format!("CN=hidden,OU=Board,{BASE}");
    let people = [
        Person::new("left").managed_by(&gone),
        Person::new("secret").managed_by(&hidden),
        Person::named(&hidden, "hidden"),
        Person::new("far").managed_by("CN=x,DC=another,DC=example"),
        Person::new("chief"),
        Person::new("fine").managed_by(&format!("CN=chief,OU=Staff,{BASE}")),
    ];
    let database = "access to dn.subtree=\"ou=board,dc=corp,dc=example\" by * none\n\
                    access to attrs=userPassword by * auth\n\
                    access to * by * read\n";
    let slapd = Slapd::start(Options { ldif: ldif(&people), database, ..Options::default() });
    let not_there = ManagerAnswer::Dangling(DanglingReason::NotThere);
    let expected = [
        not_there.clone(),
        not_there.clone(),
        not_there,
        ManagerAnswer::NoManager,
        manager("chief"),
    ];
    let asked = ["left", "secret", "far", "chief", "fine"];
    assert_eq!(ask(&slapd.settings(), &asked).unwrap(), expected);
}

#[test]
fn managers_in_a_circle_are_found_like_others() {
    needs_slapd!();
    let dn = |id: &str| format!("CN={id},OU=Staff,{BASE}");
    let people = [
        Person::new("ada").managed_by(&dn("bob")),
        Person::new("bob").managed_by(&dn("ada")),
        Person::new("eve").managed_by(&dn("eve")),
    ];
    let slapd = Slapd::with(ldif(&people));
    let expected = [manager("bob"), manager("ada"), own("eve")];
    assert_eq!(ask(&slapd.settings(), &["ada", "bob", "eve"]).unwrap(), expected);
}

#[test]
fn a_manager_may_live_outside_the_base_and_need_not_be_a_user() {
    needs_slapd!();
    let chair = format!("CN=chair,OU=Board,{BASE}");
    let mut many = Vec::new();
    for i in 0..40 {
        let dn = format!("CN=chair{i},OU=Board,{BASE}");
        many.push(Person::named(&dn, &format!("chair{i}")));
        many.push(Person::new(&format!("u{i}")).managed_by(&dn));
    }
    let role = format!(
        "dn: {chair}\nobjectClass: organizationalRole\nobjectClass: extensibleObject\ncn: chair\n\
         sAMAccountName: chair\ndisplayName: The chair\nmail: chair@corp.example\n\n"
    );
    let slapd = Slapd::with(role + &Person::new("ada").managed_by(&chair).ldif() + &ldif(&many));
    let settings = DirectorySettings { base_dn: format!("ou=staff, {BASE}"), ..slapd.settings() };
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("chair")]);
    let asked: Vec<String> = (0..40).map(|i| format!("u{i}")).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let expected: Vec<ManagerAnswer> = (0..40).map(|i| manager(&format!("chair{i}"))).collect();
    assert_eq!(ask(&settings, &asked).unwrap(), expected);
}

#[test]
fn of_several_managers_or_addresses_none_is_taken() {
    needs_slapd!();
    let two =
        Person::new("two").managed_by(&boss().dn).managed_by(&format!("CN=ada,OU=Staff,{BASE}"));
    let rich = Person::new("rich").with("mail", "second@corp.example");
    let poor = Person::new("poor").without("mail").without("displayName");
    let people = [
        two,
        boss(),
        Person::new("ada").managed_by(&rich.dn),
        Person::new("bob").managed_by(&poor.dn),
        rich,
        poor,
    ];
    let slapd = Slapd::with(ldif(&people));
    let answers = ask(&slapd.settings(), &["two", "ada", "bob"]).unwrap();
    assert_eq!(answers[0], ManagerAnswer::SeveralManagers { managers: 2 });
    let shown = |answer: &ManagerAnswer| match answer {
        ManagerAnswer::Manager { manager, .. } => (manager.name.clone(), manager.mail.clone()),
        other => panic!("{other:?}"),
    };
    let name = AttributeValue::One("The rich".into());
    assert_eq!(shown(&answers[1]), (name, AttributeValue::Several(2)));
    assert_eq!(shown(&answers[2]), (AttributeValue::Absent, AttributeValue::Absent));
}

#[test]
fn names_of_attributes_have_no_case() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let settings = DirectorySettings {
        user_id_attribute: "samaccountname".into(),
        manager_attribute: "MANAGER".into(),
        manager_id_attribute: "SAMAccountName".into(),
        manager_name_attribute: "DISPLAYNAME".into(),
        manager_mail_attribute: "Mail".into(),
        ..slapd.settings()
    };
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
}

#[test]
fn a_misspelt_attribute_is_an_error_and_not_a_directory_without_managers() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let right = DirectorySettings { strategy, ..slapd.settings() };
        let wrong = |change: fn(&mut DirectorySettings, String), name: &str| {
            let mut settings = right.clone();
            change(&mut settings, name.to_owned());
            assert_fails(&settings, &["ada"], Exit::Config, &format!("attribute = \"{name}\""));
        };
        wrong(|settings, name| settings.user_id_attribute = name, "sAMAcountName");
        wrong(|settings, name| settings.manager_attribute = name, "managr");
        wrong(|settings, name| settings.manager_name_attribute = name, "displayNam");
        wrong(|settings, name| settings.manager_mail_attribute = name, "mial");
        // An attribute that exists, but which nobody holds, is no mistake.
        let settings = DirectorySettings { manager_mail_attribute: "uid".into(), ..right.clone() };
        assert_eq!(ask(&settings, &["ada"]).unwrap(), [named("boss", "The boss", None)]);
    }
}

#[test]
fn nobody_asked_is_nobody_bothered() {
    let settings = DirectorySettings {
        urls: vec!["ldap://localhost:1".into()],
        anonymous: true,
        base_dn: BASE.into(),
        ..DirectorySettings::default()
    };
    assert!(ask(&settings, &[]).unwrap().is_empty());
}
