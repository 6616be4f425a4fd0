//! The requests of a login (RFC 4511, section 4.2).

use super::ber::{self, tlv};

const BIND: u8 = 0x60;
/// The answer's tag.
pub(super) const BOUND: u8 = 0x61;

/// A request of a login. They come one after the other, so that they need no numbers to tell them apart.
pub(super) fn message(operation: &[u8]) -> Vec<u8> {
    tlv(ber::SEQUENCE, &[&tlv(ber::INTEGER, &[1]), operation].concat())
}

pub(super) fn simple_bind(who: &str, password: &str) -> Vec<u8> {
    let parts =
        [tlv(ber::INTEGER, &[3]), tlv(ber::OCTETS, who.as_bytes()), tlv(0x80, password.as_bytes())];
    message(&tlv(BIND, &parts.concat()))
}

/// A step of a login by SASL (RFC 4511, section 4.2).
#[cfg(feature = "kerberos")]
pub(super) fn sasl_bind(mechanism: &str, token: &[u8]) -> Vec<u8> {
    let sasl = [tlv(ber::OCTETS, mechanism.as_bytes()), tlv(ber::OCTETS, token)].concat();
    let parts = [tlv(ber::INTEGER, &[3]), tlv(ber::OCTETS, b""), tlv(0xa3, &sasl)];
    message(&tlv(BIND, &parts.concat()))
}
