//! Who may sign: OpenSSH's `allowed_signers` format, as `ssh-keygen(1)` describes it.
//!
//! ```text
//! anna@example.org,bert@example.org namespaces="recert-plan",valid-before="20270101Z" ssh-ed25519 AAAA… a comment
//! ```
//! Wildcards and `cert-authority` are refused: everybody who may sign stands there by name and by key.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc};
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use crate::config::must_be_ours_alone;
use crate::exit::Exit;
use crate::files::open_regular;

/// The entries of an `allowed_signers` file.
#[derive(Debug)]
pub(crate) struct Signers {
    entries: Vec<SignerEntry>,
}

/// One line: whose key it is, for what, and from when to when.
#[derive(Debug)]
struct SignerEntry {
    principals: Vec<String>,
    /// None: for everything.
    namespaces: Option<Vec<String>>,
    valid_after: Option<DateTime<Utc>>,
    valid_before: Option<DateTime<Utc>>,
    key: KeyData,
}

impl Signers {
    /// Reads the file, if nobody but its owner could have written it.
    ///
    /// # Errors
    /// `Exit::Config`: it is not there, not to be trusted, or has a line that can't be read.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Signers> {
        must_be_ours_alone(path)?;
        let read = || {
            let mut text = String::new();
            open_regular(path)?.read_to_string(&mut text)?;
            Signers::parse(&text)
        };
        read()
            .with_context(|| format!("reading the signers `{}`", path.display()))
            .context(Exit::Config)
    }

    fn parse(text: &str) -> anyhow::Result<Signers> {
        let mut entries = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = SignerEntry::parse(line).with_context(|| format!("line {}", at + 1))?;
            entries.push(entry);
        }
        Ok(Signers { entries })
    }

    /// Whose key this is, under this name, at this moment.
    pub(super) fn principals(
        &self,
        key: &KeyData,
        namespace: &str,
        at: DateTime<Utc>,
    ) -> anyhow::Result<Vec<String>> {
        let mut why = "its key is not listed among the signers";
        let mut principals: Vec<String> = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.key == *key) {
            match entry.refusal(namespace, at) {
                Some(refusal) => why = refusal,
                None => principals.extend(entry.principals.iter().cloned()),
            }
        }
        principals.dedup();
        if principals.is_empty() { Err(anyhow!(why)) } else { Ok(principals) }
    }
}

impl SignerEntry {
    fn parse(line: &str) -> anyhow::Result<SignerEntry> {
        let (names, rest) = word(line);
        let (options, key) = match word(rest) {
            (first, _) if is_key_type(first) => ("", rest),
            (options, rest) => (options, rest),
        };
        let principals: Vec<String> =
            unquoted(names).split(',').map(|name| name.trim().to_owned()).collect();
        if principals.iter().any(|name| name.is_empty() || has_wildcard(name)) {
            return Err(anyhow!(
                "`{}`: everybody who signs stands there by name, without wildcards",
                names.escape_default()
            ));
        }
        // The comment is nobody's business, and may be anything.
        let (kind, after) = word(key);
        let key = PublicKey::from_openssh(&format!("{kind} {}", word(after).0))
            .map_err(|error| anyhow!("the key can't be read: {error}"))?;
        let key = key.key_data().clone();
        let mut entry = SignerEntry {
            principals,
            namespaces: None,
            valid_after: None,
            valid_before: None,
            key,
        };
        for option in options_of(options) {
            entry.set(&option)?;
        }
        Ok(entry)
    }

    fn set(&mut self, option: &str) -> anyhow::Result<()> {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let value = unquoted(value);
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => {
                let names: Vec<String> =
                    value.split(',').map(|name| name.trim().to_owned()).collect();
                if names.iter().any(|name| name.is_empty() || has_wildcard(name)) {
                    return Err(anyhow!("`namespaces` names each of them, without wildcards"));
                }
                self.namespaces = Some(names);
            }
            "valid-after" => self.valid_after = Some(moment(value)?),
            "valid-before" => self.valid_before = Some(moment(value)?),
            "cert-authority" => return Err(anyhow!("`cert-authority`: certificates are not read")),
            _ => return Err(anyhow!("no such option: `{}`", name.escape_default())),
        }
        Ok(())
    }

    /// Why this key may not sign that now.
    fn refusal(&self, namespace: &str, at: DateTime<Utc>) -> Option<&'static str> {
        let is_named =
            self.namespaces.as_ref().is_none_or(|names| names.iter().any(|name| name == namespace));
        if !is_named {
            Some("its key is listed for other namespaces")
        } else if self.valid_after.is_some_and(|from| at < from) {
            Some("its key is not valid yet")
        } else if self.valid_before.is_some_and(|until| at > until) {
            Some("its key is not valid any more")
        } else {
            None
        }
    }
}

fn has_wildcard(name: &str) -> bool {
    name.contains(['*', '?', '!'])
}

fn is_key_type(word: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-", "rsa-"].iter().any(|start| word.starts_with(start))
}

/// The first word of a line, and what is behind it; blanks in quotes don't end it.
fn word(line: &str) -> (&str, &str) {
    let line = line.trim_start();
    let mut quoted = false;
    let end = line.find(|c: char| {
        quoted ^= c == '"';
        !quoted && c.is_whitespace()
    });
    line.split_at(end.unwrap_or(line.len()))
}

/// The parts between commas that don't stand in quotes.
fn options_of(options: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = options.split(|c: char| {
        quoted ^= c == '"';
        !quoted && c == ','
    });
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// `YYYYMMDD[HHMM[SS]][Z]`: as OpenSSH reads it, without Z in the host's own time zone.
fn moment(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let (digits, is_utc) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    let at = match digits.len() {
        8 => NaiveDate::parse_from_str(digits, "%Y%m%d").map(|day| day.and_time(NaiveTime::MIN)),
        12 => NaiveDateTime::parse_from_str(&format!("{digits}00"), "%Y%m%d%H%M%S"),
        _ => NaiveDateTime::parse_from_str(digits, "%Y%m%d%H%M%S"),
    };
    let wrong = || anyhow!("`{}` is no time like 20270131 or 202701312359Z", text.escape_default());
    let at = at.map_err(|_| wrong())?;
    if is_utc {
        return Ok(at.and_utc());
    }
    Local.from_local_datetime(&at).earliest().map(|at| at.to_utc()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEnUWqai0iHPyH1cY1YzxunwoIGVS3a1u/46vI0zh09";

    fn principals(line: &str, namespace: &str, at: &str) -> Result<Vec<String>, String> {
        let signers = Signers::parse(line).map_err(|error| format!("{error:#}"))?;
        let key = PublicKey::from_openssh(KEY).unwrap();
        let at = at.parse().unwrap();
        signers.principals(key.key_data(), namespace, at).map_err(|error| error.to_string())
    }

    const NOON: &str = "2026-06-15T12:00:00Z";

    #[test]
    fn a_line_names_who_may_sign_what_and_when() {
        for (options, why) in [
            ("", ""),
            ("namespaces=\"recert-plan,git\"", ""),
            ("namespaces=\"git\"", "other namespaces"),
            ("valid-after=\"20260615Z\",valid-before=\"20260616Z\"", ""),
            ("valid-after=\"202606151201Z\"", "not valid yet"),
            ("Valid-Before=20260615115959Z", "not valid any more"),
        ] {
            let line = format!("# who\n\nanna@x,bert {options} {KEY} Anna's laptop");
            let said = principals(&line, "recert-plan", NOON);
            match why {
                "" => assert_eq!(said.unwrap(), ["anna@x", "bert"], "{options}"),
                why => assert!(said.unwrap_err().contains(why), "{options}"),
            }
        }
        assert!(principals("", "recert-plan", NOON).unwrap_err().contains("not listed"));
    }

    #[test]
    fn a_line_that_names_nobody_for_sure_is_refused_with_its_number() {
        for line in [
            format!("* {KEY}"),
            format!("*@example.org {KEY}"),
            format!("anna,!bert {KEY}"),
            format!("anna, {KEY}"),
            format!("anna cert-authority {KEY}"),
            format!("anna namespaces=\"recert-*\" {KEY}"),
            format!("anna valid-before=\"soon\" {KEY}"),
            format!("anna no-touch-required {KEY}"),
            "anna".to_owned(),
            "anna ssh-ed25519 AAAA".to_owned(),
        ] {
            let said = principals(&format!("\n{line}"), "recert-plan", NOON).unwrap_err();
            assert!(said.starts_with("line 2"), "{line}: {said}");
        }
    }
}
