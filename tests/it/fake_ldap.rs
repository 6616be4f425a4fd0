//! Servers that do what OpenLDAP can't be made to do: keep silent, answer any result, hang up in the
//! middle of an answer; and a proxy that delays or cuts the connection to a real one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A request, as far as a test decides by it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) what: What,
    /// How many requests of this kind there were before, on all connections.
    pub(crate) before: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Bind,
    /// `values`: of all equality tests in the filter, but for the class.
    Search {
        base: String,
        scope: u8,
        values: Vec<String>,
        /// The cookie of the page asked for, if pages are.
        cookie: Option<Vec<u8>>,
    },
    Other,
}

/// What a server does on a request, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    /// An entry: its DN and attributes.
    Entry(String, Vec<(&'static str, Vec<Vec<u8>>)>),
    /// A continuation reference to another server.
    Reference,
    /// The end of a search, or the answer to a login: result and text.
    Result(u32, &'static str),
    /// The end of a page, and the cookie of the next.
    Page(Vec<u8>),
    /// These bytes, whatever they are.
    Raw(Vec<u8>),
    /// The answer to a login or search that is this value, nested so deep in sequences.
    Nested(usize),
    Wait(Duration),
    /// Bytes that are no LDAP.
    Garbage,
    HangUp,
}

/// Nothing more is sent, and the connection stays.
pub(crate) const SILENCE: Vec<Do> = Vec::new();

/// A server of a test's own making.
pub(crate) struct Fake {
    pub(crate) port: u16,
    pub(crate) binds: Arc<AtomicUsize>,
    pub(crate) searches: Arc<AtomicUsize>,
    pub(crate) widest: Arc<AtomicUsize>,
}

impl Fake {
    /// A server that does as `behave` says. It lives as long as the test's process.
    pub(crate) fn start(behave: impl Fn(&Asked) -> Vec<Do> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let fake =
            Fake { port, binds: Arc::default(), searches: Arc::default(), widest: Arc::default() };
        let behave = Arc::new(behave);
        let counters = (fake.binds.clone(), fake.searches.clone(), fake.widest.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behave, counters) = (behave.clone(), counters.clone());
                thread::spawn(move || serve(stream, &*behave, &counters));
            }
        });
        fake
    }

    pub(crate) fn url(&self) -> String {
        format!("ldap://localhost:{}", self.port)
    }

    pub(crate) fn binds(&self) -> usize {
        self.binds.load(Ordering::SeqCst)
    }

    pub(crate) fn searches(&self) -> usize {
        self.searches.load(Ordering::SeqCst)
    }
}

type Counters = (Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>);

fn serve(mut stream: TcpStream, behave: &dyn Fn(&Asked) -> Vec<Do>, counters: &Counters) {
    while let Some(message) = read_tlv(&mut stream) {
        let mut parts = children(&message);
        let (_, id) = parts.next().unwrap();
        let (op, body) = parts.next().unwrap();
        let (what, before) = match op {
            0x60 => (What::Bind, counters.0.fetch_add(1, Ordering::SeqCst)),
            0x63 => (search(body, parts.next()), counters.1.fetch_add(1, Ordering::SeqCst)),
            0x42 => return,
            _ => (What::Other, 0),
        };
        if let What::Search { values, .. } = &what {
            counters.2.fetch_max(values.len(), Ordering::SeqCst);
        }
        let end = match op {
            0x60 => 0x61,
            0x63 => 0x65,
            _ => 0x78,
        };
        for step in behave(&Asked { what, before }) {
            let bytes = match step {
                Do::Entry(dn, attributes) => wrap(id, 0x64, &entry(&dn, &attributes)),
                Do::Reference => {
                    wrap(id, 0x73, &tlv(0x04, b"ldap://other.example/DC=other,DC=example"))
                }
                Do::Result(rc, text) => wrap(
                    id,
                    end,
                    &[tlv(0x0a, &[rc as u8]), tlv(0x04, b""), tlv(0x04, text.as_bytes())].concat(),
                ),
                Do::Page(cookie) => {
                    let result = [tlv(0x0a, &[0]), tlv(0x04, b""), tlv(0x04, b"")].concat();
                    let value = tlv(0x30, &[tlv(0x02, &[0]), tlv(0x04, &cookie)].concat());
                    let kind = tlv(0x04, b"1.2.840.113556.1.4.319");
                    let controls = tlv(0xa0, &tlv(0x30, &[kind, tlv(0x04, &value)].concat()));
                    tlv(0x30, &[tlv(0x02, id), tlv(end, &result), controls].concat())
                }
                Do::Raw(bytes) => bytes,
                Do::Nested(depth) => nested(depth),
                Do::Garbage => b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
                Do::Wait(time) => {
                    thread::sleep(time);
                    continue;
                }
                Do::HangUp => return,
            };
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }
}

/// The answer of a server that knows exactly these people: id, and the manager's DN.
pub(crate) fn person(id: &str, manager: Option<&str>) -> Do {
    let mut attributes = vec![
        ("sAMAccountName", vec![id.into()]),
        ("displayName", vec![format!("The {id}").into()]),
        ("mail", vec![format!("{id}@corp.example").into()]),
    ];
    attributes.extend(manager.map(|dn| ("manager", vec![dn.into()])));
    Do::Entry(format!("CN={id},DC=corp,DC=example"), attributes)
}

/// Everybody who is asked for exists and reports to `CN=boss`, who exists too.
pub(crate) fn all_report_to_the_boss(asked: &Asked) -> Vec<Do> {
    let done = Do::Result(0, "");
    match &asked.what {
        What::Bind => vec![done],
        What::Search { base, scope: 0, .. } if base.is_empty() => vec![done],
        What::Search { scope: 0, .. } => vec![person("boss", None), done],
        What::Search { values, .. } if values.iter().any(|value| value.starts_with("CN=")) => {
            vec![person("boss", None), done]
        }
        What::Search { values, .. } => {
            let boss = Some("CN=boss,DC=corp,DC=example");
            values.iter().map(|id| person(id, boss)).chain([done]).collect()
        }
        What::Other => vec![Do::HangUp],
    }
}

fn search(body: &[u8], controls: Option<(u8, &[u8])>) -> What {
    let parts: Vec<(u8, &[u8])> = children(body).collect();
    let mut values = Vec::new();
    equalities(parts[6], &mut values);
    let value = controls
        .and_then(|(_, list)| children(list).next())
        .and_then(|(_, control)| children(control).last());
    let page = value.and_then(|(_, value)| children(value).next());
    let cookie =
        page.and_then(|(_, page)| children(page).nth(1)).map(|(_, cookie)| cookie.to_vec());
    What::Search { base: text(parts[0].1), scope: parts[1].1[0], values, cookie }
}

/// Sequences in one another, with lengths of four bytes.
fn nested(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(depth * 6);
    for inner in (0..depth).rev() {
        bytes.extend([0x30, 0x84]);
        bytes.extend(u32::try_from(inner * 6).unwrap().to_be_bytes());
    }
    bytes
}

fn equalities((tag, body): (u8, &[u8]), values: &mut Vec<String>) {
    match tag {
        0xa0..=0xa2 => children(body).for_each(|filter| equalities(filter, values)),
        0xa3 => {
            let parts: Vec<(u8, &[u8])> = children(body).collect();
            if !text(parts[0].1).eq_ignore_ascii_case("objectClass") {
                values.push(text(parts[1].1));
            }
        }
        _ => {}
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn entry(dn: &str, attributes: &[(&'static str, Vec<Vec<u8>>)]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(name, values)| {
        let values: Vec<u8> = values.iter().flat_map(|value| tlv(0x04, value)).collect();
        tlv(0x30, &[tlv(0x04, name.as_bytes()), tlv(0x31, &values)].concat())
    });
    [tlv(0x04, dn.as_bytes()), tlv(0x30, &attributes.flatten().collect::<Vec<u8>>())].concat()
}

fn wrap(id: &[u8], op: u8, body: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x02, id), tlv(op, body)].concat())
}

pub(crate) fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, body].concat()
}

pub(crate) fn children(mut body: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&tag, rest) = body.split_first()?;
        let (length, rest) = length(rest)?;
        let (value, rest) = rest.split_at(length);
        body = rest;
        Some((tag, value))
    })
}

fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (digits, rest) = rest.split_at(usize::from(first & 0x7f));
    Some((digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest))
}

/// The body of the next message. `None` when the client has gone.
pub(crate) fn read_tlv(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = vec![0; 2];
    stream.read_exact(&mut head).ok()?;
    if head[1] >= 0x80 {
        let mut digits = vec![0; usize::from(head[1] & 0x7f)];
        stream.read_exact(&mut digits).ok()?;
        head.extend(digits);
    }
    let (length, _) = length(&head[1..])?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(body)
}

/// What happens to the bytes between a client and a real server.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// Every byte takes this long, in both directions together.
    RoundTrip(Duration),
    /// The first so many connections are cut after so many bytes of answers.
    Cut { connections: usize, after: usize },
    /// The first so many connections fall silent after so many bytes of answers.
    Freeze { connections: usize, after: usize },
}

/// A proxy before a real server. It lives as long as the test's process.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Bytes of answers that have passed.
    pub(crate) passed: Arc<AtomicUsize>,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) fn start(server: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy { port, passed: Arc::default(), connections: Arc::default() };
        let (passed, connections) = (proxy.passed.clone(), proxy.connections.clone());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let number = connections.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let (delay, limit) = match fault {
                    Fault::RoundTrip(time) => (time / 2, None),
                    Fault::Cut { connections, after } if number < connections => {
                        (Duration::ZERO, Some((after, true)))
                    }
                    Fault::Freeze { connections, after } if number < connections => {
                        (Duration::ZERO, Some((after, false)))
                    }
                    Fault::Cut { .. } | Fault::Freeze { .. } => (Duration::ZERO, None),
                };
                pass(client, server, delay, None, Arc::default());
                pass(back.0, back.1, delay, limit, passed.clone());
            }
        });
        proxy
    }
}

/// Passes bytes on, each after `delay`. At the limit, cuts the connection or keeps it silent.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    delay: Duration,
    limit: Option<(usize, bool)>,
    passed: Arc<AtomicUsize>,
) {
    let (sender, receiver) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut sum = 0;
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            sum += bytes.len();
            if let Some((after, cut)) = limit
                && sum > after
            {
                if cut {
                    to.shutdown(Shutdown::Both).ok();
                    return;
                }
                continue;
            }
            passed.fetch_add(bytes.len(), Ordering::SeqCst);
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        to.shutdown(Shutdown::Write).ok();
    });
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if sender.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
        from.shutdown(Shutdown::Both).ok();
    });
}
