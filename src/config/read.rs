//! From a config's text to its values: every mistake is met in one reading, and none hides another.

use anyhow::anyhow;
use serde::de::DeserializeOwned;

use super::mistakes;

/// The config as far as it can be read, and what is wrong with its text.
///
/// # Errors
/// It is no TOML.
pub(super) fn read<Config: DeserializeOwned + Default>(
    text: &str,
) -> anyhow::Result<(Config, Vec<String>)> {
    let mut table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| anyhow!("{}", without_quoting(&error, text)))?;
    let mut errors = Vec::new();
    refuse_lists(&mut table, "", &mut errors);
    expand(&mut table, "", &mut errors);
    let mut unknown = Vec::new();
    let config = loop {
        unknown.clear();
        match read_table(&table, &mut unknown) {
            Ok(config) => break config,
            // A value of the wrong kind hides what is behind it: note it, take it out, go on.
            Err((path, message)) => {
                errors.push(format!("{path}: {message}"));
                if !remove(&mut table, &path) {
                    break Config::default();
                }
            }
        }
    };
    errors.extend(unknown.iter().map(|key| mistakes::no_such_key(key)));
    Ok((config, errors))
}

/// A list in a section's place would be taken for its values in the order of the code.
fn refuse_lists(table: &mut toml::Table, above: &str, errors: &mut Vec<String>) {
    table.retain(|key, value| {
        let path = format!("{above}{key}");
        match value {
            toml::Value::Table(inner) => refuse_lists(inner, &format!("{path}."), errors),
            toml::Value::Array(_) if mistakes::is_section(&path) => {
                errors
                    .push(format!("{path}: a list where a section stands: write `[{path}]`, once"));
                return false;
            }
            _ => {}
        }
        true
    });
}

/// What systemd's `LoadCredential=` sets, in every key that names a file or a folder.
fn expand(table: &mut toml::Table, above: &str, errors: &mut Vec<String>) {
    const VARIABLE: &str = "CREDENTIALS_DIRECTORY";
    for (key, value) in table {
        let path = format!("{above}{key}");
        let names_file = key.ends_with("_file")
            || key.ends_with("_dir")
            || matches!(key.as_str(), "file" | "signers");
        match value {
            toml::Value::Table(inner) => expand(inner, &format!("{path}."), errors),
            toml::Value::String(text)
                if names_file && text.contains("${CREDENTIALS_DIRECTORY}") =>
            {
                match std::env::var(VARIABLE) {
                    Ok(folder) => *text = text.replace("${CREDENTIALS_DIRECTORY}", &folder),
                    Err(_) => errors.push(format!("{path}: the variable `{VARIABLE}` is not set; systemd sets it for `LoadCredential=`")),
                }
            }
            _ => {}
        }
    }
}

/// A mistake in TOML itself by its place: the line is not quoted, for a password may stand in it.
fn without_quoting(error: &toml::de::Error, text: &str) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message().trim_end())
}

fn read_table<Config: DeserializeOwned>(
    table: &toml::Table,
    unknown: &mut Vec<String>,
) -> Result<Config, (String, String)> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(table.clone(), &mut track);
    let config: Result<Config, _> = serde_ignored::deserialize(tracked, |path| {
        unknown.push(without_options(&path.to_string()))
    });
    config.map_err(|error| (track.path().to_string(), mistakes::without_value(&error.to_string())))
}

/// `a.?.b` is how `serde_ignored` says that `a` may be absent; nobody writes it like that.
fn without_options(path: &str) -> String {
    path.replace(".?", "")
}

/// Takes the value at `a.b.c` (or the list around `a.b[0]`) out of the table.
fn remove(table: &mut toml::Table, path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').map(|key| key.split('[').next().unwrap_or(key)).collect();
    let Some((last, sections)) = keys.split_last() else { return false };
    let mut at = table;
    for section in sections {
        match at.get_mut(*section) {
            Some(toml::Value::Table(inner)) => at = inner,
            _ => return false,
        }
    }
    at.remove(*last).is_some()
}
