//! The line to the server: flights of messages out, segments of answers in.
//!
//! One OCI call is one flight, however many statements it needs: savepoint, statement and release travel together, as
//! do the rows of array DML. Reading goes on while writing, else both sides would block on a large flight.

use crate::counters::{Counter, count};
use crate::error::{Doing, OraError, PgError, from_pg};
use crate::sql::StatementKind;
use bytes::{Buf, Bytes, BytesMut};
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{ErrorResponseBody, Message};
use postgres_protocol::message::frontend;
use postgres_protocol::{IsNull, Oid};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to react to a cancel before the line is given up.
const CANCEL_GRACE: Duration = Duration::from_secs(5);

/// One row as it came, and where its columns are.
#[derive(Debug)]
pub struct Row {
    data: Bytes,
    cells: Vec<Option<Range<usize>>>,
}

impl Row {
    pub fn cell(&self, column: usize) -> Option<&[u8]> {
        self.cells.get(column)?.clone().map(|range| &self.data[range])
    }

    pub fn text(&self, column: usize) -> String {
        String::from_utf8_lossy(self.cell(column).unwrap_or_default()).into_owned()
    }
}

/// A result column as the server describes it.
#[derive(Debug)]
pub struct Field {
    pub name: String,
    pub oid: Oid,
    pub modifier: i32,
    /// The table's number and the column's in it, where it is a column.
    pub place: (Oid, i16),
}

/// The answers up to one Sync.
#[derive(Debug, Default)]
pub struct Segment {
    pub error: Option<PgError>,
    pub rows: Vec<Row>,
    /// Rows touched by each execution that was asked about.
    pub counts: Vec<u64>,
    /// The command tag of the last of them.
    pub tag: String,
    /// There is more to fetch.
    pub suspended: bool,
    pub parameters: Option<Vec<Oid>>,
    pub fields: Option<Vec<Field>>,
}

/// Messages to send at once. Executions are either the caller's own or side business whose answers nobody wants.
pub struct Flight {
    out: BytesMut,
    segments: Vec<Vec<bool>>,
    open: Vec<bool>,
}

/// A message that doesn't fit the protocol, such as SQL with a NUL byte in it.
fn malformed(err: impl std::fmt::Display) -> OraError {
    OraError::new(600, &format!("message to the server could not be made: {err}"))
}

impl Flight {
    pub fn new() -> Flight {
        Flight { out: BytesMut::new(), segments: Vec::new(), open: Vec::new() }
    }

    pub fn parse(&mut self, name: &str, sql: &str, oids: &[Oid]) -> Result<(), OraError> {
        frontend::parse(name, sql, oids.iter().copied(), &mut self.out).map_err(malformed)
    }

    pub fn describe(&mut self, name: &str) -> Result<(), OraError> {
        frontend::describe(b'S', name, &mut self.out).map_err(malformed)
    }

    pub fn bind<'a>(
        &mut self, portal: &str, statement: &str, values: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Result<(), OraError> {
        let write = |value: Option<&[u8]>, out: &mut BytesMut| match value {
            Some(text) => {
                out.extend_from_slice(text);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        };
        frontend::bind(portal, statement, [], values, write, [], &mut self.out).map_err(|err| match err {
            frontend::BindError::Conversion(err) => malformed(err),
            frontend::BindError::Serialization(err) => malformed(err),
        })
    }

    /// Executes a portal; its rows and count are wanted. 0 rows means all.
    pub fn execute(&mut self, portal: &str, rows_max: u32) -> Result<(), OraError> {
        self.open.push(true);
        let rows_max = i32::try_from(rows_max).unwrap_or(i32::MAX);
        frontend::execute(portal, rows_max, &mut self.out).map_err(malformed)
    }

    /// A whole statement without parameters whose result nobody wants.
    pub fn side(&mut self, sql: &str) -> Result<(), OraError> {
        self.whole(sql, false)
    }

    pub fn whole(&mut self, sql: &str, wanted: bool) -> Result<(), OraError> {
        self.parse("", sql, &[])?;
        self.bind("", "", std::iter::empty())?;
        self.open.push(wanted);
        frontend::execute("", 0, &mut self.out).map_err(malformed)
    }

    pub fn close(&mut self, variant: u8, name: &str) -> Result<(), OraError> {
        frontend::close(variant, name, &mut self.out).map_err(malformed)
    }

    pub fn sync(&mut self) {
        frontend::sync(&mut self.out);
        self.segments.push(std::mem::take(&mut self.open));
    }

    pub fn terminate(&mut self) {
        frontend::terminate(&mut self.out);
    }

    /// Statements by the simple protocol: one transaction, one segment.
    pub fn simple(&mut self, sql: &str) -> Result<(), OraError> {
        frontend::query(sql, &mut self.out).map_err(malformed)?;
        self.segments.push(Vec::new());
        Ok(())
    }
}

/// What it takes to cancel a statement from another thread.
#[derive(Clone, Copy, Debug)]
pub struct CancelKey {
    pub server: SocketAddr,
    pub process: i32,
    pub secret: i32,
}

impl CancelKey {
    /// Asks the server to cancel what the session does, and waits until it has taken the request,
    /// so that the cancel can't hit a later statement.
    pub fn cancel(&self) {
        let limit = Duration::from_secs(2);
        let Ok(mut line) = TcpStream::connect_timeout(&self.server, limit) else { return };
        let mut out = BytesMut::new();
        frontend::cancel_request(self.process, self.secret, &mut out);
        // Nothing more can be done about a cancel that doesn't get through: the caller's deadline stands.
        let _ = line.set_read_timeout(Some(limit));
        let _ = line.write_all(&out);
        let _ = line.read(&mut [0]);
    }
}

pub struct Wire {
    line: TcpStream,
    input: BytesMut,
    pub key: CancelKey,
    /// Segments that were sent and that nobody waited for.
    behind: usize,
    pub alive: Arc<AtomicBool>,
    last_words: Option<PgError>,
    /// The server has closed its end; what it sent before may still be unread.
    ended: bool,
}

impl Wire {
    pub fn new(line: TcpStream, alive: Arc<AtomicBool>) -> std::io::Result<Wire> {
        line.set_nodelay(true)?;
        line.set_nonblocking(true)?;
        let key = CancelKey { server: line.peer_addr()?, process: 0, secret: 0 };
        alive.store(true, Ordering::SeqCst);
        Ok(Wire {
            line,
            input: BytesMut::with_capacity(1 << 16),
            key,
            behind: 0,
            alive,
            last_words: None,
            ended: false,
        })
    }

    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::SeqCst)
    }

    /// Drops the line as a broken network would.
    pub fn cut(&mut self) {
        self.alive.store(false, Ordering::SeqCst);
        // The line may be gone already.
        let _ = self.line.shutdown(std::net::Shutdown::Both);
    }

    fn lost(&mut self, code: i32) -> OraError {
        self.cut();
        match self.last_words.take() {
            Some(err) => from_pg(&err, Doing { kind: StatementKind::Other, waited: false, timed_out: false }),
            None => OraError::of(code),
        }
    }

    /// Sends a flight and takes all its answers. The flag tells that the timeout has struck on the way.
    pub fn run(&mut self, flight: Flight, timeout: Option<Duration>) -> Result<(Vec<Segment>, bool), OraError> {
        if !self.is_alive() {
            return Err(OraError::of(3114));
        }
        self.notice_the_end()?;
        count(Counter::WireFlights, 1);
        let mut out = flight.out;
        let mut segments = Vec::with_capacity(flight.segments.len());
        let mut current = Segment::default();
        let mut wanted = flight.segments.into_iter().map(Vec::into_iter);
        let mut expected = wanted.next().unwrap_or_default();
        let total = segments.capacity();
        let mut deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut timed_out = false;
        while segments.len() < total {
            while let Some(message) = self.next_message()? {
                let ready = matches!(message, Message::ReadyForQuery(_));
                if self.behind > 0 {
                    self.behind -= usize::from(ready);
                } else if ready {
                    segments.push(std::mem::take(&mut current));
                    expected = wanted.next().unwrap_or_default();
                } else {
                    current.take(message, &mut expected)?;
                }
            }
            if segments.len() >= total {
                break;
            }
            if self.ended {
                return Err(self.lost(3113));
            }
            if !self.wait(!out.is_empty(), deadline)? {
                if timed_out {
                    return Err(self.lost(3136));
                }
                timed_out = true;
                self.key.cancel();
                deadline = Some(Instant::now() + CANCEL_GRACE);
                continue;
            }
            self.send(&mut out);
            self.receive();
        }
        Ok((segments, timed_out))
    }

    /// Sends a flight whose answers are taken with the next one's.
    pub fn post(&mut self, flight: Flight) -> Result<(), OraError> {
        let mut out = flight.out;
        while !out.is_empty() && self.is_alive() {
            self.wait(true, None)?;
            self.send(&mut out);
        }
        self.behind += flight.segments.len();
        count(Counter::WireBehind, 1);
        Ok(())
    }

    /// Finds out whether the line has broken since the last call, before anything is sent on it.
    pub fn notice_the_end(&mut self) -> Result<(), OraError> {
        if !self.is_alive() {
            return Err(OraError::of(3114));
        }
        self.receive();
        if self.ended {
            while self.next_message()?.is_some() {}
            return Err(self.lost(3135));
        }
        Ok(())
    }

    /// Waits for the line to be readable (or writable, if asked). `false`: the deadline has passed.
    fn wait(&self, to_write: bool, deadline: Option<Instant>) -> Result<bool, OraError> {
        let events = if to_write { libc::POLLIN | libc::POLLOUT } else { libc::POLLIN };
        loop {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            // Rounded up, so that poll doesn't return just before the deadline.
            let limit = left.map_or(-1, |left| i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX));
            let mut poll = libc::pollfd { fd: self.line.as_raw_fd(), events, revents: 0 };
            match unsafe { libc::poll(&raw mut poll, 1, limit) } {
                0 => return Ok(false),
                n if n > 0 => return Ok(true),
                _ if std::io::Error::last_os_error().kind() == ErrorKind::Interrupted => {}
                _ => return Err(OraError::of(3113)),
            }
        }
    }

    fn send(&mut self, out: &mut BytesMut) {
        while !out.is_empty() {
            match self.line.write(out) {
                Ok(n) => out.advance(n),
                Err(err) if err.kind() == ErrorKind::WouldBlock => break,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                // What the server said last may still be readable: reading will find the end.
                Err(_) => out.clear(),
            }
        }
    }

    /// Reads what is there.
    fn receive(&mut self) {
        let mut chunk = [0; 1 << 16];
        while !self.ended {
            match self.line.read(&mut chunk) {
                Ok(n) if n > 0 => self.input.extend_from_slice(&chunk[..n]),
                Err(err) if err.kind() == ErrorKind::WouldBlock => return,
                Err(err) if err.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.ended = true,
            }
        }
    }

    /// The next message that is an answer; notices and the like are skipped, a farewell is kept.
    pub fn next_message(&mut self) -> Result<Option<Message>, OraError> {
        loop {
            let message = match Message::parse(&mut self.input) {
                Ok(message) => message,
                Err(_) => return Err(self.lost(3113)),
            };
            match message {
                Some(Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_)) => {}
                Some(Message::ErrorResponse(body)) => {
                    let err = read_error(&body);
                    if err.fatal {
                        self.last_words = Some(err);
                    } else {
                        return Ok(Some(Message::ErrorResponse(body)));
                    }
                }
                message => return Ok(message),
            }
        }
    }

    /// Blocks for one message; for the dialogue of the login.
    pub fn ask(&mut self, out: &mut BytesMut, deadline: Instant) -> Result<Message, OraError> {
        loop {
            if let Some(message) = self.next_message()? {
                return Ok(message);
            }
            if self.ended {
                return Err(self.lost(12537));
            }
            if !self.wait(!out.is_empty(), Some(deadline))? {
                return Err(self.lost(12170));
            }
            self.send(out);
            self.receive();
        }
    }
}

impl Segment {
    fn take(&mut self, message: Message, expected: &mut std::vec::IntoIter<bool>) -> Result<(), OraError> {
        match message {
            Message::ErrorResponse(body) => self.error = Some(read_error(&body)),
            Message::DataRow(body) if expected.as_slice().first() == Some(&true) => {
                let cells = body.ranges().collect().map_err(malformed)?;
                self.rows.push(Row { data: body.buffer_bytes().clone(), cells });
            }
            Message::CommandComplete(body) if expected.next() == Some(true) => {
                self.tag = body.tag().map_err(malformed)?.to_owned();
                self.counts.push(self.tag.rsplit(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0));
                self.suspended = false;
            }
            Message::EmptyQueryResponse => {
                expected.next();
            }
            Message::PortalSuspended => {
                expected.next();
                self.suspended = true;
            }
            Message::ParameterDescription(body) => {
                self.parameters = Some(body.parameters().collect().map_err(malformed)?);
            }
            Message::RowDescription(body) => {
                let field = |f: postgres_protocol::message::backend::Field<'_>| Field {
                    name: f.name().to_owned(),
                    oid: f.type_oid(),
                    modifier: f.type_modifier(),
                    place: (f.table_oid(), f.column_id()),
                };
                self.fields = Some(body.fields().map(|f| Ok(field(f))).collect().map_err(malformed)?);
            }
            _ => {}
        }
        Ok(())
    }
}

pub fn read_error(body: &ErrorResponseBody) -> PgError {
    let mut err = PgError::default();
    let mut fields = body.fields();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'V' => err.fatal = value == "FATAL" || value == "PANIC",
            b'C' => err.state = value,
            b'M' => err.message = value,
            b'D' => err.detail = value,
            b's' => err.schema = value,
            b't' => err.table = value,
            b'c' => err.column = value,
            b'n' => err.constraint = value,
            b'P' => err.position = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    err
}
