//! RECERT_LOCK: a row for each thing that jobs write, held while a run is under way; and the row
//! `ledger`, the end of the chain, held for the few statements in which a run is added to it.

use std::time::Duration;

use anyhow::{Context as _, anyhow};

use crate::db::{Read, Transient};
use crate::exit::Exit;
use crate::sql;
use crate::sql::Sql;

/// Takes the lock of what a job writes; the chain's end that comes along is not held.
///
/// # Errors
/// `Exit::Busy`: another run holds it; `Exit::Config`: recert's tables are not there, or this is a
/// database that changes do not belong in.
pub fn lock(name: &str, db: &mut dyn Read) -> anyhow::Result<ChainEnd> {
    let rows = db
        .rows(&sql!("ledger/lock_job", dialects), &[("job", name.into())])
        .with_context(|| format!("taking the lock `{name}`"))?;
    let row = rows.first().ok_or_else(|| {
        anyhow!("RECERT_LOCK has no row `{name}`; `recert migrate` adds it").context(Exit::Config)
    })?;
    match row.text_opt("DATABASE_ROLE")?.as_deref() {
        None | Some("PRIMARY") => Ok(ChainEnd(row.text("HEAD_SHA256")?)),
        Some(role) => Err(anyhow!(
            "the database's role is {role}; a run goes to the PRIMARY database only: does `[database] url` lead to a standby?"
        )
        .context(Exit::Config)),
    }
}

/// The hash that the chain ends with: nobody else can move it once it was taken with [`take_end`].
#[derive(Clone, Debug)]
pub struct ChainEnd(pub(super) String);

impl ChainEnd {
    /// The hash.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.0
    }
}

/// Takes the chain's end, and waits for whoever holds it.
///
/// # Errors
/// `Exit::Drifted`, worth another try: it was held for longer than `patience`; `Exit::Config`:
/// recert's tables are not there.
pub fn take_end(patience: Duration, db: &mut dyn Read) -> anyhow::Result<ChainEnd> {
    let rows = match db.rows(&take_end_within(patience), &[]) {
        Err(error) if Exit::of(&error) == Exit::Busy => {
            return Err(anyhow!(
                "another run held the end of the ledger's chain for {} seconds; all was rolled back",
                patience.as_secs()
            )
            .context(Transient)
            .context(Exit::Drifted));
        }
        rows => rows.context("taking the end of the ledger's chain")?,
    };
    let row = rows.first().ok_or_else(|| {
        anyhow!("RECERT_LOCK has no row `ledger`; `recert migrate` adds it").context(Exit::Config)
    })?;
    Ok(ChainEnd(row.text("HEAD_SHA256")?))
}

/// The statement, with its seconds written in.
fn take_end_within(patience: Duration) -> Sql {
    let sql = sql!("ledger/take_end", dialects);
    let wait = format!("WAIT {}", patience.as_secs().max(1));
    let oracle = sql.oracle().replace("WAIT 10", &wait);
    let sqlite = sql.sqlite().to_owned();
    Sql::made_for(sql.name.into_owned(), oracle, sqlite)
}
