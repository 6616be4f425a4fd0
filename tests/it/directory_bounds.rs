//! The directory when it passes a fault on, never ends, or sends what nobody would: other ways are tried, and
//! nothing grows without measure.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use recert::door::config::directory::{DirectorySettings, Strategy};
use recert::door::exit::Exit;

use crate::directory::{ask, assert_fails, manager};
use crate::directory_failures::{hasty, many, on_search, refs};
use crate::fake_ldap::{Do, Fake, SILENCE, What, all_report_to_the_boss, person};

// Results that pass, and servers that pass them on.

#[test]
fn a_result_that_comes_once_is_not_the_last_word() {
    for rc in [1, 2, 12, 17, 18, 21, 32, 50, 53, 80, 123] {
        let fake = on_search(move |asked| {
            (asked.before == 1).then(|| vec![Do::Result(rc, "not this time")])
        });
        for batch_size in [1, 50] {
            let settings = DirectorySettings { batch_size, ..hasty(vec![fake.url()]) };
            let boss = manager("boss");
            assert_eq!(ask(&settings, &["ada", "bob"]).unwrap(), [boss.clone(), boss], "{rc}");
        }
    }
}

#[test]
fn a_filter_that_is_refused_is_split_down_to_one_id() {
    for rc in [1, 2, 11, 12, 53, 80] {
        let fake = on_search(move |asked| match &asked.what {
            What::Search { values, scope: 2, .. } if values.len() > 1 => {
                Some(vec![Do::Result(rc, "no such filter")])
            }
            _ => None,
        });
        let ids = many(30);
        let settings = DirectorySettings { strategy: Strategy::Batch, ..hasty(vec![fake.url()]) };
        assert_eq!(ask(&settings, &refs(&ids)).unwrap(), vec![manager("boss"); 30], "{rc}");
    }
}

#[test]
fn an_anonymous_search_that_is_refused_is_no_demand_for_a_login_unless_it_says_so() {
    let anonymous = |url: String| DirectorySettings {
        anonymous: true,
        bind_dn: None,
        password_env: None,
        retries: 0,
        ..hasty(vec![url])
    };
    for (rc, text, exit) in [
        (53, "going down", Exit::Unavailable),
        (1, "strange", Exit::Unavailable),
        (53, "authentication required", Exit::Config),
        (1, "a successful bind must be completed on the connection", Exit::Config),
    ] {
        let fake = on_search(move |_| Some(vec![Do::Result(rc, text)]));
        assert_fails(&anonymous(fake.url()), &["ada"], exit, "");
    }
    let once =
        on_search(|asked| (asked.before < 2).then(|| vec![Do::Result(53, "busy with myself")]));
    let settings = DirectorySettings { retries: 3, ..anonymous(once.url()) };
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
}

#[test]
fn the_next_server_is_asked_when_one_is_silent_busy_or_hangs_up() {
    let good = Fake::start(all_report_to_the_boss);
    let bad: Vec<Fake> = vec![
        on_search(|_| Some(SILENCE)),
        on_search(|_| Some(vec![Do::Result(51, "")])),
        on_search(|_| Some(vec![Do::HangUp])),
        on_search(|_| Some(vec![Do::Result(53, "")])),
        on_search(|_| Some(vec![Do::Garbage])),
        Fake::start(|_| SILENCE),
        Fake::start(|_| vec![Do::HangUp]),
        Fake::start(|_| vec![Do::Result(52, "")]),
        Fake::start(|_| vec![Do::Result(53, "")]),
    ];
    for (n, bad) in bad.iter().enumerate() {
        let settings = DirectorySettings { retries: 1, ..hasty(vec![bad.url(), good.url()]) };
        assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")], "{n}");
    }
    let all: Vec<String> = bad.iter().chain([&good]).map(Fake::url).collect();
    let settings = DirectorySettings { retries: 1, ..hasty(all) };
    assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")], "one after the other");
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    let good = Fake::start(all_report_to_the_boss);
    // Where `localhost` has one address alone, the sentence in `pool.rs` has to do.
    let silent = TcpListener::bind(("::1", good.port));
    for retries in [0, 2] {
        let settings = DirectorySettings { retries, ..hasty(vec![good.url()]) };
        assert_eq!(ask(&settings, &["ada"]).unwrap(), [manager("boss")]);
    }
    drop(silent);
}

// Pages without end, and answers without measure.

fn scanning(url: String) -> DirectorySettings {
    DirectorySettings { strategy: Strategy::Scan, ..hasty(vec![url]) }
}

#[test]
fn pages_that_never_end_give_way_to_look_ups() {
    let cookies: [fn(usize) -> Vec<u8>; 2] =
        [|_| b"again".to_vec(), |page| page.to_be_bytes().to_vec()];
    for (n, cookie) in cookies.into_iter().enumerate() {
        for entries in [0, 1] {
            let fake = on_search(move |asked| match &asked.what {
                What::Search { cookie: Some(_), .. } => {
                    let mut page = vec![person("ada", None); entries];
                    page.push(Do::Page(cookie(asked.before)));
                    Some(page)
                }
                _ => None,
            });
            let answers = ask(&scanning(fake.url()), &["ada", "bob"]).unwrap();
            assert_eq!(answers, vec![manager("boss"); 2], "{n} {entries}");
            assert!(fake.searches() < 40, "{} searches", fake.searches());
        }
    }
}

#[test]
fn a_page_that_is_refused_gives_way_to_look_ups() {
    for rc in [1, 2, 12, 32, 50, 53, 80] {
        let fake = on_search(move |asked| match &asked.what {
            What::Search { cookie: Some(cookie), .. } if cookie.is_empty() => {
                Some(vec![person("ada", None), Do::Page(b"next".to_vec())])
            }
            What::Search { cookie: Some(_), .. } => Some(vec![Do::Result(rc, "whose cookie?")]),
            _ => None,
        });
        let answers = ask(&scanning(fake.url()), &["ada", "bob"]).unwrap();
        assert_eq!(answers, vec![manager("boss"); 2], "{rc}");
    }
}

#[test]
fn the_whole_has_a_deadline() {
    let fake = on_search(|asked| {
        let mut answer = vec![Do::Wait(Duration::from_millis(600))];
        answer.extend(all_report_to_the_boss(asked));
        Some(answer)
    });
    let settings =
        DirectorySettings { deadline: 2, batch_size: 1, connections: 1, ..hasty(vec![fake.url()]) };
    let start = Instant::now();
    let ids = many(100);
    assert_fails(&settings, &refs(&ids), Exit::Unavailable, "`[directory] deadline`");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let fake = on_search(|asked| match &asked.what {
        What::Search { scope: 2, values, .. }
            if !values.iter().any(|value| value.starts_with("CN=")) =>
        {
            Some((0..20_000).map(|n| person(&format!("x{n}"), None)).collect())
        }
        _ => None,
    });
    let settings = DirectorySettings { retries: 0, timeout: 20, ..hasty(vec![fake.url()]) };
    assert_fails(&settings, &["ada"], Exit::Unavailable, "more than was asked for");
    let huge = on_search(|_| Some(vec![Do::Raw(vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02])]));
    let settings = DirectorySettings { retries: 0, timeout: 20, ..hasty(vec![huge.url()]) };
    assert_fails(&settings, &["ada"], Exit::Unavailable, "longer than any is");
}

#[test]
fn values_that_are_nested_without_measure_are_unavailable_and_no_crash() {
    let in_search = on_search(|_| Some(vec![Do::Nested(40_000)]));
    let in_login = Fake::start(|_| vec![Do::Nested(40_000)]);
    for fake in [in_search, in_login] {
        let settings = DirectorySettings { retries: 0, ..hasty(vec![fake.url()]) };
        assert_fails(&settings, &["ada"], Exit::Unavailable, "can't be read");
    }
}

#[test]
fn answers_that_no_server_gives_are_unavailable_and_no_defect() {
    for bytes in [
        &[0x30, 0x05, 0x02, 0x01, 0x02, 0x61, 0x00][..], // A login's answer to a search, with nothing in it.
        &[0x30, 0x05, 0x02, 0x01, 0x02, 0x65, 0x00],
        &[0x30, 0x03, 0x02, 0x01, 0x02],
        &[0x30, 0x00],
        &[0x30, 0x80, 0x00, 0x00],
    ] {
        let fake = on_search(move |_| Some(vec![Do::Raw(bytes.to_vec())]));
        let settings = DirectorySettings { retries: 0, ..hasty(vec![fake.url()]) };
        assert_fails(&settings, &["ada"], Exit::Unavailable, "can't be read");
    }
}

#[test]
fn what_a_server_says_of_people_stays_out_of_the_error() {
    let fake = on_search(|_| Some(vec![Do::Result(80, "no CN=Ada Lovelace,OU=Staff for ada@x")]));
    let settings = DirectorySettings { retries: 0, ..hasty(vec![fake.url()]) };
    let error = format!("{:#}", ask(&settings, &["ada"]).unwrap_err());
    assert!(!error.contains("Lovelace") && !error.contains("CN="), "{error}");
}
