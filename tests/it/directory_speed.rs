//! How often the directory is waited for. Nothing is timed: a proxy holds back what is sent until all that can be
//! sent without another answer is there, so that who asks one after the other gets no answer at all.

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use recert::door::config::directory::{DirectorySettings, Strategy};

use crate::directory::{ask, manager, own};
use crate::fake_ldap::{children, read_tlv, tlv};
use crate::needs_slapd;
use crate::slapd::Slapd;
use crate::slapd::people::{Person, ldif};

/// A proxy before a real server that lets requests through by rounds.
struct RoundTrips {
    port: u16,
    rounds: Arc<Mutex<Rounds>>,
}

/// Which requests are on their way, in which round.
#[derive(Default)]
struct Rounds {
    /// How many requests each round to come has.
    to_come: VecDeque<usize>,
    /// The round under way: whom each request goes to.
    held: Vec<(TcpStream, Vec<u8>)>,
    /// Requests after the last round.
    too_many: usize,
}

impl RoundTrips {
    fn before(server: u16, rounds: &[usize]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let to_come = rounds.iter().copied().collect();
        let rounds = Arc::new(Mutex::new(Rounds { to_come, ..Rounds::default() }));
        let shared = Arc::clone(&rounds);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (mut answers, mut to) =
                    (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    std::io::copy(&mut answers, &mut to).ok();
                    to.shutdown(Shutdown::Both).ok();
                });
                let rounds = Arc::clone(&shared);
                thread::spawn(move || pass_requests(client, &server, &rounds));
            }
        });
        RoundTrips { port, rounds }
    }

    /// How many requests came, of those that each round that was not complete should have had; and after the last.
    fn left(&self) -> (usize, Vec<usize>, usize) {
        let rounds = self.rounds.lock().unwrap();
        (rounds.held.len(), rounds.to_come.iter().copied().collect(), rounds.too_many)
    }
}

fn pass_requests(mut client: TcpStream, server: &TcpStream, rounds: &Mutex<Rounds>) {
    while let Some(message) = read_tlv(&mut client) {
        const UNBIND: u8 = 0x42;
        if children(&message).nth(1).is_none_or(|(operation, _)| operation == UNBIND) {
            break;
        }
        rounds.lock().unwrap().hold(server.try_clone().unwrap(), tlv(0x30, &message));
    }
    server.shutdown(Shutdown::Both).ok();
}

impl Rounds {
    fn hold(&mut self, server: TcpStream, request: Vec<u8>) {
        self.held.push((server, request));
        match self.to_come.front() {
            Some(&round) if self.held.len() < round => return,
            Some(_) => drop(self.to_come.pop_front()),
            None => self.too_many += 1,
        }
        for (mut server, request) in self.held.drain(..) {
            server.write_all(&request).ok(); // Who gave up is not there any more.
        }
    }
}

#[test]
fn eight_thousand_people_take_few_round_trips() {
    needs_slapd!();
    let ids: Vec<String> = (0..8000).map(|i| format!("user{i:05}")).collect();
    let dn = |i: usize| Person::new(&ids[i]).dn;
    let people: Vec<Person> =
        (0..ids.len()).map(|i| Person::new(&ids[i]).managed_by(&dn(i / 8))).collect();
    let slapd = Slapd::with(ldif(&people));
    let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut expected: Vec<_> = (0..ids.len()).map(|i| manager(&ids[i / 8])).collect();
    expected[0] = own(&ids[0]);
    // Login, what the server is, its schema. Then searches for 50 people each, four on each of four connections:
    // while the other three log in, the first one asks.
    let by_id = [&[1, 1, 1, 3 + 4][..], &[16; 9], &[160 - 4 - 9 * 16]].concat();
    // With the schema a first page of 200, which tells whether the rest is worth it; and eight of a thousand.
    let by_pages = [&[1, 1, 2][..], &[1; 8]].concat();
    for (strategy, rounds) in [(Strategy::Batch, &by_id[..]), (Strategy::Auto, &by_pages)] {
        let proxy = RoundTrips::before(slapd.port, rounds);
        let settings = DirectorySettings {
            urls: vec![format!("ldap://localhost:{}", proxy.port)],
            strategy,
            timeout: 60,
            retries: 0,
            ..slapd.plain_settings()
        };
        let answers = ask(&settings, &asked);
        let left = proxy.left();
        assert_eq!(left, (0, Vec::new(), 0), "{strategy:?}: {:?}", answers.err());
        assert_eq!(answers.unwrap(), expected);
    }
}

#[test]
fn a_first_page_is_asked_for_again_only_where_the_schema_has_other_names_for_what_is_on_it() {
    needs_slapd!();
    let boss = Person::new("boss").with("description", "The boss");
    let ada = Person::new("ada").managed_by(&boss.dn);
    let slapd = Slapd::with(ldif(&[ada, boss]));
    // Login, what the server is, the page with the schema, perhaps the page.
    for (attribute, rounds) in [("displayName", &[1, 1, 2][..]), ("2.5.4.13", &[1, 1, 2, 1])] {
        let proxy = RoundTrips::before(slapd.port, rounds);
        let settings = DirectorySettings {
            urls: vec![format!("ldap://localhost:{}", proxy.port)],
            manager_name_attribute: attribute.to_owned(),
            strategy: Strategy::Scan,
            timeout: 60,
            retries: 0,
            ..slapd.plain_settings()
        };
        let answers = ask(&settings, &["ada"]);
        assert_eq!(proxy.left(), (0, Vec::new(), 0), "{attribute}: {:?}", answers.err());
        assert_eq!(answers.unwrap(), [manager("boss")], "{attribute}");
    }
}
