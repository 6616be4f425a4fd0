//! Whom to trust, and what to do about a certificate that can't be trusted.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::failure::Failure;
use crate::exit::Exit;

/// A TLS client that trusts the authorities in `ca_file`, or else those the system trusts.
///
/// # Errors
/// `Exit::Config` when there is no certificate to trust, or one that can't be read.
pub(super) fn client(ca_file: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let roots = match ca_file {
        Some(path) => from_file(path)
            .with_context(|| format!("reading `[directory] ca_file` `{}`", path.display())),
        None => from_system(),
    }
    .context(Exit::Config)?;
    // With a provider of its own: the process may hold two of them, and then none is the default.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("preparing TLS")?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn from_file(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        bail!("it holds no certificate in PEM form");
    }
    Ok(roots)
}

fn from_system() -> anyhow::Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = found.errors.first().map(|err| format!(" ({err})")).unwrap_or_default();
        bail!("the system trusts no certificate authority{why}: set `[directory] ca_file`");
    }
    Ok(roots)
}

/// A handshake that failed. What a person must look at is `Config`.
pub(super) fn failed(err: &rustls::Error) -> Failure {
    use rustls::Error::{
        AlertReceived, InvalidCertificate, InvalidMessage, NoCertificatesPresented,
        PeerIncompatible,
    };
    match err {
        InvalidCertificate(why) => {
            Failure::config(format!("the server's certificate is refused: {err}: {}", mend(why)))
        }
        InvalidMessage(_) => Failure::config(format!(
            "the server does not speak TLS on this port ({err}): mend the port, or use `ldap://` with `starttls = true`"
        )),
        AlertReceived(_) | PeerIncompatible(_) | NoCertificatesPresented => {
            Failure::config(format!("client and server can't agree on TLS (1.2 or 1.3): {err}"))
        }
        err => Failure::again(format!("the TLS handshake failed: {err}")),
    }
}

fn mend(why: &CertificateError) -> &'static str {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    match why {
        Expired | ExpiredContext { .. } => "have it renewed, and check this host's clock",
        NotValidYet | NotValidYetContext { .. } => "check this host's clock",
        NotValidForName | NotValidForNameContext { .. } => {
            "name the server in `[directory] urls` as its certificate does"
        }
        UnknownIssuer => {
            "put the certificate of the authority that issued it into `[directory] ca_file`"
        }
        _ => "have it replaced, or put its authority into `[directory] ca_file`",
    }
}
