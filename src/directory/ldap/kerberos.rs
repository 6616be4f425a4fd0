//! Logging in by a Kerberos ticket: SASL's mechanism GSSAPI (RFC 4752), bound to the TLS connection (RFC 5929).
//!
//! The ticket comes from where the system's Kerberos looks for it: a cache (`KRB5CCNAME`), or a keytab
//! (`KRB5_CLIENT_KTNAME`), by which one is fetched when there is none.

use std::time::Duration;

use anyhow::{anyhow, bail};
use cross_krb5::{ClientCtx, InitiateFlags, K5Ctx as _, PendingClientCtx, Step};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::failure::{self, LdapFailure};
use super::login::{BOUND, sasl_bind};
use super::wire::{self, ServerWire};

const MECHANISM: &str = "GSSAPI";
/// The server wants another step (RFC 4511).
const IN_PROGRESS: u32 = 14;
/// No security layer of Kerberos' own (RFC 4752, section 3.1): TLS is there.
const NO_LAYER: u8 = 1;

/// Where a login by ticket stands.
enum TicketLogin {
    Pending(PendingClientCtx),
    Established(ClientCtx),
}

/// Logs in to a server of this name.
pub(super) async fn log_in(
    wire: &mut dyn ServerWire,
    host: &str,
    certificate: Option<&CertificateDer<'_>>,
    limit: Duration,
) -> Result<(), LdapFailure> {
    let (spn, binding) = (format!("ldap/{host}"), certificate.and_then(binding));
    let (mut state, mut token) = ticket(limit, move || begin(&spn, binding.as_deref())).await?;
    // Two steps are usual; more than a few are nonsense.
    for _ in 0..5 {
        let result = wire::call(wire, limit, &sasl_bind(MECHANISM, &token), BOUND).await?;
        match result.rc {
            0 => return Ok(()),
            IN_PROGRESS => {}
            rc => return Err(of_refusal(rc, &result.text)),
        }
        let answer = result.credentials.unwrap_or_default();
        (state, token) = ticket(limit, move || step(state, &answer)).await?;
    }
    Err(LdapFailure::again("the server never comes to the end of the login by Kerberos"))
}

/// What the system's Kerberos does, which may ask a KDC, and waits for its answer.
async fn ticket<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> Result<T, LdapFailure> {
    match timeout(limit, spawn_blocking(work)).await {
        Err(_) => Err(LdapFailure::again("Kerberos: no KDC answered in time")),
        Ok(Err(_)) => Err(LdapFailure::again("Kerberos: the library failed")),
        Ok(Ok(outcome)) => outcome.map_err(|err| of_kerberos(&format!("{err:#}"))),
    }
}

fn begin(spn: &str, binding: Option<&[u8]>) -> anyhow::Result<(TicketLogin, Vec<u8>)> {
    let (pending, token) = ClientCtx::new(InitiateFlags::empty(), None, spn, binding)?;
    Ok((TicketLogin::Pending(pending), token.to_vec()))
}

/// Takes in what the server said, and says what comes next.
fn step(state: TicketLogin, answer: &[u8]) -> anyhow::Result<(TicketLogin, Vec<u8>)> {
    match state {
        TicketLogin::Pending(pending) => Ok(match pending.step(answer)? {
            Step::Continue((pending, token)) => (TicketLogin::Pending(pending), token.to_vec()),
            Step::Finished((context, token)) => {
                let token = token.map(|token| token.to_vec()).unwrap_or_default();
                (TicketLogin::Established(context), token)
            }
        }),
        TicketLogin::Established(mut context) => {
            let offer = context.unwrap(answer)?.to_vec();
            let [layers, _, _, _] = offer.as_slice() else {
                bail!("the server's offer of security layers can't be read");
            };
            if layers & NO_LAYER == 0 {
                return Err(anyhow!(
                    "the server wants a security layer of Kerberos' own beside TLS (`sasl-secprops minssf`)"
                ));
            }
            // No layer, hence no size; and in nobody else's name.
            let choice = context.wrap(false, &[NO_LAYER, 0, 0, 0])?.to_vec();
            Ok((TicketLogin::Established(context), choice))
        }
    }
}

/// What ties the login to the server's certificate: its hash, by the algorithm of its signature, but never a weak one.
fn binding(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let hash = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(certificate).to_vec(),
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(certificate).to_vec(),
        // Ed25519 has no hash of its own, so that there is nothing both sides would agree on (RFC 5929, section 4.1).
        "1.3.101.112" | "1.3.101.113" => return None,
        _ => Sha256::digest(certificate).to_vec(),
    };
    Some([b"tls-server-end-point:".as_slice(), &hash].concat())
}

/// A login that the server refused, though there was a ticket.
fn of_refusal(rc: u32, text: &str) -> LdapFailure {
    match rc {
        7 => LdapFailure::config(
            "the server does not know Kerberos (SASL's mechanism GSSAPI): `bind = \"simple\"`, or install it there",
        ),
        49 => LdapFailure::config(format!(
            "the server refuses the ticket ({}): its keytab, its clock, its realm, or whether TLS ends before it (channel binding)",
            failure::without_people(text)
        )),
        rc => failure::of_login(rc, text),
    }
}

/// What Kerberos complains of in MIT's words, and what to do about it. The first that fits; the words that speak of
/// credentials in general stand before most others, and so come last.
const COMPLAINTS: [(&[&str], &str); 8] = [
    (
        &["clock skew", "ticket not yet valid"],
        "the clocks of this host and of the KDC or the server are too far apart: mend this host's time (chrony, ntpd)",
    ),
    (
        &["cannot find kdc", "cannot resolve", "no such realm", "realm unknown", "realm not local"],
        "the realm is not known here: `default_realm` and `[realms]` in krb5.conf, and whose realm the server's host is in (`[domain_realm]`)",
    ),
    (
        &[
            "client not found",
            "client '",
            "preauthentication failed",
            "password incorrect",
            "integrity check",
            "revoked",
        ],
        "the KDC does not take the account or its keytab: is it locked, or the keytab older than the password?",
    ),
    (
        &[
            "not found in kerberos database",
            "server not found",
            "no key table entry",
            "wrong principal",
        ],
        "the KDC does not know the server by this name: its service principal `ldap/HOST`, HOST as in `[directory] urls`, is missing",
    ),
    (
        &["expired"],
        "the ticket or the account's password has expired: renew it, or name a keytab (`KRB5_CLIENT_KTNAME`)",
    ),
    (
        &["channel binding"],
        "the connection is not the one that the server sees: does TLS end before it?",
    ),
    (
        &["security layer"],
        "the server wants a security layer of Kerberos' own beside TLS (OpenLDAP: `sasl-secprops` with `minssf`)",
    ),
    (
        &["no credentials", "credentials cache", "no kerberos credentials", "key table", "keytab"],
        "there is no ticket: `KRB5CCNAME` names a cache (`kinit`), `KRB5_CLIENT_KTNAME` a keytab that this account may read",
    ),
];

/// What is to be done. MIT's words name principals: those are left out.
fn of_kerberos(said: &str) -> LdapFailure {
    let lower = said.to_ascii_lowercase();
    if lower.contains("cannot contact any kdc") {
        return LdapFailure::again("Kerberos: no KDC of the realm answers");
    }
    let fits = |(words, _): &&(&[&str], &str)| words.iter().any(|word| lower.contains(word));
    match COMPLAINTS.iter().find(fits) {
        Some((_, what)) => LdapFailure::config(format!("Kerberos: {what}")),
        None => LdapFailure::config(format!("Kerberos refuses: {}", failure::without_people(said))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kerberos_complains_of_is_told_with_what_to_do() {
        for (said, told) in [
            ("Unspecified GSS failure: Clock skew too great", "time (chrony"),
            (
                "No Kerberos credentials available (default cache: FILE:/tmp/x)",
                "there is no ticket",
            ),
            ("Cannot find KDC for realm \"NOWHERE\"", "the realm is not known"),
            ("Server ldap/dc9@CORP not found in Kerberos database", "service principal"),
            ("Ticket expired", "has expired"),
            ("Client 'x@CORP' not found in Kerberos database", "does not take the account"),
        ] {
            let failure = format!("{:#}", of_kerberos(said).into_error());
            assert!(failure.contains(told), "{said}: {failure}");
            assert!(!failure.contains('@'), "{failure}");
        }
    }
}
