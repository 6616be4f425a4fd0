//! From an address to a connection that is logged in.

use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, StdStream};
use rustls::pki_types::CertificateDer;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use super::ber::{self, tlv};
use super::failure::{self, LdapFailure};
use super::login::{BOUND, message, simple_bind};
use super::tls::{self, TlsClient};
use super::wire::{self, EndOfWire, ServerWire};
use crate::config::directory::DirectorySettings;
use crate::exit::Exit;

/// How long one address may take to accept a connection; a name may have several, and the first may be dead.
const ACCEPT_MAX: Duration = Duration::from_secs(5);
/// When an idle connection is first probed, and how often then, so that a firewall keeps it.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How a connection without TLS is called.
const IN_CLEAR: &str = "in clear";
/// A request's tag (RFC 4511).
const EXTENDED_REQUEST: u8 = 0x77;
/// RFC 4511, section 4.14.
const STARTTLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// Where to log in, and as whom. Holds the password: neither printed nor logged.
pub(super) struct LoginTarget {
    servers: Vec<ServerUrl>,
    starttls: bool,
    tls: Option<TlsClient>,
    login: LoginMethod,
    /// For one connect, login or search.
    pub(super) timeout: Duration,
}

/// As whom.
enum LoginMethod {
    Nobody,
    Simple {
        who: String,
        password: String,
    },
    #[cfg(feature = "kerberos")]
    Kerberos,
}

struct ServerUrl {
    url: Url,
    host: String,
    port: u16,
}

/// One address of one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ServerAddress {
    /// Which of the target's servers.
    pub(super) server: usize,
    pub(super) address: SocketAddr,
}

/// A connection that is logged in. Dropped, it is closed at once, whatever is in flight.
pub(super) struct LdapConnection {
    ldap: Ldap,
    tasks: [JoinHandle<()>; 2],
    end: EndOfWire,
    /// Whether as somebody.
    pub(super) logged_in: bool,
    pub(super) endpoint: ServerAddress,
}

impl LoginTarget {
    /// # Errors
    /// `Exit::Config` for a password that is missing or empty, or certificates that can't be read.
    pub(super) fn new(
        settings: &DirectorySettings,
        password: Option<&str>,
    ) -> anyhow::Result<Self> {
        let servers = settings.urls.iter().map(|url| ServerUrl::new(url));
        let servers = servers.collect::<anyhow::Result<Vec<_>>>().context(Exit::Config)?;
        let secure =
            settings.starttls || servers.iter().any(|server| server.url.scheme() == "ldaps");
        let ca_file = settings.ca_file.as_deref();
        Ok(LoginTarget {
            servers,
            starttls: settings.starttls,
            tls: secure.then(|| TlsClient::new(ca_file)).transpose()?,
            login: LoginMethod::new(settings, password)?,
            timeout: Duration::from_secs(settings.timeout),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.servers.len()
    }

    /// The URL of a server: for messages.
    pub(super) fn url(&self, server: usize) -> &str {
        self.servers[server].url.as_str()
    }

    /// A server and one of its addresses: for messages.
    pub(super) fn name(&self, endpoint: ServerAddress) -> String {
        format!("server `{}` at {}", self.url(endpoint.server), endpoint.address)
    }

    /// How the connection to a server is kept secret: for messages.
    pub(super) fn secrecy(&self, server: usize) -> &'static str {
        match self.servers[server].url.scheme() {
            "ldaps" => "TLS",
            _ if self.starttls => "TLS by StartTLS",
            _ => IN_CLEAR,
        }
    }

    /// Who logs in: for messages.
    pub(super) fn who(&self) -> &str {
        match &self.login {
            LoginMethod::Nobody => "nobody (anonymous)",
            LoginMethod::Simple { who, .. } => who,
            #[cfg(feature = "kerberos")]
            LoginMethod::Kerberos => "the owner of the Kerberos ticket",
        }
    }

    /// All addresses of a server.
    pub(super) async fn resolve(&self, server: usize) -> Result<Vec<ServerAddress>, LdapFailure> {
        let ServerUrl { host, port, .. } = &self.servers[server];
        let failed = match timeout(self.timeout, lookup_host((host.as_str(), *port))).await {
            Err(_) => format!("the name `{host}` was not resolved in time"),
            Ok(Err(err)) => format!("the name `{host}` can't be resolved: {err}"),
            Ok(Ok(addresses)) => {
                let mut endpoints: Vec<ServerAddress> =
                    addresses.map(|address| ServerAddress { server, address }).collect();
                endpoints.dedup();
                if !endpoints.is_empty() {
                    return Ok(endpoints);
                }
                format!("the name `{host}` has no address")
            }
        };
        Err(LdapFailure::again(failed).during(format!("server `{}`", self.url(server))))
    }

    /// Connects to a server at one address and logs in.
    pub(super) async fn connect(
        &self,
        endpoint: ServerAddress,
    ) -> Result<LdapConnection, LdapFailure> {
        let outcome = self.log_in(endpoint).await;
        outcome.map_err(|failure| failure.during(self.name(endpoint)))
    }

    /// The same, and finds out more of why it failed: a server that hangs up, or says nothing, when LDAP is
    /// spoken without TLS may be waiting for TLS.
    pub(super) async fn connect_or_explain(
        &self,
        endpoint: ServerAddress,
    ) -> Result<LdapConnection, LdapFailure> {
        let failure = match self.connect(endpoint).await {
            Ok(connection) => return Ok(connection),
            Err(failure) => failure,
        };
        let is_plain = self.secrecy(endpoint.server) == IN_CLEAR;
        if !is_plain || Exit::of(failure.error()) != Exit::Unavailable {
            return Err(failure);
        }
        let Ok(stream) = reach(endpoint.address, self.timeout).await else { return Err(failure) };
        if tls::is_spoken(stream, self.timeout.min(ACCEPT_MAX)).await {
            return Err(LdapFailure::set_up(wire::SPEAKS_TLS).during(self.name(endpoint)));
        }
        Err(failure)
    }

    async fn log_in(&self, endpoint: ServerAddress) -> Result<LdapConnection, LdapFailure> {
        let ServerUrl { url, host, .. } = &self.servers[endpoint.server];
        let mut stream = reach(endpoint.address, self.timeout).await?;
        let is_ldaps = url.scheme() == "ldaps";
        if self.starttls && !is_ldaps {
            self.start_tls(&mut stream).await?;
        }
        let (mut certificate, mut was_asked) = (None, false);
        let mut wire: Box<dyn ServerWire> = match &self.tls {
            Some(tls) if is_ldaps || self.starttls => {
                let (stream, asked) = tls.connect(host, stream, self.timeout).await?;
                was_asked = asked;
                certificate = tls::certificate(&stream);
                Box::new(stream)
            }
            _ => Box::new(stream),
        };
        // Without TLS, or where a certificate was asked for, only an answer shows that LDAP is spoken.
        let secured = certificate.as_ref().filter(|_| !(was_asked && self.login.is_nobody()));
        let login = self.login.log_in(&mut *wire, host, secured, self.timeout).await;
        if let Err(failure) = login {
            let failure = if was_asked && failure.is(wire::CLOSED) {
                LdapFailure::hung_up(tls::WANTS_CERTIFICATE)
            } else {
                failure
            };
            return Err(failure.during("logging in"));
        }
        let logged_in = !self.login.is_nobody();
        LdapConnection::open(wire, endpoint, logged_in).await
    }

    /// Asks for TLS on a connection that has none (RFC 4511, section 4.14).
    async fn start_tls(&self, stream: &mut TcpStream) -> Result<(), LdapFailure> {
        let request = message(&tlv(EXTENDED_REQUEST, &tlv(0x80, STARTTLS)));
        let result = wire::call(stream, self.timeout, &request, ber::EXTENDED).await;
        let result = result.map_err(|failure| failure.during("StartTLS"))?;
        let text = failure::without_people(&result.text);
        match result.rc {
            0 => Ok(()),
            51 | 52 => Err(LdapFailure::again(format!("StartTLS: the server can't now: {text}"))),
            rc => Err(LdapFailure::set_up(format!(
                "the server refuses StartTLS (result {rc}: {text}): use `ldaps://`, or give the server a certificate"
            ))),
        }
    }
}

impl LoginMethod {
    fn new(settings: &DirectorySettings, password: Option<&str>) -> anyhow::Result<Self> {
        if settings.is_kerberos() {
            #[cfg(feature = "kerberos")]
            return Ok(LoginMethod::Kerberos);
            #[cfg(not(feature = "kerberos"))]
            return Err(anyhow!("`[directory] bind = \"kerberos\"`: this recert was built without the feature `kerberos`").context(Exit::Config));
        }
        match (settings.bind_dn.clone(), password) {
            (None, _) => Ok(LoginMethod::Nobody),
            (Some(who), Some(password)) if !password.is_empty() => {
                Ok(LoginMethod::Simple { who, password: password.to_owned() })
            }
            // Active Directory takes an empty password for an anonymous login, and says it succeeded.
            (Some(_), _) => {
                Err(anyhow!("the password of `[directory] bind_dn` is empty").context(Exit::Config))
            }
        }
    }

    fn is_nobody(&self) -> bool {
        matches!(self, LoginMethod::Nobody)
    }

    #[cfg_attr(not(feature = "kerberos"), expect(unused_variables, reason = "for Kerberos"))]
    async fn log_in(
        &self,
        wire: &mut dyn ServerWire,
        host: &str,
        certificate: Option<&CertificateDer<'_>>,
        limit: Duration,
    ) -> Result<(), LdapFailure> {
        match self {
            // Whatever comes of it, nobody is logged in.
            LoginMethod::Nobody if certificate.is_none() => {
                wire::call(wire, limit, &simple_bind("", ""), BOUND).await.map(|_| ())
            }
            LoginMethod::Nobody => Ok(()),
            LoginMethod::Simple { who, password } => {
                let request = simple_bind(who, password);
                let result = wire::call(wire, limit, &request, BOUND).await?;
                if result.rc == 0 {
                    Ok(())
                } else {
                    // Should a server repeat it.
                    let text = result.text.replace(password.as_str(), "…");
                    Err(failure::of_login(result.rc, &text))
                }
            }
            #[cfg(feature = "kerberos")]
            LoginMethod::Kerberos => super::kerberos::log_in(wire, host, certificate, limit).await,
        }
    }
}

impl ServerUrl {
    fn new(text: &str) -> anyhow::Result<Self> {
        let url = Url::parse(text).context("`[directory] urls`: one is no URL")?;
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            bail!("`[directory] urls`: one names no host");
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(if url.scheme() == "ldaps" { 636 } else { 389 });
        Ok(ServerUrl { url, host, port })
    }
}

impl LdapConnection {
    /// Hands a connection that is logged in to the library, with a guard between.
    async fn open(
        wire: Box<dyn ServerWire>,
        endpoint: ServerAddress,
        logged_in: bool,
    ) -> Result<Self, LdapFailure> {
        let (ours, librarys) =
            pair().map_err(|err| LdapFailure::again(format!("no socket: {err}")))?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(librarys));
        // Nothing is connected to by this URL: it only says of which kind the stream is.
        let opened = LdapConnAsync::with_settings(settings, "ldapi:///").await;
        let (connection, ldap) = opened.map_err(failure::of_operation)?;
        let end: EndOfWire = Arc::new(OnceLock::new());
        let guard = tokio::spawn(wire::pass(wire, ours, Arc::clone(&end)));
        let driver = tokio::spawn(async move {
            if let Err(err) = connection.drive().await {
                tracing::debug!(error = %err, "a directory connection ended");
            }
        });
        Ok(LdapConnection { ldap, tasks: [guard, driver], end, logged_in, endpoint })
    }

    /// A handle for one operation: settings on it, as its timeout, hold for that one alone.
    pub(super) fn handle(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Why an operation failed: the reason for which the connection ended, if it did.
    pub(super) fn explain(&self, failure: LdapFailure) -> LdapFailure {
        self.end.get().map_or(failure, LdapFailure::copy)
    }

    /// Says goodbye, so that the server need not notice by itself.
    pub(super) async fn close(mut self) {
        // Nothing hangs on it: the connection is dropped either way.
        let _ = timeout(Duration::from_secs(1), self.ldap.unbind()).await;
        let [guard, _] = &mut self.tasks;
        let _ = timeout(Duration::from_millis(100), guard).await;
    }
}

impl Drop for LdapConnection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Two ends of a pipe within the process.
fn pair() -> std::io::Result<(UnixStream, StdUnixStream)> {
    let (ours, librarys) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    Ok((UnixStream::from_std(ours)?, librarys))
}

/// Connects to an address.
async fn reach(address: SocketAddr, limit: Duration) -> Result<TcpStream, LdapFailure> {
    let failed = |err: std::io::Error| LdapFailure::again(format!("it can't be reached: {err}"));
    match timeout(limit.min(ACCEPT_MAX), TcpStream::connect(address)).await {
        Err(_) => Err(LdapFailure::again("it does not accept connections in time")),
        Ok(Err(err)) => Err(failed(err)),
        Ok(Ok(stream)) => {
            prepare(&stream).map_err(failed)?;
            Ok(stream)
        }
    }
}

/// Requests are small and wait for answers, so they are sent at once; a peer that vanished is noticed.
fn prepare(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
