//! An image's columns, without building them: a report reads millions of images, and compares each column as it is written.

/// The members of a JSON object as it is written: each name in its quotes, each value as it stands.
pub(super) fn members(json: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = json.strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        let name = &rest[..text_end(rest)?];
        let value = rest[name.len()..].strip_prefix(':')?;
        let length = value_end(value);
        rest = value[length..].strip_prefix(',').unwrap_or_default();
        Some((name, &value[..length]))
    })
}

/// Where the text that begins here ends, behind its quote.
fn text_end(json: &str) -> Option<usize> {
    let mut bytes = json.bytes().enumerate();
    if bytes.next()?.1 != b'"' {
        return None;
    }
    let mut escaped = false;
    for (place, byte) in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place + 1),
            _ => {}
        }
    }
    None
}

/// Where the value that begins here ends.
fn value_end(json: &str) -> usize {
    if let Some(end) = text_end(json) {
        return end;
    }
    let (mut depth, mut place) = (0_u32, 0);
    while let Some(byte) = json.as_bytes().get(place) {
        match byte {
            b'"' => {
                place += text_end(&json[place..]).unwrap_or(json.len() - place);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' if depth == 0 => break,
            b'}' | b']' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        place += 1;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_read_as_they_are_written() {
        let json = r#"{"A":"a,\"}:b","B":-7.5,"C":null,"D":{"$hex":"ff"},"E":""}"#;
        let found: Vec<_> = members(json).collect();
        let expected = [
            ("\"A\"", "\"a,\\\"}:b\""),
            ("\"B\"", "-7.5"),
            ("\"C\"", "null"),
            ("\"D\"", r#"{"$hex":"ff"}"#),
            ("\"E\"", "\"\""),
        ];
        assert_eq!(found, expected);
        assert_eq!(members("{}").count(), 0);
    }
}
