use super::*;
use crate::directory::entry::Why;
use crate::exit::Exit;

fn names() -> Names {
    Names {
        manager: "manager".into(),
        id: "sAMAccountName".into(),
        name: "displayName".into(),
        mail: "mail".into(),
    }
}

fn people(ids: &[&str]) -> People {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    People::new(&ids, names())
}

fn person(name: &str) -> Person {
    Person {
        id: Held::One(name.into()),
        name: Held::One(format!("The {name}")),
        mail: Held::Nothing,
    }
}

fn entry(dn: &str, id: &str, manager: Held) -> Found {
    Found { dn: dn.into(), ids: Held::One(id.into()), manager, person: person(id) }
}

fn dn(text: &str) -> Held {
    Held::One(text.into())
}

fn manager(name: &str) -> Answer {
    let (id, name) = (Some(name.into()), Some(format!("The {name}")));
    Answer::Manager(Arc::new(Manager { id, name, mail: None }))
}

#[test]
fn a_manager_who_was_found_as_an_employee_is_not_asked_for_again() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("cn=bob , dc=X"))).unwrap();
    assert_eq!(people.answered(), 0);
    assert_eq!(people.wanted().len(), 1);
    people.found(entry("CN=Bob,DC=x", "BOB", Held::Nothing)).unwrap();
    assert_eq!(people.answered(), 2);
    assert!(people.wanted().is_empty());
    assert_eq!(people.answers().unwrap(), [manager("BOB"), Answer::NoManager]);
}

#[test]
fn every_id_given_gets_its_answer_however_often_and_however_spelt() {
    let mut people = people(&["ada", " ADA ", "", "  ", "bob", "ada"]);
    assert_eq!(people.answered(), 2);
    assert_eq!(people.unseen().len(), 2);
    let asks = people.found(entry("CN=Ada,DC=x", "Ada", dn("CN=Boss,DC=x"))).unwrap();
    assert_eq!(asks.len(), 1);
    people.all_looked_up();
    let boss = people.wanted()[0];
    assert_eq!((people.dn(boss), people.answered()), ("CN=Boss,DC=x", 3));
    people.manager(boss, person("boss"));
    assert_eq!(people.answered(), 6);
    let none = Answer::NotFound;
    let boss = manager("boss");
    let all = [boss.clone(), boss.clone(), none.clone(), none.clone(), none, boss];
    assert_eq!(people.answers().unwrap(), all);
}

#[test]
fn two_entries_of_one_id_are_ambiguous_and_one_entry_met_twice_is_not() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Boss,DC=x"))).unwrap();
    people.found(entry("CN=Ada,OU=y,DC=x", "Ada", dn("CN=Boss,DC=x"))).unwrap();
    people.found(entry("CN=Bob,DC=x", "bob", Held::Nothing)).unwrap();
    people.found(entry("cn=bob,dc=x", "bob", Held::Nothing)).unwrap();
    assert!(people.wanted().is_empty(), "nobody waits for the manager of an ambiguous id");
    assert_eq!(people.answered(), 2);
    assert_eq!(people.answers().unwrap(), [Answer::Ambiguous { entries: 2 }, Answer::NoManager]);
}

#[test]
fn a_manager_who_is_not_there_is_dangling_as_spelt() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Gone\\, Away,DC=x"))).unwrap();
    people.found(entry("CN=Bob,DC=x", "bob", dn("not a dn"))).unwrap();
    let wanted = people.wanted();
    assert_eq!(wanted.iter().map(|&dn| people.is_dn(dn)).collect::<Vec<_>>(), [true, false]);
    wanted.into_iter().for_each(|dn| people.missing(dn));
    assert_eq!(people.answered(), 2);
    let dangling = |dn: &str| Answer::Dangling { dn: dn.into() };
    let answers = people.answers().unwrap();
    assert_eq!(answers, [dangling("CN=Gone\\, Away,DC=x"), dangling("not a dn")]);
}

#[test]
fn managers_in_a_circle_are_answers_like_others() {
    let mut people = people(&["ada", "bob", "eve"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x"))).unwrap();
    people.found(entry("CN=Bob,DC=x", "bob", dn("CN=Ada,DC=x"))).unwrap();
    people.found(entry("CN=Eve,DC=x", "eve", dn("CN=Eve,DC=x"))).unwrap();
    assert_eq!(people.answers().unwrap(), [manager("bob"), manager("ada"), manager("eve")]);
}

#[test]
fn of_several_managers_none_is_taken() {
    let mut people = people(&["ada", "bob"]);
    let two = Held::Several(vec!["CN=B,DC=x".into(), "CN=C,DC=x".into()]);
    let same = Held::Several(vec!["CN=Ada,DC=x".into(), "cn=ada, dc=x".into()]);
    people.found(entry("CN=Ada,DC=x", "ada", two)).unwrap();
    people.found(entry("CN=Bob,DC=x", "bob", same)).unwrap();
    let several = Answer::SeveralValues { attribute: "manager".into(), values: 2 };
    assert_eq!(people.answers().unwrap(), [several, manager("ada")]);
}

#[test]
fn an_empty_manager_is_none() {
    let mut people = people(&["ada"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn(" "))).unwrap();
    assert_eq!(people.answers().unwrap(), [Answer::NoManager]);
}

#[test]
fn of_a_managers_several_addresses_none_is_taken() {
    let mut people = people(&["ada"]);
    let mut ada = entry("CN=Ada,DC=x", "ada", dn("CN=Ada,DC=x"));
    ada.person.mail = Held::Several(vec!["a@x".into(), "b@x".into()]);
    people.found(ada).unwrap();
    let several = Answer::SeveralValues { attribute: "mail".into(), values: 2 };
    assert_eq!(people.answers().unwrap(), [several]);
}

#[test]
fn what_cannot_be_read_is_an_error_only_where_it_is_needed() {
    let mut unwanted = people(&["ada"]);
    unwanted.found(entry("CN=Bob,DC=x", "bob", Held::Unreadable(Why::Binary))).unwrap();
    let mut ada = entry("CN=Ada,DC=x", "ada", Held::Nothing);
    ada.person.name = Held::Unreadable(Why::Binary);
    unwanted.found(ada).unwrap();
    assert_eq!(unwanted.answers().unwrap(), [Answer::NoManager]);

    let mut wanted = people(&["ada"]);
    let err = wanted.found(entry("CN=Ada,DC=x", "ada", Held::Unreadable(Why::Ranged))).unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config);
    assert!(format!("{err:#}").contains("`manager` of entry `CN=Ada,DC=x`"), "{err:#}");

    let mut managed = people(&["ada"]);
    let mut ada = entry("CN=Ada,DC=x", "ada", dn("CN=Ada,DC=x"));
    ada.person.name = Held::Unreadable(Why::Binary);
    managed.found(ada).unwrap();
    let err = managed.answers().unwrap_err();
    assert_eq!(Exit::of(&err), Exit::Config);
    assert!(format!("{err:#}").contains("`displayName` of entry `CN=Ada,DC=x`"), "{err:#}");
}

#[test]
fn an_entry_with_several_ids_answers_each_of_them() {
    let mut people = people(&["ada", "countess", "bob"]);
    let mut ada = entry("CN=Ada,DC=x", "ada", dn("CN=Ada,DC=x"));
    ada.ids = Held::Several(vec!["Ada".into(), "countess".into(), "other".into()]);
    assert_eq!(people.found(ada).unwrap(), [0, 1]);
    let answers = [manager("ada"), manager("ada"), Answer::NotFound];
    assert_eq!(people.answers().unwrap(), answers);
}

#[test]
fn after_a_scan_that_was_not_finished_everybody_is_asked_for_again() {
    let mut people = people(&["ada", "bob", ""]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x"))).unwrap();
    people.found(entry("CN=Bob,DC=x", "bob", Held::Nothing)).unwrap();
    people.forget_who_was_seen();
    assert_eq!((people.unseen().len(), people.answered(), people.wanted().len()), (2, 1, 0));
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x"))).unwrap();
    people.all_looked_up();
    assert_eq!(
        (people.answered(), people.wanted().len()),
        (3, 0),
        "what is known of entries stays"
    );
    assert_eq!(people.answers().unwrap(), [manager("bob"), Answer::NotFound, Answer::NotFound]);
}
