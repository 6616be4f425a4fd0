//! The directory when something is wrong: with which number, how soon, and never a wrong answer.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use recert::door::config::directory::{DirectorySettings, Strategy};
use recert::door::directory::{DanglingReason, EntryPart, ManagerAnswer, UnreadableReason};
use recert::door::exit::Exit;

use crate::directory::{ask, assert_fails, manager};
use crate::fake_ldap::{
    Asked, Do, Fake, Fault, Proxy, SILENCE, What, all_report_to_the_boss, person,
};
use crate::needs_slapd;
use crate::slapd::people::{Person, ldif};
use crate::slapd::{ACCOUNT, BASE, DEAD_PORT, Slapd};

/// Settings for servers without TLS, with little patience.
pub(crate) fn hasty(urls: Vec<String>) -> DirectorySettings {
    DirectorySettings {
        urls,
        allow_plaintext: true,
        bind_dn: Some(ACCOUNT.into()),
        password_env: Some("RECERT_TEST_PASSWORD".into()),
        base_dn: BASE.into(),
        timeout: 1,
        retries: 1,
        ..DirectorySettings::default()
    }
}

fn staff(count: usize) -> (String, Vec<String>) {
    let boss = Person::new("boss");
    let ids: Vec<String> = (0..count).map(|i| format!("user{i:05}")).collect();
    let people: Vec<Person> = ids.iter().map(|id| Person::new(id).managed_by(&boss.dn)).collect();
    (ldif(people.iter().chain([&boss])), ids)
}

pub(crate) fn refs(ids: &[String]) -> Vec<&str> {
    ids.iter().map(String::as_str).collect()
}

/// A server that answers every search for people with this, and everything else as it should.
pub(crate) fn on_search(
    answer: impl Fn(&Asked) -> Option<Vec<Do>> + Send + Sync + 'static,
) -> Fake {
    Fake::start(move |asked| match &asked.what {
        What::Search { base, .. } if !base.is_empty() => {
            answer(asked).unwrap_or_else(|| all_report_to_the_boss(asked))
        }
        _ => all_report_to_the_boss(asked),
    })
}

pub(crate) fn many(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("user{i:05}")).collect()
}

// Servers that are not there, or say nothing.

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let settings = hasty(vec![
        format!("ldap://localhost:{DEAD_PORT}"),
        format!("ldap://localhost:{DEAD_PORT}"),
    ]);
    let start = Instant::now();
    assert_fails(&settings, &["ada"], Exit::Unavailable, "connecting to the directory (2 times)");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let settings = hasty(vec!["ldap://no-such-host.invalid".into()]);
    assert_fails(&settings, &["ada"], Exit::Unavailable, "no-such-host.invalid");
}

#[test]
fn when_the_first_server_is_dead_the_second_answers() {
    needs_slapd!();
    let slapd = Slapd::with(staff(1).0);
    let mut settings = slapd.settings();
    settings.urls.insert(0, format!("ldaps://localhost:{DEAD_PORT}"));
    let start = Instant::now();
    assert_eq!(ask(&settings, &["user00000"]).unwrap(), [manager("boss")]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_server_that_accepts_and_never_answers_is_unavailable_in_time() {
    needs_slapd!();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let slapd = Slapd::with(staff(1).0);
    for (scheme, starttls) in [("ldap", false), ("ldap", true), ("ldaps", false)] {
        let mut settings = DirectorySettings {
            starttls,
            ca_file: Some(slapd.ca_file()),
            retries: 0,
            ..hasty(vec![format!("{scheme}://localhost:{port}")])
        };
        let start = Instant::now();
        assert_fails(&settings, &["ada"], Exit::Unavailable, "in time");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

        let tls = scheme == "ldaps";
        let port = if tls { slapd.tls_port } else { slapd.port };
        settings.urls.push(format!("{scheme}://localhost:{port}"));
        assert_eq!(ask(&settings, &["user00000"]).unwrap(), [manager("boss")], "{scheme}");
    }
}

#[test]
fn a_search_that_is_never_answered_is_unavailable_in_time() {
    let fake = on_search(|_| Some(SILENCE));
    let start = Instant::now();
    assert_fails(&hasty(vec![fake.url()]), &["ada"], Exit::Unavailable, "2 times");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());

    // An entry now and then must not keep a search alive for ever.
    let drip = on_search(|_| {
        let drop = [person("x", None), Do::Wait(Duration::from_millis(300))];
        Some(std::iter::repeat_n(drop, 30).flatten().collect())
    });
    let settings = DirectorySettings { retries: 0, ..hasty(vec![drip.url()]) };
    let start = Instant::now();
    assert_fails(&settings, &["ada"], Exit::Unavailable, "more than 1 s");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn bytes_that_are_no_ldap_are_unavailable() {
    let fake = on_search(|_| Some(vec![Do::Garbage]));
    assert_fails(&hasty(vec![fake.url()]), &["ada"], Exit::Unavailable, "");
    let fake = Fake::start(|_| vec![Do::Garbage]);
    assert_fails(&hasty(vec![fake.url()]), &["ada"], Exit::Unavailable, "");
    // An entry in answer to a login, which the library would panic at.
    let fake = Fake::start(|_| vec![person("x", None), person("y", None)]);
    let settings = DirectorySettings { retries: 0, ..hasty(vec![fake.url()]) };
    assert!(ask(&settings, &["ada"]).is_err());
}

// Connections that break.

#[test]
fn a_server_killed_in_mid_search_is_unavailable_and_a_second_one_finishes_the_work() {
    needs_slapd!();
    let (ldif, ids) = staff(6000);
    let other = Slapd::with(ldif.clone());
    for second in [false, true] {
        let mut first = Slapd::with(ldif.clone());
        let proxy = Proxy::start(first.port, Fault::RoundTrip(Duration::from_millis(20)));
        let mut urls = vec![format!("ldap://localhost:{}", proxy.port)];
        if second {
            urls.push(format!("ldap://localhost:{}", other.port));
        }
        let settings = DirectorySettings { timeout: 5, strategy: Strategy::Batch, ..hasty(urls) };
        let passed = proxy.passed.clone();
        let killer = thread::spawn(move || {
            while passed.load(Ordering::SeqCst) < 200_000 {
                thread::sleep(Duration::from_millis(1));
            }
            first.kill();
        });
        if second {
            let answers = ask(&settings, &refs(&ids)).unwrap();
            assert_eq!(answers, vec![manager("boss"); ids.len()]);
        } else {
            assert_fails(&settings, &refs(&ids), Exit::Unavailable, "");
        }
        killer.join().unwrap();
    }
}

#[test]
fn connections_that_break_or_fall_silent_lose_nothing() {
    needs_slapd!();
    let (ldif, ids) = staff(3000);
    let slapd = Slapd::with(ldif);
    let faults = [
        Fault::Cut { connections: 3, after: 30_000 },
        Fault::Cut { connections: 1, after: 0 },
        Fault::Freeze { connections: 2, after: 30_000 },
    ];
    for fault in faults {
        for strategy in [Strategy::Batch, Strategy::Scan] {
            let proxy = Proxy::start(slapd.port, fault);
            let settings = DirectorySettings {
                strategy,
                retries: 7,
                ..hasty(vec![format!("ldap://localhost:{}", proxy.port)])
            };
            let answers = ask(&settings, &refs(&ids)).unwrap();
            assert_eq!(answers, vec![manager("boss"); ids.len()]);
            assert!(proxy.connections.load(Ordering::SeqCst) > 1);
        }
    }
}

#[test]
fn a_connection_that_always_breaks_is_unavailable_and_never_not_found() {
    let fake = on_search(|_| Some(vec![person("user00000", None), Do::HangUp]));
    let ids = many(300);
    let settings = DirectorySettings { retries: 2, ..hasty(vec![fake.url()]) };
    assert_fails(&settings, &refs(&ids), Exit::Unavailable, "closed the connection");
}

#[test]
fn a_server_that_takes_few_connections_is_asked_over_those() {
    let binds = AtomicUsize::new(0);
    let fake = Fake::start(move |asked| match asked.what {
        What::Bind if binds.fetch_add(1, Ordering::SeqCst) > 0 => vec![Do::HangUp],
        _ => all_report_to_the_boss(asked),
    });
    let ids = many(1000);
    let answers = ask(&hasty(vec![fake.url()]), &refs(&ids)).unwrap();
    assert_eq!(answers, vec![manager("boss"); ids.len()]);
    assert_eq!(fake.binds(), 4);
}

// Results.

#[test]
fn results_that_stay_are_unavailable_or_for_a_person_to_look_at() {
    for (rc, exit, say) in [
        (1, Exit::Unavailable, "operationsError"),
        (3, Exit::Unavailable, "timeLimitExceeded"),
        (4, Exit::Unavailable, "sizeLimitExceeded"),
        (11, Exit::Unavailable, "adminLimitExceeded"),
        (51, Exit::Unavailable, "busy"),
        (52, Exit::Unavailable, "unavailable"),
        (8, Exit::Config, "wants TLS"),
        (2, Exit::Unavailable, "refuses the search"),
        (12, Exit::Unavailable, "refuses the search"),
        (80, Exit::Unavailable, "so there"),
        (10, Exit::Config, "is not held by it"),
        (32, Exit::Config, "base_dn"),
        (50, Exit::Config, "grant it read access"),
        (53, Exit::Unavailable, "refuses the search"),
    ] {
        // With an entry before it, as a server whose limit is reached does.
        let fake = on_search(move |_| Some(vec![person("ada", None), Do::Result(rc, "so there")]));
        for strategy in [Strategy::Batch, Strategy::Scan] {
            let settings = DirectorySettings { strategy, retries: 0, ..hasty(vec![fake.url()]) };
            assert_fails(&settings, &["ada", "bob"], exit, say);
            assert_fails(&settings, &["ada"], exit, "so there");
        }
    }
}

#[test]
fn a_login_that_meets_a_busy_server_is_tried_again() {
    let fake = Fake::start(|asked| match (&asked.what, asked.before) {
        (What::Bind, 0) => vec![Do::Result(51, "")],
        _ => all_report_to_the_boss(asked),
    });
    assert_eq!(ask(&hasty(vec![fake.url()]), &["ada"]).unwrap(), [manager("boss")]);
}

#[test]
fn results_that_pass_are_waited_for() {
    for rc in [51, 52, 80] {
        let fake = on_search(move |asked| (asked.before < 4).then(|| vec![Do::Result(rc, "")]));
        let settings = DirectorySettings { retries: 5, ..hasty(vec![fake.url()]) };
        assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
        assert!(fake.searches() > 4);
    }
}

#[test]
fn a_server_that_limits_an_answer_is_asked_for_less() {
    for rc in [3, 4, 11] {
        let fake = on_search(move |asked| match &asked.what {
            What::Search { values, .. } if values.len() > 10 => {
                Some(vec![person(&values[0], None), Do::Result(rc, "")])
            }
            _ => None,
        });
        let ids = many(200);
        let settings = DirectorySettings { strategy: Strategy::Batch, ..hasty(vec![fake.url()]) };
        let answers = ask(&settings, &refs(&ids)).unwrap();
        assert_eq!(answers, vec![manager("boss"); ids.len()]);
    }
}

#[test]
fn referrals_are_not_followed_and_do_no_harm() {
    let fake = on_search(|asked| {
        let mut answer = vec![Do::Reference];
        answer.extend(all_report_to_the_boss(asked));
        answer.insert(answer.len() - 1, Do::Reference);
        Some(answer)
    });
    for strategy in [Strategy::Batch, Strategy::Scan] {
        let settings = DirectorySettings { strategy, ..hasty(vec![fake.url()]) };
        let answers = ask(&settings, &["ada", "bob"]).unwrap();
        assert_eq!(answers, [manager("boss"), manager("boss")]);
    }
}

#[test]
fn a_manager_on_a_server_that_is_not_asked_leads_nowhere() {
    let fake = on_search(|asked| match &asked.what {
        What::Search { scope: 0, .. } => Some(vec![Do::Result(10, "ref")]),
        _ => None,
    });
    let dangling = ManagerAnswer::Dangling(DanglingReason::OtherDomain);
    assert_eq!(ask(&hasty(vec![fake.url()]), &["ada"]).unwrap(), [dangling]);
}

#[test]
fn why_a_manager_leads_nowhere_is_told() {
    for (result, why) in [
        (10, DanglingReason::OtherDomain),
        (32, DanglingReason::NotThere),
        (34, DanglingReason::NotADn),
        (50, DanglingReason::NotReadable),
        (0, DanglingReason::NotReadable),
    ] {
        let fake = on_search(move |asked| match &asked.what {
            What::Search { scope: 0, .. } => Some(vec![Do::Result(result, "")]),
            _ => None,
        });
        let answers = ask(&hasty(vec![fake.url()]), &["ada"]).unwrap();
        assert_eq!(answers, [ManagerAnswer::Dangling(why)], "{result}");
    }
    let fake = on_search(|asked| match &asked.what {
        What::Search { scope: 0, .. } => Some(vec![person("eve", None), Do::Result(0, "")]),
        _ => None,
    });
    let other = ManagerAnswer::Dangling(DanglingReason::OtherEntry);
    assert_eq!(ask(&hasty(vec![fake.url()]), &["ada"]).unwrap(), [other]);
}

#[test]
fn a_base_that_is_not_there_is_for_a_person_to_look_at() {
    needs_slapd!();
    let slapd = Slapd::with(String::new());
    for base in ["OU=Nowhere,DC=corp,DC=example", "DC=another,DC=example"] {
        for strategy in [Strategy::Batch, Strategy::Scan] {
            let settings = DirectorySettings { base_dn: base.into(), strategy, ..slapd.settings() };
            assert_fails(&settings, &["ada"], Exit::Config, "`[directory] base_dn`");
        }
    }
}

#[test]
fn one_entry_that_cannot_be_read_stops_nobody_else() {
    let fake = on_search(|asked| match &asked.what {
        What::Search { values, scope: 2, .. } if values.iter().any(|id| id == "ada") => {
            let mut answer = all_report_to_the_boss(asked);
            answer.retain(|step| !matches!(step, Do::Entry(dn, _) if dn.starts_with("CN=ada,")));
            let managers = vec![b"CN=a,DC=x".to_vec(), b"CN=b,DC=x".to_vec()];
            let attributes =
                vec![("sAMAccountName", vec![b"ada".to_vec()]), ("manager;range=0-1", managers)];
            answer.insert(0, Do::Entry("CN=ada,DC=corp,DC=example".into(), attributes));
            Some(answer)
        }
        _ => None,
    });
    let unreadable =
        ManagerAnswer::Unreadable { part: EntryPart::Manager, why: UnreadableReason::Ranged };
    for batch_size in [1, 50] {
        let settings = DirectorySettings { batch_size, ..hasty(vec![fake.url()]) };
        let answers = ask(&settings, &["ada", "bob"]).unwrap();
        assert_eq!(answers, [unreadable.clone(), manager("boss")]);
    }
}

/// As Active Directory does, which takes no notice of accents, or a column of numbers of zeros.
fn offers(asked: &Asked, for_whom: &str, whom: &'static str) -> Option<Vec<Do>> {
    let What::Search { values, scope: 2, .. } = &asked.what else { return None };
    let boss = Some("CN=boss,DC=corp,DC=example");
    let mut found: Vec<&str> =
        values.iter().map(String::as_str).filter(|id| *id == "bob").collect();
    if values.iter().any(|id| id == for_whom || id == whom) {
        found.push(whom);
    }
    if values.iter().any(|value| value.starts_with("CN=")) {
        return None;
    }
    Some(found.into_iter().map(|id| person(id, boss)).chain([Do::Result(0, "")]).collect())
}

#[test]
fn whom_the_server_only_takes_for_them_is_nobodys_answer_whoever_is_asked_with_whom() {
    for (asked, held) in [("muller", "müller"), ("7", "007"), ("asa", "åsa"), ("a b", "a  b")] {
        let fake = on_search(move |request| offers(request, asked, held));
        for batch_size in [1, 2, 3, 50] {
            let settings = DirectorySettings { batch_size, ..hasty(vec![fake.url()]) };
            let answers = ask(&settings, &[asked, "bob", held, "nobody"]).unwrap();
            let boss = manager("boss");
            let expected = [ManagerAnswer::OtherId, boss.clone(), boss, ManagerAnswer::NotFound];
            assert_eq!(answers, expected, "{asked} {batch_size}");
        }
    }
}

#[test]
fn a_server_that_answers_everything_with_one_person_finds_that_person_alone() {
    let fake = on_search(|asked| match &asked.what {
        What::Search { scope: 2, .. } => {
            Some(vec![person("eve", Some("CN=boss,DC=corp,DC=example")), Do::Result(0, "")])
        }
        _ => None,
    });
    for batch_size in [1, 50] {
        let settings = DirectorySettings { batch_size, ..hasty(vec![fake.url()]) };
        let other = ManagerAnswer::OtherId;
        let expected = [other.clone(), manager("boss"), other];
        assert_eq!(ask(&settings, &["ada", "EVE", "bob"]).unwrap(), expected, "{batch_size}");
    }
}

#[test]
fn an_entry_of_another_base_answers_no_look_up() {
    let fake = on_search(|asked| match &asked.what {
        What::Search { scope: 2, values, .. } if values.iter().any(|id| id == "ada") => {
            let mut answer = all_report_to_the_boss(asked);
            for step in &mut answer {
                if let Do::Entry(dn, _) = step
                    && dn.starts_with("CN=ada,")
                {
                    *dn = "CN=ada,DC=elsewhere,DC=example".into();
                }
            }
            Some(answer)
        }
        _ => None,
    });
    for batch_size in [1, 50] {
        let settings = DirectorySettings { batch_size, ..hasty(vec![fake.url()]) };
        let expected = [ManagerAnswer::OtherBase, manager("boss")];
        assert_eq!(ask(&settings, &["ada", "bob"]).unwrap(), expected);
    }
}

#[test]
fn no_search_asks_for_more_than_configured() {
    let fake = Fake::start(all_report_to_the_boss);
    let ids = many(1000);
    let settings = DirectorySettings { batch_size: 20, ..hasty(vec![fake.url()]) };
    assert_eq!(ask(&settings, &refs(&ids)).unwrap(), vec![manager("boss"); 1000]);
    assert_eq!(fake.widest.load(Ordering::SeqCst), 20);
    assert_eq!(fake.binds(), 4, "four connections");
}
