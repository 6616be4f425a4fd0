//! TLS to a server: the handshake, and what its failures mean.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::advice::advice;
use super::failure::LdapFailure;
use super::trust::{self, TrustedRoots};

/// Whom to trust, ready for handshakes.
#[derive(Debug)]
pub(super) struct TlsClient {
    roots: TrustedRoots,
}

impl TlsClient {
    /// One that trusts the authorities in `ca_file`, or else those the system trusts.
    ///
    /// # Errors
    /// `Exit::Config` when there is no certificate to trust, or one that can't be read.
    pub(super) fn new(ca_file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(TlsClient { roots: trust::roots(ca_file)? })
    }

    /// Turns a connection into one with TLS, to a server that has a certificate for `host`. Says also whether the
    /// server asked for ours: with TLS 1.3 it hangs up for the want of it only later.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
        limit: Duration,
    ) -> Result<(TlsStream<TcpStream>, bool), LdapFailure> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            LdapFailure::config(
                "the host in `[directory] urls` is not a name that a certificate could bear",
            )
        })?;
        let witness =
            Arc::new(TlsWitness::new(&self.roots.store).map_err(LdapFailure::from_error)?);
        let config = config(Arc::clone(&witness)).map_err(LdapFailure::from_error)?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
        match timeout(limit, handshake).await {
            Err(_) => Err(LdapFailure::again("the TLS handshake was not answered in time")),
            Ok(Err(err)) => Err(self.of_handshake(err, &witness)),
            Ok(Ok(stream)) => Ok((stream, witness.was_asked.load(Ordering::Relaxed))),
        }
    }

    fn of_handshake(&self, err: std::io::Error, witness: &TlsWitness) -> LdapFailure {
        let inner = err.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(why)) = inner {
            let presented = witness.presented.lock().unwrap_or_else(PoisonError::into_inner);
            let mend = advice(why, presented.as_ref(), &self.roots);
            return LdapFailure::set_up(format!(
                "the server's certificate is refused: {why}: {mend}"
            ));
        }
        if witness.was_asked.load(Ordering::Relaxed) {
            return LdapFailure::set_up(WANTS_CERTIFICATE);
        }
        match inner {
            Some(err) => failed(err),
            // Active Directory without a certificate hangs up here, and so does whatever is no TLS port.
            None => LdapFailure::hung_up(format!(
                "the server closed the connection during the TLS handshake ({err}): is this its TLS port, and has it a certificate?"
            )),
        }
    }
}

pub(super) const WANTS_CERTIFICATE: &str = "the server asks for a client's certificate, and recert has none to show: let the server do without (OpenLDAP: `TLSVerifyClient never`)";

/// The server's certificate.
pub(super) fn certificate(stream: &TlsStream<TcpStream>) -> Option<CertificateDer<'static>> {
    let shown = stream.get_ref().1.peer_certificates()?.first()?;
    Some(shown.clone().into_owned())
}

/// Whether somebody speaks TLS at the end of this connection, whoever it is.
pub(super) async fn is_spoken(stream: TcpStream, limit: Duration) -> bool {
    let Ok(witness) = TlsWitness::new(&RootCertStore { roots: vec![] }) else { return false };
    let witness = Arc::new(witness);
    let Ok(config) = config(Arc::clone(&witness)) else { return false };
    let Ok(name) = ServerName::try_from("any.invalid") else { return false };
    let _ = timeout(limit, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
    let presented = witness.presented.lock().unwrap_or_else(PoisonError::into_inner);
    presented.is_some()
}

fn config(witness: Arc<TlsWitness>) -> anyhow::Result<ClientConfig> {
    // With a provider of its own: the process may hold two of them, and then none is the default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("preparing TLS")?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.client_auth_cert_resolver = Arc::new(NoCertificate(Arc::clone(&witness)));
    config.dangerous().set_certificate_verifier(witness);
    Ok(config)
}

/// Remembers what a server showed and asked, and leaves the judgement to the verifier of the library.
#[derive(Debug)]
struct TlsWitness {
    judge: Option<Arc<WebPkiServerVerifier>>,
    presented: Mutex<Option<CertificateDer<'static>>>,
    was_asked: AtomicBool,
}

impl TlsWitness {
    fn new(roots: &RootCertStore) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge = if roots.is_empty() {
            None
        } else {
            let builder =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots.clone()), provider);
            Some(builder.build().context("preparing TLS")?)
        };
        let (presented, was_asked) = (Mutex::default(), AtomicBool::new(false));
        Ok(TlsWitness { judge, presented, was_asked })
    }

    /// Without roots nobody is trusted.
    fn judge(&self) -> Result<&WebPkiServerVerifier, rustls::Error> {
        self.judge.as_deref().ok_or(rustls::Error::General("nobody is trusted here".to_owned()))
    }
}

impl ServerCertVerifier for TlsWitness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        *presented = Some(certificate.clone().into_owned());
        drop(presented);
        self.judge()?.verify_server_cert(certificate, between, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge()?.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge()?.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = rustls::crypto::ring::default_provider();
        provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Has no certificate to show, and remembers that it was asked for one.
#[derive(Debug)]
struct NoCertificate(Arc<TlsWitness>);

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.was_asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// TLS that failed, in the handshake or later. What a person must look at is `Config`.
pub(super) fn failed(err: &rustls::Error) -> LdapFailure {
    use rustls::AlertDescription::{AccessDenied, BadCertificate, CertificateRequired, UnknownCA};
    use rustls::Error::{AlertReceived, InvalidMessage, NoCertificatesPresented, PeerIncompatible};
    match err {
        AlertReceived(CertificateRequired | BadCertificate | UnknownCA | AccessDenied) => {
            LdapFailure::set_up(format!("{WANTS_CERTIFICATE} ({err})"))
        }
        InvalidMessage(_) => LdapFailure::set_up(format!(
            "the server does not speak TLS on this port ({err}): mend the port, or use `ldap://` with `starttls = true`"
        )),
        AlertReceived(_) | PeerIncompatible(_) | NoCertificatesPresented => {
            LdapFailure::set_up(format!("client and server can't agree on TLS (1.2 or 1.3): {err}"))
        }
        err => LdapFailure::again(format!("TLS failed: {err}")),
    }
}
