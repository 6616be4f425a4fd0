//! Everything that is wrong with a config, at once: each with its line, its key, and the nearest
//! key there is.

use std::collections::BTreeMap;
use std::fmt;

use toml::de::{DeTable, DeValue};

/// Every section and key there is.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// What is wrong, in the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigMistakes(Vec<String>);

impl ConfigMistakes {
    /// Puts each mistake's line before it, as far as its key stands anywhere.
    pub(super) fn of(mistakes: Vec<String>, text: &str) -> ConfigMistakes {
        let lines = KeyLines::of(text);
        let mut placed: Vec<(Option<usize>, String)> =
            mistakes.into_iter().map(|said| (lines.of_mistake(&said), said)).collect();
        placed.sort_by_key(|(line, _)| *line);
        let told = |(line, said): (Option<usize>, String)| match line {
            Some(line) => format!("line {line}: {said}"),
            None => said,
        };
        ConfigMistakes(placed.into_iter().map(told).collect())
    }

    /// One text a mistake.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for ConfigMistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [_, _, ..] = self.0.as_slice() {
            write!(f, "{} mistakes: ", self.0.len())?;
        }
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for ConfigMistakes {}

/// On which line each key stands.
struct KeyLines(BTreeMap<String, usize>);

impl KeyLines {
    fn of(text: &str) -> KeyLines {
        let mut lines = BTreeMap::new();
        if let Ok(table) = DeTable::parse(text) {
            note(table.get_ref(), "", text, &mut lines);
        }
        KeyLines(lines)
    }

    /// Of the longest beginning of the mistake's path that stands in the file.
    fn of_mistake(&self, said: &str) -> Option<usize> {
        let path = path_of(said);
        let mut path = path.as_str();
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = path.rsplit_once('.')?.0;
        }
    }
}

fn note(table: &DeTable<'_>, above: &str, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = format!("{above}{}", key.get_ref());
        let before = text.get(..key.span().start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        if let DeValue::Table(inner) = value.get_ref() {
            note(inner, &format!("{path}."), text, lines);
        }
        lines.insert(path, line);
    }
}

/// `a.b[0]: …` and `[a] `b`: …` are both about the key `a.b`.
fn path_of(said: &str) -> String {
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word = |text: &str| -> String { text.chars().take_while(|c| is_key(*c)).collect() };
    match said.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((section, rest)) => format!("{section}.{}", word(rest.trim_start_matches('`'))),
        None => word(said).trim_end_matches('.').to_owned(),
    }
}

/// `: no such key`, and the one that was probably meant.
pub(super) fn no_such_key(path: &str) -> String {
    match nearest(path) {
        Some(meant) => format!("{path}: no such key; did you mean `{meant}`?"),
        None => format!("{path}: no such key"),
    }
}

/// Whether this is the name of a section, by `config.example.toml`.
pub(super) fn is_section(path: &str) -> bool {
    let holds = |section: &str| {
        section.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    EXAMPLE.lines().filter_map(section_of).any(holds)
}

/// `[name]`, commented out or not.
fn section_of(line: &'static str) -> Option<&'static str> {
    let line = line.strip_prefix("# ").unwrap_or(line);
    line.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(name, _)| name)
}

/// By `config.example.toml`, which holds every key.
fn nearest(path: &str) -> Option<String> {
    const ALIKE: f64 = 0.8;
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    // The keys of every database are alike.
    let section = if section.ends_with(".database") { "database" } else { section };
    let known = known_keys();
    let keys = known.iter().filter(|(of, _)| *of == section).map(|(_, key)| *key);
    let alike =
        |known: &str| strsim::jaro_winkler(&known.replace('-', "_"), &key.replace('-', "_"));
    let near = keys.map(|known| (alike(known), known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (near.0 >= ALIKE).then(|| near.1.to_owned())
}

/// Every section and key of the example, those that are commented out as well.
fn known_keys() -> Vec<(&'static str, &'static str)> {
    let mut section = "";
    let mut known = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = section_of(line) {
            section = name;
            let (above, last) = name.rsplit_once('.').unwrap_or(("", name));
            known.push((above, last));
            known.extend((!above.is_empty()).then_some(("", above)));
        } else if let Some((key, _)) = line.strip_prefix("# ").unwrap_or(line).split_once(" = ")
            && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            known.push((section, key));
        }
    }
    known
}

/// Without the value: it may be a secret that stands in the wrong place.
pub(super) fn without_value(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let quoted = first.find(['`', '"']);
    let (Some(start), Some(end)) = (quoted, first.rfind(", expected")) else {
        return first.to_owned();
    };
    if start > end {
        return first.to_owned();
    }
    format!("{}{}", first[..start].trim_end(), &first[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_tells_its_line_and_the_nearest_key() {
        for (path, meant) in [
            ("database.pasword_file", Some("password_file")),
            ("import.database.user_name", Some("username")),
            ("directory.base_db", Some("base_dn")),
            ("databse", Some("database")),
            ("limits.sync-manager", Some("sync-managers")),
            ("revoke.colour", None),
        ] {
            assert_eq!(nearest(path).as_deref(), meant, "{path}");
        }
        let text = "[time]\nzone = 1\n\n[directory]\ntimeout = 0\n";
        let said = ["[directory] `timeout = 0`: no", "time.zone: no", "database.url: no"];
        let told = ConfigMistakes::of(said.map(str::to_owned).to_vec(), text);
        let told: Vec<_> = told.iter().collect();
        assert_eq!(
            told,
            ["database.url: no", "line 2: time.zone: no", "line 5: [directory] `timeout = 0`: no"]
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_not_quoted() {
        for (message, told) in [
            (
                "invalid type: string \"hunter2\", expected u32",
                "invalid type: string, expected u32",
            ),
            (
                "invalid type: integer `12345`, expected a path",
                "invalid type: integer, expected a path",
            ),
            (
                "unknown variant `hunter2`, expected `revoke` or `skip`",
                "unknown variant, expected `revoke` or `skip`",
            ),
            ("invalid type: map, expected a string", "invalid type: map, expected a string"),
        ] {
            assert_eq!(without_value(message), told);
        }
    }
}
