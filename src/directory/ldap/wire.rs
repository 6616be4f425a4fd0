//! The bytes between a server and the library that speaks LDAP with it.
//!
//! The library trusts what it reads: it parses nested values by recursion, panics at answers it does not expect,
//! and holds a message of any length. So each message of a server is checked here before the library sees it,
//! and a login, in which nobody is trusted yet, is spoken here whole.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::ber::{self, BareResult, ServerMessage};
use super::failure::{LdapFailure, without_people};
use super::tls;

/// The longest message of a search: many times a schema.
const MESSAGE_MAX: usize = 16 * 1024 * 1024;
/// The longest answer to a login.
const LOGIN_MAX: usize = 256 * 1024;
/// What a socket holds.
const CHUNK: usize = 64 * 1024;

/// A connection to a server, with TLS or without.
pub(super) trait ServerWire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ServerWire for T {}

/// Why a connection ended, for whoever notices that it has.
pub(super) type EndOfWire = Arc<OnceLock<LdapFailure>>;

/// What a server sends when TLS is spoken to it, or by it.
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x14..=0x17, 0x03, 0..=4, ..])
}

/// What bytes are that begin no message.
fn not_ldap(bytes: &[u8]) -> LdapFailure {
    if is_tls(bytes) {
        return LdapFailure::set_up(SPEAKS_TLS);
    }
    LdapFailure::again("the server sent bytes that are no LDAP: is this its port?")
}

/// Sends a request of a login and reads its answer, which is of this kind.
pub(super) async fn call(
    wire: &mut dyn ServerWire,
    limit: Duration,
    request: &[u8],
    kind: u8,
) -> Result<BareResult, LdapFailure> {
    let exchange = async {
        wire.write_all(request).await?;
        wire.flush().await?;
        read_message(wire).await
    };
    let message = match timeout(limit, exchange).await {
        Err(_) => return Err(LdapFailure::again("the server did not answer in time")),
        Ok(Err(err)) => return Err(of_reading(err)),
        Ok(Ok(message)) => message,
    };
    let message = message.map_err(|bytes| not_ldap(&bytes))?;
    ber::answer(&message, kind).map_err(nonsense)
}

fn nonsense(why: ber::BadMessage) -> LdapFailure {
    LdapFailure::again(format!("the server sent what can't be read: {why}"))
}

/// One message, or the bytes that begin none.
async fn read_message(wire: &mut dyn ServerWire) -> io::Result<Result<Vec<u8>, Vec<u8>>> {
    let mut message = vec![0; 2];
    wire.read_exact(&mut message[..1]).await?;
    wire.read_exact(&mut message[1..2]).await?;
    loop {
        let end = match ber::header(&message) {
            _ if message[0] != ber::SEQUENCE => None,
            Ok(Some((_, _, end))) if end <= LOGIN_MAX => Some(end),
            Ok(None) => Some(message.len() + 1),
            _ => None,
        };
        match end {
            None => {
                // Enough of it to tell what it is.
                let mut more = [0];
                wire.read_exact(&mut more).await?;
                message.extend(more);
                return Ok(Err(message));
            }
            Some(end) if end == message.len() => return Ok(Ok(message)),
            Some(end) => {
                let start = message.len();
                message.resize(end, 0);
                wire.read_exact(&mut message[start..]).await?;
            }
        }
    }
}

/// Reading or writing that failed: TLS has its reasons.
pub(super) fn of_reading(err: io::Error) -> LdapFailure {
    if let Some(err) = err.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::failed(err);
    }
    match err.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => LdapFailure::again(CLOSED),
        _ => LdapFailure::again(format!("the connection broke: {err}")),
    }
}

/// What is said of a port on which TLS is spoken, when the config says it isn't.
pub(super) const SPEAKS_TLS: &str =
    "the server speaks TLS on this port: use `ldaps://`, or its port for plain connections";

/// What is said of a connection that the server closed without a word.
pub(super) const CLOSED: &str = "the server closed the connection";

/// Passes bytes on between server and library until either is done, and says in `end` why the server is.
pub(super) async fn pass(wire: Box<dyn ServerWire>, library: UnixStream, end: EndOfWire) {
    let (mut from_server, mut to_server) = split(wire);
    let (mut from_library, mut to_library) = library.into_split();
    let up = async {
        match copy(&mut from_library, &mut to_server).await {
            Ok(_) => {
                let _ = to_server.shutdown().await;
            }
            Err(err) => drop(end.set(of_reading(err))),
        }
    };
    let down = async {
        let why = checked(&mut from_server, &mut to_library).await;
        drop(end.set(why));
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

/// Passes on whole and sound messages alone. Returns why there are no more.
async fn checked(
    server: &mut (impl AsyncRead + Unpin),
    library: &mut (impl AsyncWrite + Unpin),
) -> LdapFailure {
    let mut bytes: Vec<u8> = Vec::with_capacity(CHUNK);
    loop {
        bytes.reserve(CHUNK);
        match server.read_buf(&mut bytes).await {
            Ok(0) => return LdapFailure::again(CLOSED),
            Ok(_) => {}
            Err(err) => return of_reading(err),
        }
        let whole = match sound(&mut bytes) {
            Ok(whole) => whole,
            Err(why) => return why,
        };
        if whole > 0 {
            if library.write_all(&bytes[..whole]).await.is_err() {
                return LdapFailure::again(CLOSED);
            }
            bytes.drain(..whole);
        }
    }
}

/// How many of the bytes are whole messages, all of them sound.
fn sound(bytes: &mut [u8]) -> Result<usize, LdapFailure> {
    let mut whole = 0;
    loop {
        let rest = &mut bytes[whole..];
        if rest.first().is_some_and(|tag| *tag != ber::SEQUENCE) {
            return Err(not_ldap(rest));
        }
        match ber::header(rest).map_err(nonsense)? {
            Some((_, _, end)) if end > MESSAGE_MAX => {
                return Err(nonsense("a message longer than any is"));
            }
            Some((_, _, end)) if end <= rest.len() => {
                if let ServerMessage::Goodbye(text) =
                    ber::check(&mut rest[..end]).map_err(nonsense)?
                {
                    let text = without_people(&text);
                    return Err(LdapFailure::again(format!(
                        "the server ends the connection: {text}"
                    )));
                }
                whole += end;
            }
            _ => return Ok(whole),
        }
    }
}
