//! Whom to trust: the authorities in `ca_file`, or else those of the system.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, bail};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::exit::Exit;
use crate::files::open_regular;

/// Certificates of authorities, as they are and as TLS wants them.
#[derive(Debug)]
pub(super) struct TrustedRoots {
    pub(super) store: RootCertStore,
    /// Nothing when they are the system's.
    pub(super) in_file: Vec<CertificateDer<'static>>,
}

/// The content type of PKCS#7's signed data, as it stands in a file in DER.
const PKCS7: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// # Errors
/// `Exit::Config` when there is no certificate to trust, or one that can't be read.
pub(super) fn roots(ca_file: Option<&Path>) -> anyhow::Result<TrustedRoots> {
    match ca_file {
        Some(path) => from_file(path)
            .with_context(|| format!("reading `[directory] ca_file` `{}`", path.display())),
        None => from_system(),
    }
    .context(Exit::Config)
}

fn from_file(path: &Path) -> anyhow::Result<TrustedRoots> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    let mut roots = TrustedRoots { store: RootCertStore::empty(), in_file: Vec::new() };
    if bytes.first() == Some(&0x30) {
        let certificate = CertificateDer::from(bytes.clone());
        if roots.store.add(certificate.clone()).is_ok() {
            roots.in_file.push(certificate);
            return Ok(roots);
        }
    }
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.context("a certificate in it can't be read")?;
        roots.store.add(certificate.clone()).context("a certificate in it can't be read")?;
        roots.in_file.push(certificate);
    }
    if roots.in_file.is_empty() {
        bail!("it holds no certificate in PEM form{}", mend(&bytes));
    }
    Ok(roots)
}

/// What a file without a certificate seems to be, and how to make certificates of it.
fn mend(bytes: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(64 * 1024)]);
    let form = |head: &str| text.contains(&format!("-----BEGIN {head}"));
    if form("PKCS7") || form("CMS") {
        return ", but PKCS#7: `openssl pkcs7 -print_certs -in FILE -out FILE.pem` takes them out";
    }
    if bytes.windows(PKCS7.len()).take(64).any(|window| window == PKCS7) {
        return ", but PKCS#7 in DER form: `openssl pkcs7 -inform der -print_certs -in FILE -out FILE.pem` takes them out";
    }
    if form("TRUSTED CERTIFICATE") {
        return ", but OpenSSL's own form: `openssl x509 -in FILE -out FILE.pem` turns it into one";
    }
    if form("CERTIFICATE REQUEST") || form("NEW CERTIFICATE REQUEST") {
        return ", but a request for one: name what the authority made of it";
    }
    if text.contains("PRIVATE KEY-----") {
        return ", but a private key, which nobody needs here: remove it";
    }
    if bytes.first() == Some(&0x30) {
        return ", nor one in DER form: `openssl x509 -inform der -in FILE -out FILE.pem` tells why";
    }
    ""
}

fn from_system() -> anyhow::Result<TrustedRoots> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let why = found.errors.first().map(|err| format!(" ({err})")).unwrap_or_default();
        bail!("the system trusts no certificate authority{why}: set `[directory] ca_file`");
    }
    Ok(TrustedRoots { store, in_file: Vec::new() })
}
