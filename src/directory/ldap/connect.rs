//! From a URL to a connection that is logged in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use super::failure::{self, Failure};
use super::tls;
use crate::config::directory::DirectorySettings;
use crate::exit::Exit;

/// How long one address may take to accept a connection; a name may have several, and the first may be dead.
const ACCEPT_MAX: Duration = Duration::from_secs(5);
/// When an idle connection is first probed, and how often then, so that a firewall keeps it.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Where to log in, and as whom. Holds the password: neither printed nor logged.
pub(super) struct Target {
    servers: Vec<Server>,
    starttls: bool,
    tls: Option<Arc<ClientConfig>>,
    login: Option<(String, String)>,
    /// For one connect, login or search.
    pub(super) timeout: Duration,
}

struct Server {
    url: Url,
    host: String,
    port: u16,
}

/// A connection that is logged in. Dropped, it is closed at once, whatever is in flight.
pub(super) struct Connection {
    ldap: Ldap,
    driver: JoinHandle<()>,
    /// Whether as somebody.
    pub(super) logged_in: bool,
    /// Which of the target's servers this is.
    pub(super) server: usize,
}

impl Target {
    /// # Errors
    /// `Exit::Config` for a password that is missing or empty, or certificates that can't be read.
    pub(super) fn new(
        settings: &DirectorySettings,
        password: Option<&str>,
    ) -> anyhow::Result<Self> {
        let login = match (settings.bind_dn.clone(), password) {
            (None, _) => None,
            (Some(who), Some(password)) if !password.is_empty() => Some((who, password.to_owned())),
            // Active Directory takes an empty password for an anonymous login, and says it succeeded.
            (Some(_), _) => {
                let err = anyhow!("the password of `[directory] bind_dn` is empty");
                return Err(err.context(Exit::Config));
            }
        };
        let servers = settings.urls.iter().map(|url| Server::new(url));
        let servers = servers.collect::<anyhow::Result<Vec<_>>>().context(Exit::Config)?;
        let secure =
            settings.starttls || servers.iter().any(|server| server.url.scheme() == "ldaps");
        Ok(Target {
            servers,
            starttls: settings.starttls,
            tls: secure.then(|| tls::client(settings.ca_file.as_deref())).transpose()?,
            login,
            timeout: Duration::from_secs(settings.timeout),
        })
    }

    pub(super) fn count(&self) -> usize {
        self.servers.len()
    }

    /// The URL of a server: for messages.
    pub(super) fn name(&self, server: usize) -> &str {
        self.servers[server % self.servers.len()].url.as_str()
    }

    /// How the connection to a server is kept secret: for messages.
    pub(super) fn secrecy(&self, server: usize) -> &'static str {
        match self.servers[server % self.servers.len()].url.scheme() {
            "ldaps" => "TLS",
            _ if self.starttls => "TLS by StartTLS",
            _ => "in clear",
        }
    }

    /// Who logs in: for messages.
    pub(super) fn who(&self) -> &str {
        self.login.as_ref().map_or("nobody (anonymous)", |(who, _)| who.as_str())
    }

    /// Connects to a server and logs in.
    pub(super) async fn connect(self: &Arc<Self>, server: usize) -> Result<Connection, Failure> {
        let server = server % self.servers.len();
        let target = Arc::clone(self);
        // A task of its own, because the library panics on a login's answer it can't parse.
        let attempt = tokio::spawn(async move { target.log_in(server).await });
        let outcome = attempt.await.unwrap_or_else(|_| {
            Err(Failure::again("the server sent an answer that can't be read"))
        });
        outcome.map_err(|failure| failure.during(format!("server `{}`", self.name(server))))
    }

    async fn log_in(&self, server: usize) -> Result<Connection, Failure> {
        let Server { url, host, port } = &self.servers[server];
        let stream = reach(host, *port, self.timeout).await?;
        let mut settings = LdapConnSettings::new()
            .set_conn_timeout(self.timeout)
            .set_starttls(self.starttls)
            .set_std_stream(StdStream::Tcp(stream));
        if let Some(tls) = &self.tls {
            settings = settings.set_config(Arc::clone(tls));
        }
        let opened = LdapConnAsync::from_url_with_settings(settings, url).await;
        let (connection, ldap) = opened.map_err(of_opening)?;
        let driver = tokio::spawn(async move {
            if let Err(err) = connection.drive().await {
                tracing::debug!(error = %err, "a directory connection ended");
            }
        });
        let mut connection = Connection { ldap, driver, logged_in: self.login.is_some(), server };
        if let Some((who, password)) = &self.login {
            let login = connection.ldap.with_timeout(self.timeout).simple_bind(who, password).await;
            let result = login.map_err(|err| failure::of_operation(err).during("logging in"))?;
            if result.rc != 0 {
                return Err(failure::of_login(&result).during(format!("logging in as `{who}`")));
            }
        }
        Ok(connection)
    }
}

impl Server {
    fn new(text: &str) -> anyhow::Result<Self> {
        let url = Url::parse(text).with_context(|| format!("`[directory] urls`: `{text}`"))?;
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
            bail!("`[directory] urls`: `{text}` names no host");
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = url.port().unwrap_or(if url.scheme() == "ldaps" { 636 } else { 389 });
        Ok(Server { url, host, port })
    }
}

impl Connection {
    /// A handle for one operation: settings on it, as its timeout, hold for that one alone.
    pub(super) fn handle(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Says goodbye, so that the server need not notice by itself.
    pub(super) async fn close(mut self) {
        // Nothing hangs on it: the connection is dropped either way.
        let _ = timeout(Duration::from_secs(1), self.ldap.unbind()).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Connects to the first address of the host that accepts.
async fn reach(host: &str, port: u16, limit: Duration) -> Result<std::net::TcpStream, Failure> {
    let addresses: Vec<SocketAddr> = match timeout(limit, lookup_host((host, port))).await {
        Err(_) => {
            return Err(Failure::again(format!("the name `{host}` was not resolved in time")));
        }
        Ok(Err(err)) => {
            return Err(Failure::again(format!("the name `{host}` can't be resolved: {err}")));
        }
        Ok(Ok(addresses)) => addresses.collect(),
    };
    let mut why = format!("the name `{host}` has no address");
    for address in addresses {
        match timeout(limit.min(ACCEPT_MAX), TcpStream::connect(address)).await {
            Err(_) => why = format!("`{address}` does not answer"),
            Ok(Err(err)) => why = format!("`{address}`: {err}"),
            Ok(Ok(stream)) => match prepare(stream) {
                Err(err) => why = format!("`{address}`: {err}"),
                Ok(stream) => return Ok(stream),
            },
        }
    }
    Err(Failure::again(why))
}

/// Requests are small and wait for answers, so they are sent at once; a peer that vanished is noticed.
fn prepare(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    stream.into_std()
}

/// A connection that was accepted but did not become an LDAP connection: TLS, or StartTLS before it.
fn of_opening(err: LdapError) -> Failure {
    let rustls = match &err {
        LdapError::Rustls { source } => Some(source),
        LdapError::Io { source } => source.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    if let Some(err) = rustls {
        return tls::failed(err);
    }
    match err {
        LdapError::Timeout { .. } => Failure::again("the TLS handshake was not answered in time"),
        LdapError::DNSName { .. } => Failure::config(
            "the host in `[directory] urls` is not a name that a certificate could bear",
        ),
        LdapError::LdapResult { result } if matches!(result.rc, 51 | 52) => {
            Failure::again(format!("StartTLS: the server can't now: {}", result.text))
        }
        LdapError::LdapResult { result } => Failure::config(format!(
            "the server refuses StartTLS (result {}: {}): use `ldaps://`, or give the server a certificate",
            result.rc, result.text
        )),
        LdapError::Io { source } if source.kind() == std::io::ErrorKind::UnexpectedEof => {
            Failure::again(
                "the server closed the connection during the TLS handshake: is this its TLS port?",
            )
        }
        err => failure::of_operation(err),
    }
}
