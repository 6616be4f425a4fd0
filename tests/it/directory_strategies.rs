//! How the directory is asked: every strategy gives the same answers, within whatever the server allows.

use std::collections::BTreeMap;

use recert::door::config::directory::{DirectorySettings, Strategy};
use recert::door::directory::{DanglingReason, ManagerAnswer, open};

use crate::directory::{ask, boss, ids, manager, own, staff};
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{BASE, Options, PASSWORD, Slapd};

#[test]
fn size_limits_of_the_server_are_kept_within() {
    needs_slapd!();
    let names: Vec<String> = (0..1500).map(|i| format!("user{i:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let slapd = Slapd::with(ldif(&staff(&names)));
    let expected = vec![manager("boss"); names.len()];
    // The server gives an account 1000 entries a search, and 1000 a page.
    for (strategy, batch_size, page_size) in [
        (Strategy::Batch, 1000, 1000),
        (Strategy::Batch, 50, 1000),
        (Strategy::Scan, 50, 1000),
        (Strategy::Scan, 50, 5000),
        (Strategy::Scan, 50, 7),
    ] {
        let settings = DirectorySettings { strategy, batch_size, page_size, ..slapd.settings() };
        assert_eq!(
            ask(&settings, &names).unwrap(),
            expected,
            "{strategy:?} {batch_size} {page_size}"
        );
    }
}

#[test]
fn a_tight_size_limit_only_makes_more_searches() {
    needs_slapd!();
    let names: Vec<String> = (0..120).map(|i| format!("user{i:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let database = "sizelimit size.soft=7 size.hard=7 size.pr=7 size.prtotal=20\n";
    let slapd =
        Slapd::start(Options { ldif: ldif(&staff(&names)), database, ..Options::default() });
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        assert_eq!(ask(&settings, &names).unwrap(), vec![manager("boss"); 120], "{strategy:?}");
    }
}

#[test]
fn all_strategies_give_the_same_answers() {
    needs_slapd!();
    let mut people = Vec::new();
    let mut expected = BTreeMap::new();
    for i in 0..3000_usize {
        let id = format!("user{i:04}");
        let person = Person::new(&id);
        let (person, answer) = match i % 10 {
            0 => (person, ManagerAnswer::NoManager),
            1 => {
                let gone = ManagerAnswer::Dangling(DanglingReason::NotThere);
                (person.managed_by(&format!("CN=gone{i},OU=Staff,{BASE}")), gone)
            }
            _ => {
                let id = format!("user{:04}", i / 7);
                let answer = if i / 7 == i { own(&id) } else { manager(&id) };
                (person.managed_by(&format!("cn={id}, OU=Staff,{BASE}")), answer)
            }
        };
        if i % 100 == 5 {
            people.push(Person::named(&format!("CN={id},OU=Board,{BASE}"), &id));
            expected.insert(id, ManagerAnswer::Ambiguous { entries: 2 });
        } else {
            expected.insert(id, answer);
        }
        people.push(person);
    }
    let slapd = Slapd::with(ldif(&people));
    expected.insert("nobody".into(), ManagerAnswer::NotFound);
    for (step, strategy) in [
        (1, Strategy::Batch),
        (1, Strategy::Scan),
        (1, Strategy::Auto),
        (7, Strategy::Auto),
        (7, Strategy::Scan),
    ] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        let (asked, expected): (Vec<&str>, Vec<ManagerAnswer>) =
            expected.iter().step_by(step).map(|(id, answer)| (id.as_str(), answer.clone())).unzip();
        assert_eq!(ask(&settings, &asked).unwrap(), expected, "{strategy:?} {step}");
    }
}

#[test]
fn a_directory_can_be_asked_again() {
    needs_slapd!();
    let slapd = Slapd::with(ldif(&staff(&["ada"])));
    let mut directory = open(&slapd.settings(), Some(PASSWORD)).unwrap();
    for _ in 0..3 {
        let answers = directory.line_managers(&ids(&["ada"]), &mut |_| {}).unwrap();
        assert_eq!(answers, [manager("boss")]);
    }
    assert!(directory.line_managers(&[], &mut |_| {}).unwrap().is_empty());
}

#[test]
fn a_scan_that_was_not_finished_does_not_count() {
    needs_slapd!();
    // Both scans meet the first `ada` and end before the second: one because too many others come,
    // one because the server lets nobody have more than 500 entries by pages.
    let others: Vec<Person> = (0..1000).map(|i| Person::new(&format!("other{i:04}"))).collect();
    let wanted: Vec<String> = (0..2000).map(|i| format!("user{i:04}")).collect();
    let twin = |unit: &str| Person::named(&format!("CN=ada,OU={unit},{BASE}"), "ada");
    let people = wanted.iter().map(|id| Person::new(id).managed_by(&boss().dn));
    let mut all = vec![twin("Staff"), boss()];
    all.extend(others.into_iter().chain(people).chain([twin("Board")]));
    let database = "sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=500\n";
    let slapd = Slapd::start(Options { ldif: ldif(&all), database, ..Options::default() });
    let asked: Vec<&str> = ["ada"].into_iter().chain(wanted.iter().map(String::as_str)).collect();
    let mut expected = vec![ManagerAnswer::Ambiguous { entries: 2 }];
    expected.extend(vec![manager("boss"); wanted.len()]);
    for strategy in [Strategy::Auto, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..slapd.settings() };
        assert_eq!(ask(&settings, &asked).unwrap(), expected, "{strategy:?}");
    }
}
