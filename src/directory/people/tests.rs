use super::*;
use crate::directory::AttributeValue;

fn people(ids: &[&str]) -> PeopleJoin {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    PeopleJoin::new(&ids, "dc=X")
}

fn person(name: &str) -> PersonEntry {
    PersonEntry {
        id: HeldValue::One(name.into()),
        name: HeldValue::One(format!("The {name}")),
        mail: HeldValue::Nothing,
        disabled: false,
    }
}

fn entry(dn: &str, id: &str, manager: HeldValue) -> FoundEntry {
    FoundEntry { dn: Some(dn.into()), ids: HeldValue::One(id.into()), manager, person: person(id) }
}

fn dn(text: &str) -> HeldValue {
    HeldValue::One(text.into())
}

fn line_manager(name: &str) -> LineManager {
    LineManager {
        id: AttributeValue::One(name.into()),
        name: AttributeValue::One(format!("The {name}")),
        mail: AttributeValue::Absent,
        disabled: false,
    }
}

fn manager(name: &str) -> ManagerAnswer {
    ManagerAnswer::Manager { manager: Arc::new(line_manager(name)), is_self: false }
}

fn own(name: &str) -> ManagerAnswer {
    ManagerAnswer::Manager { manager: Arc::new(line_manager(name)), is_self: true }
}

const BINARY: UnreadableReason = UnreadableReason::Binary;

#[test]
fn a_manager_who_was_found_as_an_employee_is_not_asked_for_again() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("cn=bob , dc=X")));
    assert_eq!(people.answered(), 0);
    assert_eq!(people.wanted().len(), 1);
    people.found(entry("CN=Bob,DC=x", "BOB", HeldValue::Nothing));
    assert_eq!(people.answered(), 2);
    assert!(people.wanted().is_empty());
    assert_eq!(people.answers(), [manager("BOB"), ManagerAnswer::NoManager]);
}

#[test]
fn every_id_given_gets_its_answer_however_often_and_however_spelt() {
    let mut people = people(&["ada", " ADA ", "", "  ", "bob", "ada"]);
    assert_eq!(people.answered(), 2);
    assert_eq!(people.unseen().len(), 2);
    let (asks, is_new) = people.found(entry("CN=Ada,DC=x", "Ada", dn("CN=Boss,DC=x")));
    assert_eq!((asks.len(), is_new), (1, true));
    people.all_looked_up();
    let boss = people.wanted()[0];
    assert_eq!((people.dn(boss), people.answered()), ("CN=Boss,DC=x", 3));
    people.manager(boss, person("boss"));
    assert_eq!(people.answered(), 6);
    let none = ManagerAnswer::NotFound;
    let boss = manager("boss");
    let all = [boss.clone(), boss.clone(), none.clone(), none.clone(), none, boss];
    assert_eq!(people.answers(), all);
}

#[test]
fn two_entries_of_one_id_are_ambiguous_and_one_entry_met_twice_is_not() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Boss,DC=x")));
    people.found(entry("CN=Ada,OU=y,DC=x", "Ada", dn("CN=Boss,DC=x")));
    people.found(entry("CN=Bob,DC=x", "bob", HeldValue::Nothing));
    people.found(entry("cn=bob,dc=x", "bob", HeldValue::Nothing));
    assert!(people.wanted().is_empty(), "nobody waits for the manager of an ambiguous id");
    assert_eq!(people.answered(), 2);
    assert_eq!(
        people.answers(),
        [ManagerAnswer::Ambiguous { entries: 2 }, ManagerAnswer::NoManager]
    );
}

#[test]
fn a_manager_who_is_not_to_be_had_is_dangling_for_a_reason() {
    let mut people = people(&["ada", "bob"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Gone\\, Away,DC=x")));
    people.found(entry("CN=Bob,DC=x", "bob", dn("not a dn")));
    let wanted = people.wanted();
    assert_eq!(wanted.iter().map(|&dn| people.is_dn(dn)).collect::<Vec<_>>(), [true, false]);
    people.missing(wanted[0], DanglingReason::NotThere);
    people.missing(wanted[1], DanglingReason::NotADn);
    assert_eq!(people.answered(), 2);
    let dangling = ManagerAnswer::Dangling;
    let answers = people.answers();
    assert_eq!(answers, [dangling(DanglingReason::NotThere), dangling(DanglingReason::NotADn)]);
}

#[test]
fn managers_in_a_circle_are_answers_like_others() {
    let mut people = people(&["ada", "bob", "eve"]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x")));
    people.found(entry("CN=Bob,DC=x", "bob", dn("CN=Ada,DC=x")));
    people.found(entry("CN=Eve,DC=x", "eve", dn("CN=Eve,DC=x")));
    assert_eq!(people.answers(), [manager("bob"), manager("ada"), own("eve")]);
}

#[test]
fn of_several_managers_none_is_taken() {
    let mut people = people(&["ada", "bob"]);
    let two = HeldValue::Several(vec!["CN=B,DC=x".into(), "CN=C,DC=x".into()]);
    let same = HeldValue::Several(vec!["CN=Ada,DC=x".into(), "cn=ada, dc=x".into()]);
    people.found(entry("CN=Ada,DC=x", "ada", two));
    people.found(entry("CN=Bob,DC=x", "bob", same));
    let several = ManagerAnswer::SeveralManagers { managers: 2 };
    assert_eq!(people.answers(), [several, manager("ada")]);
}

#[test]
fn of_a_managers_several_addresses_none_is_taken() {
    let mut people = people(&["ada"]);
    let mut ada = entry("CN=Ada,DC=x", "ada", dn("CN=Ada,DC=x"));
    ada.person.mail = HeldValue::Several(vec!["a@x".into(), "b@x".into()]);
    people.found(ada);
    let several = LineManager { mail: AttributeValue::Several(2), ..line_manager("ada") };
    let answer = ManagerAnswer::Manager { manager: Arc::new(several), is_self: true };
    assert_eq!(people.answers(), [answer]);
}

#[test]
fn what_cannot_be_read_is_said_of_whose_it_is_alone() {
    let mut people = people(&["ada", "bob", "eve", "kim"]);
    let unreadable = |values: &[&str]| {
        HeldValue::Unreadable(BINARY, values.iter().map(ToString::to_string).collect())
    };
    people.found(entry("CN=Ada,DC=x", "ada", unreadable(&[])));
    let mut bob = entry("CN=Bob,DC=x", "bob", dn("CN=Bob,DC=x"));
    bob.person.name = unreadable(&[]);
    people.found(bob);
    people.found(FoundEntry { dn: None, ..entry("", "eve", HeldValue::Nothing) });
    let mut kim = entry("CN=Kim,DC=x", "", dn("CN=Ada,DC=x"));
    kim.ids = unreadable(&["Kim"]);
    people.found(kim);
    let unread = |part| ManagerAnswer::Unreadable { part, why: BINARY };
    let nameless = LineManager { name: AttributeValue::Unreadable(BINARY), ..line_manager("bob") };
    let bob = ManagerAnswer::Manager { manager: Arc::new(nameless), is_self: true };
    let (ada, eve) = (unread(EntryPart::Manager), unread(EntryPart::Dn));
    assert_eq!(people.answers(), [ada, bob, eve, manager("ada")]);
}

#[test]
fn nobody_is_taken_for_whom_they_only_resemble() {
    let mut people = people(&["muller", "müller", "7", "eve"]);
    let found = entry("CN=m,DC=x", "MÜLLER", HeldValue::Nothing);
    people.found_another(0, &found.ids);
    let (asks, _) = people.found(found);
    assert_eq!(asks, [1]);
    people.found_another(2, &HeldValue::Nothing);
    people.all_looked_up();
    assert_eq!(people.answered(), 4);
    let hidden = ManagerAnswer::Unreadable { part: EntryPart::Id, why: UnreadableReason::Hidden };
    let (none, other) = (ManagerAnswer::NoManager, ManagerAnswer::OtherId);
    assert_eq!(people.answers(), [other, none, hidden, ManagerAnswer::NotFound]);
}

#[test]
fn who_is_outside_the_base_answers_nobody_but_may_be_a_manager() {
    let mut people = people(&["ada", "bob", "eve"]);
    people.found(entry("CN=Ada,DC=y", "ada", HeldValue::Nothing));
    people.found(entry("CN=Bob\\,DC=x,DC=y", "bob", HeldValue::Nothing));
    people.found(entry("CN=Eve,OU=z, DC=X", "eve", dn("CN=Ada,DC=y")));
    let other = ManagerAnswer::OtherBase;
    assert_eq!(people.answers(), [other.clone(), other, manager("ada")]);
}

#[test]
fn an_entry_with_several_ids_answers_each_of_them() {
    let mut people = people(&["ada", "countess", "bob"]);
    let mut ada = entry("CN=Ada,DC=x", "ada", dn("CN=Ada,DC=x"));
    ada.ids = HeldValue::Several(vec!["Ada".into(), "countess".into(), "other".into()]);
    assert_eq!(people.found(ada).0, [0, 1]);
    let answers = [own("ada"), own("ada"), ManagerAnswer::NotFound];
    assert_eq!(people.answers(), answers);
}

#[test]
fn after_a_scan_that_was_not_finished_everybody_is_asked_for_again() {
    let mut people = people(&["ada", "bob", ""]);
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x")));
    people.found(entry("CN=Bob,DC=x", "bob", HeldValue::Nothing));
    people.forget_who_was_seen();
    assert_eq!((people.unseen().len(), people.answered(), people.wanted().len()), (2, 1, 0));
    people.found(entry("CN=Ada,DC=x", "ada", dn("CN=Bob,DC=x")));
    people.all_looked_up();
    assert_eq!(
        (people.answered(), people.wanted().len()),
        (3, 0),
        "what is known of entries stays"
    );
    assert_eq!(
        people.answers(),
        [manager("bob"), ManagerAnswer::NotFound, ManagerAnswer::NotFound]
    );
}
