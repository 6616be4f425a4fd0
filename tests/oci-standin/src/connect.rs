//! Servers, sessions and transactions: from a connect identifier to a logged-on session, and back.

use crate::abi::*;
use crate::counters::{Counter, count};
use crate::error::{OraError, ends_session};
use crate::fault::{self, What};
use crate::handle::{Kind, get, guard, need};
use crate::session::Session;
use crate::tns::{self, Target};
use crate::wire::{CancelKey, Wire};
use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The server handle: an attached line that nobody is logged on to yet.
#[derive(Default)]
pub struct Server {
    target: Option<Target>,
    line: Mutex<Option<TcpStream>>,
    pub alive: Arc<AtomicBool>,
}

impl Kind for Server {
    const KIND: u32 = HTYPE_SERVER;
}

impl Server {
    pub fn service(&self) -> &str {
        self.target.as_ref().map_or("", |target| &target.service)
    }
}

/// The session handle: who is to log on, and what was set before.
#[derive(Default)]
pub struct SessionHandle {
    pub user: String,
    pub password: String,
    /// Set once logged on.
    pub context: Option<*mut c_void>,
    pub settings: Vec<(&'static str, String)>,
    /// Answers of attribute queries must stay where they are.
    pub answer: String,
}

impl Kind for SessionHandle {
    const KIND: u32 = HTYPE_SESSION;
}

/// The service context. Its parts are shared, as a break comes from another thread while a call is under way.
#[derive(Default)]
pub struct ServiceContext {
    pub server: Option<*mut c_void>,
    pub session_handle: Option<*mut c_void>,
    session: Mutex<Option<Session>>,
    cancel: Mutex<Option<CancelKey>>,
    pub call_timeout_ms: AtomicU32,
    pub cache_size: AtomicU32,
    /// Statements of a dead session are never released by ODPI-C.
    pub statements: Mutex<Vec<usize>>,
}

impl Kind for ServiceContext {
    const KIND: u32 = HTYPE_SVCCTX;
}

impl ServiceContext {
    pub fn timeout(&self) -> Option<Duration> {
        let ms = self.call_timeout_ms.load(Ordering::Relaxed);
        (ms > 0).then(|| Duration::from_millis(u64::from(ms)))
    }

    pub fn lock(&self) -> Result<MutexGuard<'_, Option<Session>>, OraError> {
        self.session.lock().map_err(|_| OraError::of(600))
    }

    /// Runs a call on the session. An error that ends the session ends the line, too.
    pub fn with<T>(&self, call: impl FnOnce(&mut Session) -> Result<T, OraError>) -> Result<T, OraError> {
        let mut session = self.lock()?;
        let session = session.as_mut().ok_or_else(|| OraError::of(1012))?;
        let outcome = call(session);
        if outcome.as_ref().is_err_and(|err| ends_session(err.code)) {
            session.wire.cut();
        }
        outcome
    }

    /// Runs a call that faults can be injected into.
    pub fn with_faults<T>(
        &self, place: &str, sql: &str, call: impl FnOnce(&mut Session) -> Result<T, OraError>,
    ) -> Result<T, OraError> {
        let due = fault::due(place, sql);
        if let Some(what) = &due {
            crate::trace(|| format!("fault at {place}: {what:?}"));
        }
        self.with(|session| match due {
            Some(What::KillBefore) => Err(OraError::of(3113)),
            Some(What::Ora(codes)) => Err(OraError::stack(&codes)),
            Some(What::KillAfter) => call(session).and_then(|_| Err(OraError::of(3113))),
            Some(What::ExitAfter) => call(session).and_then(|_| fault::die()),
            Some(What::Exit | What::Pause) | None => call(session),
        })
    }

    pub unsafe fn free_statements(&self) {
        let statements = self.statements.lock().map(|mut s| std::mem::take(&mut *s)).unwrap_or_default();
        for statement in statements {
            unsafe { crate::stmt::free(statement as *mut c_void) };
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIServerAttach(
    server: *mut c_void, error: *mut c_void, name: *const c_char, length: i32, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::ServerAttach, 1);
        count(Counter::RoundTrips, 1);
        let server = unsafe { need::<Server>(server)? };
        let name = unsafe { std::slice::from_raw_parts(name.cast::<u8>(), usize::try_from(length).unwrap_or(0)) };
        let target = tns::resolve(&String::from_utf8_lossy(name))?;
        let line = attach(&target)?;
        server.line = Mutex::new(Some(line));
        server.target = Some(target);
        server.alive.store(true, Ordering::SeqCst);
        Ok(SUCCESS)
    })
}

/// Tries the addresses in turn; the last failure is reported.
fn attach(target: &Target) -> Result<TcpStream, OraError> {
    let mut failure = OraError::of(12545);
    for (host, port) in &target.addresses {
        let Ok(addresses) = (host.as_str(), *port).to_socket_addrs() else { continue };
        for address in addresses {
            match TcpStream::connect_timeout(&address, target.connect_timeout) {
                Ok(line) => return Ok(line),
                Err(err) => {
                    failure = OraError::of(match err.kind() {
                        io::ErrorKind::ConnectionRefused => 12541,
                        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => 12170,
                        _ => 12545,
                    });
                }
            }
        }
    }
    Err(failure)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIServerDetach(server: *mut c_void, error: *mut c_void, _mode: u32) -> c_int {
    guard(error, || {
        let server = unsafe { need::<Server>(server)? };
        server.line = Mutex::new(None);
        server.alive.store(false, Ordering::SeqCst);
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCISessionBegin(
    context: *mut c_void, error: *mut c_void, handle: *mut c_void, credentials: u32, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::SessionBegin, 1);
        count(Counter::RoundTrips, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        let server = unsafe { need::<Server>(service.server.unwrap_or(std::ptr::null_mut()))? };
        let login = unsafe { need::<SessionHandle>(handle)? };
        let fault = fault::due("connect", "");
        if let Some(What::Ora(codes)) = &fault {
            return Err(OraError::stack(codes));
        }
        if credentials == CRED_EXT {
            let from = |name| std::env::var(name).map_err(|_| OraError::of(1017));
            login.user = from("OCI_STANDIN_EXTERNAL_USER")?;
            login.password = from("OCI_STANDIN_EXTERNAL_PASSWORD")?;
        }
        let target = server.target.as_ref().ok_or_else(|| OraError::of(12154))?;
        let line = server.line.lock().ok().and_then(|mut line| line.take());
        let line = line.map_or_else(|| attach(target), Ok)?;
        let broken = |_| OraError::of(12537);
        let mut wire = Wire::new(line, Arc::clone(&server.alive)).map_err(broken)?;
        if fault == Some(What::KillBefore) {
            wire.cut();
            return Err(OraError::of(12537));
        }
        log_on(&mut wire, &target.service, login, target.connect_timeout)?;
        let key = wire.key;
        let mut session = Session::new(wire)?;
        for (name, value) in login.settings.drain(..) {
            session.set(name, value);
        }
        match fault {
            Some(What::KillAfter) => {
                session.wire.cut();
                return Err(OraError::of(12537));
            }
            Some(What::ExitAfter) => fault::die(),
            _ => {}
        }
        login.context = Some(context);
        *service.lock()? = Some(session);
        service.cancel = Mutex::new(Some(key));
        Ok(SUCCESS)
    })
}

/// The dialogue of PostgreSQL's login. Names fold, as they do in Oracle.
fn log_on(wire: &mut Wire, service: &str, login: &SessionHandle, limit: Duration) -> Result<(), OraError> {
    let user = fold(&login.user);
    let database = service.to_lowercase();
    let path = format!("{}, oracle, pg_catalog", quote(&user));
    let zone = posix_zone(&std::env::var("ORA_SDTZ").unwrap_or_else(|_| "+02:00".to_owned()));
    let parameters = [
        ("user", user.as_str()),
        ("database", &database),
        ("client_encoding", "UTF8"),
        ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"),
        ("extra_float_digits", "3"),
        ("bytea_output", "hex"),
        ("TimeZone", &zone),
        ("search_path", &path),
        ("oci.schema", &user),
        ("lc_messages", "C"),
    ];
    let mut out = BytesMut::new();
    // lc_messages may only be set by a superuser; the server's own setting must do.
    let parameters = parameters.into_iter().filter(|(name, _)| *name != "lc_messages");
    frontend::startup_message(parameters, &mut out).map_err(|_| OraError::of(1017))?;
    let deadline = Instant::now() + limit;
    let broken = |_| OraError::of(1017);
    let mut scram: Option<ScramSha256> = None;
    loop {
        match wire.ask(&mut out, deadline)? {
            Message::AuthenticationOk => {}
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(login.password.as_bytes(), &mut out).map_err(broken)?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(user.as_bytes(), login.password.as_bytes(), body.salt());
                frontend::password_message(hash.as_bytes(), &mut out).map_err(broken)?;
            }
            Message::AuthenticationSasl(_) => {
                let new = ScramSha256::new(login.password.as_bytes(), ChannelBinding::unsupported());
                frontend::sasl_initial_response("SCRAM-SHA-256", new.message(), &mut out).map_err(broken)?;
                scram = Some(new);
            }
            Message::AuthenticationSaslContinue(body) => {
                let scram = scram.as_mut().ok_or_else(|| OraError::of(1017))?;
                scram.update(body.data()).map_err(broken)?;
                frontend::sasl_response(scram.message(), &mut out).map_err(broken)?;
            }
            Message::AuthenticationSaslFinal(body) => {
                let scram = scram.as_mut().ok_or_else(|| OraError::of(1017))?;
                scram.finish(body.data()).map_err(broken)?;
            }
            Message::BackendKeyData(body) => {
                wire.key.process = body.process_id();
                wire.key.secret = body.secret_key();
            }
            Message::ReadyForQuery(_) => return Ok(()),
            _ => {}
        }
    }
}

/// `SCOTT` and `scott` are the same; `"Scott"` is not.
pub fn fold(name: &str) -> String {
    match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(exact) => exact.to_owned(),
        None => name.to_lowercase(),
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `+05:30` as PostgreSQL wants it, whose POSIX zones count the other way round. Names pass.
pub fn posix_zone(zone: &str) -> String {
    match zone.chars().next() {
        Some('+') => format!("<{zone}>-{}", &zone[1..]),
        Some('-') => format!("<{zone}>+{}", &zone[1..]),
        _ => zone.to_owned(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCISessionEnd(
    context: *mut c_void, error: *mut c_void, handle: *mut c_void, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::RoundTrips, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        service.cancel = Mutex::new(None);
        if let Some(login) = unsafe { get::<SessionHandle>(handle) } {
            login.context = None;
        }
        // Must succeed on a dead session, else closing a connection would fail.
        if let Some(mut session) = service.lock()?.take() {
            session.say_goodbye();
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIPing(context: *mut c_void, error: *mut c_void, _mode: u32) -> c_int {
    guard(error, || {
        count(Counter::Ping, 1);
        count(Counter::RoundTrips, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        service.with_faults("ping", "", |session| session.ping(service.timeout()))?;
        Ok(SUCCESS)
    })
}

/// Comes from another thread while one waits in a call: it must not take the session's lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIBreak(context: *mut c_void, error: *mut c_void) -> c_int {
    guard(error, || {
        count(Counter::Break, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        let key = *service.cancel.lock().map_err(|_| OraError::of(600))?;
        if let Some(key) = key {
            key.cancel();
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCITransCommit(context: *mut c_void, error: *mut c_void, _flags: u32) -> c_int {
    guard(error, || {
        count(Counter::TransCommit, 1);
        count(Counter::RoundTrips, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        service.with_faults("commit", "", |session| session.commit(service.timeout()))?;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCITransRollback(context: *mut c_void, error: *mut c_void, _flags: u32) -> c_int {
    guard(error, || {
        count(Counter::TransRollback, 1);
        count(Counter::RoundTrips, 1);
        let service = unsafe { need::<ServiceContext>(context)? };
        service.with_faults("rollback", "", |session| session.rollback(service.timeout()))?;
        Ok(SUCCESS)
    })
}

/// 19.20.0.0.0, packed as since Oracle 18.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn OCIServerRelease2(
    context: *mut c_void, error: *mut c_void, buffer: *mut c_char, size: u32, _kind: u8, version: *mut u32, _mode: u32,
) -> c_int {
    guard(error, || {
        count(Counter::RoundTrips, 1);
        unsafe { need::<ServiceContext>(context)? }.with(|session| session.wire.notice_the_end())?;
        const TEXT: &[u8] = b"Oracle Database 19c Stand-in on PostgreSQL\nVersion 19.20.0.0.0\0";
        unsafe {
            *version = 19 << 24 | 20 << 16;
            if !buffer.is_null() && size as usize >= TEXT.len() {
                std::ptr::copy_nonoverlapping(TEXT.as_ptr().cast(), buffer, TEXT.len());
            }
        }
        Ok(SUCCESS)
    })
}
