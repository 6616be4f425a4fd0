//! What to do about a certificate that can't be trusted, told by the certificate itself.

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};
use x509_parser::public_key::PublicKey;

use super::trust::TrustedRoots;

/// The shortest RSA key that is still taken.
const RSA_BITS_MIN: usize = 2048;
/// Signatures by MD5 or SHA-1: RSA's, ECDSA's, DSA's.
const WEAK_SIGNATURES: [&str; 5] = [
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
    "1.3.14.3.2.29",
];

/// How to mend it. `presented` is the server's own certificate.
pub(super) fn advice(
    why: &CertificateError,
    presented: Option<&CertificateDer<'_>>,
    roots: &TrustedRoots,
) -> String {
    let certificate = presented.and_then(|der| X509Certificate::from_der(der).ok());
    let Some((_, certificate)) = certificate else { return general(why).to_owned() };
    by_dates_and_name(why, &certificate)
        .or_else(|| by_strength(&certificate, roots))
        .or_else(|| by_issuer(presented, &certificate, roots))
        .unwrap_or_else(|| general(why).to_owned())
}

fn by_dates_and_name(why: &CertificateError, certificate: &X509Certificate<'_>) -> Option<String> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext,
    };
    match why {
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => {
            Some(general(why).to_owned())
        }
        NotValidForName | NotValidForNameContext { .. } => {
            let names = certificate.subject_alternative_name().ok().flatten();
            Some(match names {
                None => "it names no host under Subject Alternative Name, and its CN does not count: have it issued again with `DNS:` and the host in `[directory] urls`".to_owned(),
                Some(_) => general(why).to_owned(),
            })
        }
        _ => None,
    }
}

/// Whether certificate or authority are made by means that are no longer trusted.
fn by_strength(certificate: &X509Certificate<'_>, roots: &TrustedRoots) -> Option<String> {
    let again = "have it issued again";
    if let Some(bits) = short_rsa(certificate) {
        return Some(format!(
            "its key is RSA of {bits} bits, and {RSA_BITS_MIN} are the least: {again} with a longer one"
        ));
    }
    if certificate.version() != X509Version::V3 {
        return Some(format!("it is no certificate of version 3: {again} as one"));
    }
    let is_self_signed = certificate.subject() == certificate.issuer();
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    if WEAK_SIGNATURES.contains(&signature.as_str()) && !is_self_signed {
        return Some(format!("it is signed by SHA-1 or MD5: {again} with SHA-256"));
    }
    let issuers = roots.in_file.iter().filter_map(|der| X509Certificate::from_der(der).ok());
    let mut issuers = issuers.filter(|(_, root)| root.subject() == certificate.issuer());
    issuers.find_map(|(_, root)| short_rsa(&root)).map(|bits| {
        format!("the key of the authority that issued it is RSA of {bits} bits, and {RSA_BITS_MIN} are the least: have it issued by another")
    })
}

fn short_rsa(certificate: &X509Certificate<'_>) -> Option<usize> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < RSA_BITS_MIN => Some(key.key_size()),
        _ => None,
    }
}

/// Where it comes from, and whether `ca_file` knows.
fn by_issuer(
    presented: Option<&CertificateDer<'_>>,
    certificate: &X509Certificate<'_>,
    roots: &TrustedRoots,
) -> Option<String> {
    let in_file =
        roots.in_file.iter().any(|root| Some(root.as_ref()) == presented.map(AsRef::as_ref));
    let is_self_signed = certificate.subject() == certificate.issuer();
    if is_self_signed && certificate.is_ca() {
        let known = if in_file { ", though it is in `ca_file`" } else { "" };
        return Some(format!(
            "it is self-signed and says that it is an authority (CA:TRUE), which no server's may be{known}: have the server given one of its own, issued by an authority that is in `[directory] ca_file`, or self-signed with CA:FALSE and itself in `ca_file`"
        ));
    }
    if is_self_signed && in_file {
        return Some("it is self-signed and in `ca_file`, and still does not hold: have it issued again, by an authority".to_owned());
    }
    if is_self_signed {
        return Some("it is self-signed: put this very certificate into `[directory] ca_file`, or have one issued by an authority".to_owned());
    }
    let named = roots.in_file.iter().filter_map(|der| X509Certificate::from_der(der).ok());
    let named = named.map(|(_, root)| root).any(|root| root.subject() == certificate.issuer());
    named.then(|| "`ca_file` holds an authority of the issuer's name, but with another key: put the authority's present certificate into it".to_owned())
}

fn general(why: &CertificateError) -> &'static str {
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
            "put the certificate of the authority that issued it into `[directory] ca_file` (and let the server send those between)"
        }
        _ => "have it issued again by an authority that is in `[directory] ca_file`",
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{ServerName, UnixTime};

    use super::*;
    use crate::directory::ldap::trust;

    fn path(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certificates").join(name)
    }

    fn certificate(name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(path(name)).unwrap()
    }

    /// What is said of a server that shows this, with that as `ca_file`; nothing when it is trusted.
    fn said(shown: &str, ca_file: &str) -> Option<String> {
        let roots = trust::roots(Some(&path(ca_file))).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let store = Arc::new(roots.store.clone());
        let judge = WebPkiServerVerifier::builder_with_provider(store, provider).build().unwrap();
        let (shown, name) = (certificate(shown), ServerName::try_from("dc1.corp.example").unwrap());
        match judge.verify_server_cert(&shown, &[], &name, &[], UnixTime::now()) {
            Ok(_) => None,
            Err(rustls::Error::InvalidCertificate(why)) => Some(advice(&why, Some(&shown), &roots)),
            Err(err) => panic!("{err}"),
        }
    }

    #[test]
    fn what_a_certificate_lacks_is_told_and_can_be_done() {
        for (shown, ca_file, part) in [
            ("no_name.pem", "ca.pem", "no host under Subject Alternative Name"),
            ("sha1.pem", "ca.pem", "signed by SHA-1"),
            ("no_name.pem", "other_key.pem", "another key"),
            ("self_signed.pem", "ca.pem", "put this very certificate into"),
            ("self_signed_ca.pem", "ca.pem", "CA:TRUE"),
            ("self_signed_ca.pem", "self_signed_ca.pem", "though it is in `ca_file`"),
            ("sha1.pem", "self_signed.pem", "signed by SHA-1"),
        ] {
            let said = said(shown, ca_file).unwrap();
            assert!(said.contains(part), "{shown} with {ca_file}: {said}");
        }
        assert_eq!(said("self_signed.pem", "self_signed.pem"), None, "the advice works");
        // A short key is noticed when the server signs with it.
        let roots = trust::roots(Some(&path("ca.pem"))).unwrap();
        let short = certificate("short_key.pem");
        let said = advice(&CertificateError::BadSignature, Some(&short), &roots);
        assert!(said.contains("RSA of 1024 bits"), "{said}");
    }

    #[test]
    fn a_ca_file_may_be_in_der_and_one_that_is_no_certificate_says_what_it_is() {
        assert_eq!(trust::roots(Some(&path("ca.der"))).unwrap().in_file.len(), 1);
        for (name, part) in
            [("ca.p7b", "-inform der -print_certs"), ("ca.p7b.pem", "pkcs7 -print_certs")]
        {
            let said = format!("{:#}", trust::roots(Some(&path(name))).unwrap_err());
            assert!(said.contains(part) && said.contains(name), "{said}");
        }
    }
}
