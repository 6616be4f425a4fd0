//! The little of BER that is read and written here, without recursion: whatever a server sends, it is checked
//! before the library, which trusts it, gets to see it.

/// How deep values may lie in one another. An entry's lie six deep.
const DEPTH_MAX: usize = 24;

/// Tags of messages (RFC 4511).
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const BOOLEAN: u8 = 0x01;
const CONTROLS: u8 = 0xa0;
const REFERRALS: u8 = 0xa3;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
pub(super) const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;

/// Why bytes are no LDAP message.
pub(super) type BadMessage = &'static str;

/// A value: its tag and its content.
pub(super) type Tlv<'a> = (u8, &'a [u8]);

/// The end of a login or of StartTLS.
#[derive(Debug)]
pub(super) struct BareResult {
    pub(super) rc: u32,
    pub(super) text: String,
    /// What the server says to a step of a login by SASL.
    #[cfg_attr(not(feature = "kerberos"), expect(dead_code, reason = "read by Kerberos"))]
    pub(super) credentials: Option<Vec<u8>>,
}

/// A value with its length in front.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 6);
    bytes.push(tag);
    let length = content.len() as u32;
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        bytes.push(0x84);
        bytes.extend(length.to_be_bytes());
    }
    bytes.extend(content);
    bytes
}

/// Tag, and where the content begins and ends. Nothing when that many bytes are not there yet.
pub(super) fn header(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, BadMessage> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some((tag, 2, 2 + usize::from(first))));
    }
    let digits = usize::from(first & 0x7f);
    if digits == 0 || digits > 8 {
        return Err("a length that LDAP does not know");
    }
    let Some(length) = bytes.get(2..2 + digits) else { return Ok(None) };
    let length = length.iter().fold(0_u64, |length, digit| length << 8 | u64::from(*digit));
    let end = usize::try_from(length).ok().and_then(|length| length.checked_add(2 + digits));
    end.map(|end| Some((tag, 2 + digits, end))).ok_or("a length that no memory holds")
}

/// The first value, and what follows it.
pub(super) fn first(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), BadMessage> {
    match header(bytes)? {
        Some((tag, start, end)) if end <= bytes.len() => {
            Ok(((tag, &bytes[start..end]), &bytes[end..]))
        }
        _ => Err("a value longer than what holds it"),
    }
}

/// All values, one behind the other.
fn all(mut bytes: &[u8]) -> Result<Vec<Tlv<'_>>, BadMessage> {
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (value, rest) = first(bytes)?;
        values.push(value);
        bytes = rest;
    }
    Ok(values)
}

/// Whether every length fits into what holds it, and nothing lies too deep.
pub(super) fn check_nesting(message: &[u8]) -> Result<(), BadMessage> {
    let mut ends = [0_usize; DEPTH_MAX];
    ends[0] = message.len();
    let (mut depth, mut at) = (0, 0);
    loop {
        while at == ends[depth] {
            if depth == 0 {
                return Ok(());
            }
            depth -= 1;
        }
        let Some((tag, start, end)) = header(&message[at..ends[depth]])? else {
            return Err("a value that is cut off");
        };
        let (start, end) = (at + start, at + end);
        if end > ends[depth] {
            return Err("a value longer than what holds it");
        }
        if tag & 0x20 == 0 {
            at = end;
            continue;
        }
        depth += 1;
        if depth == DEPTH_MAX {
            return Err("values nested deeper than LDAP has any");
        }
        (ends[depth], at) = (end, start);
    }
}

/// What a message of a server is, once it is known to be whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServerMessage {
    /// Part of a search's answer, that the library can read.
    OfSearch,
    /// The server says goodbye; what it says.
    Goodbye(String),
}

/// Checks a message of a connection on which only searches are under way. Text in its result that is none is
/// made so, in its place: the library takes it for granted.
pub(super) fn check(message: &mut [u8]) -> Result<ServerMessage, BadMessage> {
    check_nesting(message)?;
    let ((tag, body), rest) = first(message)?;
    if tag != SEQUENCE || !rest.is_empty() {
        return Err("a message of another kind");
    }
    let parts = all(body)?;
    let [(INTEGER, id), (op, content), rest @ ..] = parts.as_slice() else {
        return Err("a message without a number");
    };
    if id.is_empty() || id.len() > 4 {
        return Err("a message without a number");
    }
    match *op {
        EXTENDED => return Ok(ServerMessage::Goodbye(result(content)?.text)),
        ENTRY | REFERENCE | INTERMEDIATE => {}
        DONE => check_result(content)?,
        _ => return Err("an answer to something that was not asked"),
    }
    match rest {
        [] => {}
        [(CONTROLS, controls)] => check_controls(controls)?,
        _ => return Err("a message with something behind its end"),
    }
    let texts = if *op == DONE { bad_texts(message, content) } else { Vec::new() };
    for byte in texts {
        message[byte] = b'?';
    }
    Ok(ServerMessage::OfSearch)
}

/// Where in the message the bytes are that make the two texts of its result none.
fn bad_texts(message: &[u8], content: &[u8]) -> Vec<usize> {
    let mut bad = Vec::new();
    for (_, text) in all(content).unwrap_or_default().into_iter().skip(1).take(2) {
        if std::str::from_utf8(text).is_err() {
            let start = text.as_ptr() as usize - message.as_ptr() as usize;
            let places = text.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
            bad.extend(places.map(|(at, _)| start + at));
        }
    }
    bad
}

fn check_result(content: &[u8]) -> Result<(), BadMessage> {
    let parts = all(content)?;
    let [(ENUMERATED, code), (OCTETS, _), (OCTETS, _), rest @ ..] = parts.as_slice() else {
        return Err("a result that can't be read");
    };
    if code.is_empty() || code.len() > 4 {
        return Err("a result that can't be read");
    }
    for (tag, content) in rest {
        match (tag, tag & 0x1f) {
            (&REFERRALS, _) => {
                let texts = all(content)?;
                let good =
                    |(tag, text): &Tlv<'_>| *tag == OCTETS && std::str::from_utf8(text).is_ok();
                if !texts.iter().all(good) {
                    return Err("a referral that can't be read");
                }
            }
            (_, 3 | 7 | 10 | 11) => return Err("a result that is not a search's"),
            _ => {}
        }
    }
    Ok(())
}

fn check_controls(controls: &[u8]) -> Result<(), BadMessage> {
    for (tag, control) in all(controls)? {
        let parts = all(control)?;
        let good = match parts.as_slice() {
            [(OCTETS, kind)] | [(OCTETS, kind), (OCTETS, _)] => std::str::from_utf8(kind).is_ok(),
            [(OCTETS, kind), (BOOLEAN, critical)]
            | [(OCTETS, kind), (BOOLEAN, critical), (OCTETS, _)] => {
                std::str::from_utf8(kind).is_ok() && !critical.is_empty()
            }
            _ => false,
        };
        if tag != SEQUENCE || !good {
            return Err("a control that can't be read");
        }
    }
    Ok(())
}

/// The result in the answer to a login or to StartTLS, which must be of this kind and alone in its message.
pub(super) fn answer(message: &[u8], kind: u8) -> Result<BareResult, BadMessage> {
    check_nesting(message)?;
    let ((_, body), _) = first(message)?;
    match all(body)?.as_slice() {
        [(INTEGER, _), (op, content), ..] if *op == kind || *op == EXTENDED => result(content),
        _ => Err("an answer to something that was not asked"),
    }
}

fn result(content: &[u8]) -> Result<BareResult, BadMessage> {
    let parts = all(content)?;
    let [(ENUMERATED, code), (OCTETS, _), (OCTETS, text), rest @ ..] = parts.as_slice() else {
        return Err("a result that can't be read");
    };
    if code.is_empty() || code.len() > 4 {
        return Err("a result that can't be read");
    }
    Ok(BareResult {
        rc: code.iter().fold(0, |rc, byte| rc << 8 | u32::from(*byte)),
        text: String::from_utf8_lossy(text).into_owned(),
        credentials: rest.iter().find(|(tag, _)| *tag == 0x87).map(|(_, token)| token.to_vec()),
    })
}

/// The cookie in the value of a control for paged results (RFC 2696).
pub(super) fn cookie(value: &[u8]) -> Result<Vec<u8>, BadMessage> {
    let ((_, content), _) = first(value)?;
    match all(content)?.as_slice() {
        [(INTEGER, _), (OCTETS, cookie)] => Ok(cookie.to_vec()),
        _ => Err("a page that can't be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(op: u8, content: &[u8]) -> Vec<u8> {
        tlv(SEQUENCE, &[tlv(INTEGER, &[1]), tlv(op, content)].concat())
    }

    fn result_of(text: &[u8]) -> Vec<u8> {
        [tlv(ENUMERATED, &[53]), tlv(OCTETS, b""), tlv(OCTETS, text)].concat()
    }

    #[test]
    fn values_may_not_lie_deeper_than_any_does() {
        let nested = |depth| (0..depth).fold(Vec::new(), |inner, _| tlv(SEQUENCE, &inner));
        assert_eq!(check_nesting(&nested(DEPTH_MAX - 1)), Ok(()));
        assert!(check_nesting(&nested(DEPTH_MAX)).is_err());
        assert!(check_nesting(&nested(100_000)).is_err());
    }

    #[test]
    fn what_does_not_fit_is_told_before_it_is_read() {
        for bad in [&[0x30, 0x05, 0x02, 0x01][..], &[0x30, 0x80], &[0x30, 0x02, 0x04, 0x7f]] {
            assert!(check_nesting(bad).is_err(), "{bad:?}");
        }
        assert_eq!(header(&[0x30, 0x84, 1]), Ok(None));
        assert!(header(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]).is_err());
        assert!(header(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]).is_err());
    }

    #[test]
    fn a_text_that_is_none_is_mended_in_its_place() {
        let mut done = message(DONE, &result_of(b"verf\xfcgbar"));
        assert_eq!(check(&mut done), Ok(ServerMessage::OfSearch));
        assert_eq!(done, message(DONE, &result_of(b"verf?gbar")));
        let mut goodbye = message(EXTENDED, &result_of(b"bye"));
        assert_eq!(check(&mut goodbye), Ok(ServerMessage::Goodbye("bye".into())));
    }

    #[test]
    fn what_the_library_would_panic_at_does_not_reach_it() {
        let bad = [
            message(0x61, &result_of(b"")),
            message(DONE, b""),
            message(DONE, &tlv(ENUMERATED, b"")),
            message(DONE, &[result_of(b""), tlv(0x87, b"x")].concat()),
            message(DONE, &[result_of(b""), tlv(REFERRALS, &tlv(OCTETS, b"\xff"))].concat()),
            tlv(SEQUENCE, &tlv(INTEGER, &[1])),
            tlv(SEQUENCE, &[tlv(INTEGER, b""), tlv(ENTRY, b"")].concat()),
            tlv(
                SEQUENCE,
                &[
                    tlv(INTEGER, &[1]),
                    tlv(DONE, &result_of(b"")),
                    tlv(CONTROLS, &tlv(SEQUENCE, b"")),
                ]
                .concat(),
            ),
        ];
        for mut bad in bad {
            assert!(check(&mut bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_where_it_is() {
        let page = tlv(SEQUENCE, &[tlv(INTEGER, &[0]), tlv(OCTETS, b"next")].concat());
        assert_eq!(cookie(&page), Ok(b"next".to_vec()));
        assert!(cookie(&tlv(SEQUENCE, &tlv(INTEGER, &[0]))).is_err());
        assert!(cookie(b"").is_err());
    }
}
