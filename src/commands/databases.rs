//! Which databases a command looks at: each has a ledger of its own.

use anyhow::anyhow;
use uuid::Uuid;

use crate::config::{Config, DatabaseConfig};
use crate::db::{self, SessionSpec, Transaction};
use crate::exit::Exit;

/// The databases of the config, or the one that was named.
///
/// # Errors
/// `Exit::Usage`: no database has that name.
pub fn chosen<'a>(
    config: &'a Config,
    name: Option<&str>,
) -> anyhow::Result<Vec<(&'static str, &'a DatabaseConfig)>> {
    let all = config.databases();
    let Some(name) = name else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
    let unknown = || {
        anyhow!(
            "the config has no database of its own called `{name}`; it has: {}",
            names.join(", ")
        )
        .context(Exit::Usage)
    };
    let found = all.iter().find(|(known, _)| *known == name).ok_or_else(unknown)?;
    Ok(vec![*found])
}

/// Opens a database for a command; reading, it sees one state of it all the way.
///
/// # Errors
/// As [`db::open`].
pub fn open(
    database: &DatabaseConfig,
    command: &str,
    run_id: Option<&str>,
) -> anyhow::Result<Box<dyn Transaction>> {
    let session = SessionSpec {
        action: command.to_owned(),
        run_id: run_id.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned),
        writes: run_id.is_some(),
        defines: false,
    };
    db::open(database, &session)
}
