//! RECERT_LOCK: a row for each thing that jobs write, held while a run is under way; and the row
//! `ledger`, the end of the chain, held for the few statements in which a run is added to it.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, TimeDelta, Utc};

use super::canonical::GENESIS;
use crate::db::{Read, Transient, parse_date};
use crate::exit::Exit;
use crate::sql;
use crate::sql::Sql;

/// What a run knows before it plans: where the ledger stands, and how its host's clock goes.
#[derive(Clone, Debug)]
pub struct RunStart {
    /// Where the chain ends.
    pub end: ChainEnd,
    /// FINISHED_AT of the run it ends with.
    pub last_finished_at: Option<DateTime<Utc>>,
    /// Whether the runs hang together from the chain's beginning to its end, and there is no other: then
    /// the chain need not be walked to know that it is whole.
    pub is_whole: bool,
    /// How many runs of the job's ended `applied` at the moment asked for, or later.
    pub n_late: u64,
    /// How far this host's clock is ahead of the database's; behind, where it is negative.
    pub host_ahead: TimeDelta,
}

/// Takes the lock of what a job writes. What comes along is not held: of the ledger it may be the moment before
/// the lock was free, so that a run which takes something looks again ([`late_runs`]) if the chain's end has moved.
///
/// # Errors
/// `Exit::Busy`: another run holds it; `Exit::Config`: recert's tables are not there, or this is a
/// database that changes do not belong in.
pub fn lock(
    name: &str,
    job: &str,
    since: DateTime<Utc>,
    db: &mut dyn Read,
) -> anyhow::Result<RunStart> {
    let (start, role) = start(&sql!("ledger/lock_job", dialects), name, job, since, db)
        .with_context(|| format!("taking the lock `{name}`"))?;
    match role.as_deref() {
        None | Some("PRIMARY") => Ok(start),
        Some(role) => Err(anyhow!(
            "the database's role is {role}; a run goes to the PRIMARY database only: does `[database] url` lead to a standby?"
        )
        .context(Exit::Config)),
    }
}

/// The same without a lock, for a preview.
///
/// # Errors
/// `Exit::Config`: recert's tables are not there; else what the database says.
pub fn look(job: &str, since: DateTime<Utc>, db: &mut dyn Read) -> anyhow::Result<RunStart> {
    let sql = sql!("ledger/lock_job", dialects);
    let oracle = sql.oracle().replace("FOR UPDATE NOWAIT", "");
    let sql =
        Sql::made_for("ledger/lock_job without a lock".to_owned(), oracle, sql.sqlite().to_owned());
    let (start, _) = start(&sql, "ledger", job, since, db).context("looking at the ledger")?;
    let end = start.end.there()?;
    Ok(RunStart { end, ..start })
}

/// And which role the database has.
fn start(
    sql: &Sql,
    name: &str,
    job: &str,
    since: DateTime<Utc>,
    db: &mut dyn Read,
) -> anyhow::Result<(RunStart, Option<String>)> {
    let binds =
        [("job", name.into()), ("run_job", job.into()), ("since", since.naive_utc().into())];
    let rows = db.rows(sql, &binds)?;
    // The host's own clock, not the run's `started_at`: what is measured is the difference of two clocks at one moment.
    let host: DateTime<Utc> = SystemTime::now().into();
    let row = rows.first().ok_or_else(|| {
        anyhow!("RECERT_LOCK has no row `{name}`; `recert migrate` adds it").context(Exit::Config)
    })?;
    let n = |column: &str| row.int(column).map(|n| n.unwrap_or_default());
    let now = row.date("NOW")?.context("the database does not say what time it is")?;
    let end = row.text("HEAD_SHA256")?;
    let (n_runs, n_first) = (n("N_RUNS")?, n("N_FIRST")?);
    let is_whole = match n_runs {
        0 => end == GENESIS,
        // Each run follows another or is the first, no two follow the same, and the end is where nobody follows:
        // the only way back from there leads to the beginning.
        _ => n_first == 1 && n_runs == 1 + n("N_FOLLOWED")? && n("N_ENDS")? == 1,
    };
    let finished = row.text_opt("END_FINISHED_AT")?.and_then(|at| parse_date(&at));
    let start = RunStart {
        end: ChainEnd(end),
        last_finished_at: finished.map(|at| at.and_utc()),
        is_whole,
        n_late: n("N_LATE")?.unsigned_abs(),
        host_ahead: host - now.and_utc(),
    };
    Ok((start, row.text_opt("DATABASE_ROLE")?))
}

/// How many runs of a job ended `applied` at a moment or later.
///
/// # Errors
/// What the database says, classed (`Exit`).
pub(crate) fn late_runs(job: &str, since: DateTime<Utc>, db: &mut dyn Read) -> anyhow::Result<u64> {
    let binds = [("run_job", job.into()), ("since", since.naive_utc().into())];
    let rows = db
        .rows(&sql!("ledger/count_late_runs"), &binds)
        .with_context(|| format!("looking for runs of {job} that ended lately"))?;
    let n = rows.first().map(|row| row.int("N")).transpose()?.flatten();
    Ok(n.unwrap_or_default().unsigned_abs())
}

/// The hash that the chain ends with: nobody else can move it once it was taken with [`take_end`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnd(pub(super) String);

impl ChainEnd {
    /// # Errors
    /// `Exit::Config`: there is none, so that no run can be added, however often it is tried.
    fn there(self) -> anyhow::Result<ChainEnd> {
        if !self.0.is_empty() {
            return Ok(self);
        }
        let told = "RECERT_LOCK's row `ledger` holds no hash: the end of the ledger's chain was removed; `recert verify` says more";
        Err(anyhow!(told).context(Exit::Config))
    }

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
        Err(error) if Exit::of(&error) == Exit::Busy => return Err(held_too_long(patience)),
        rows => rows.context("taking the end of the ledger's chain")?,
    };
    let row = rows.first().ok_or_else(|| {
        anyhow!("RECERT_LOCK has no row `ledger`; `recert migrate` adds it").context(Exit::Config)
    })?;
    ChainEnd(row.text("HEAD_SHA256")?).there()
}

/// The chain's end was not to be had in time.
pub(super) fn held_too_long(patience: Duration) -> anyhow::Error {
    anyhow!(
        "the end of the ledger's chain was not to be had within {} seconds, as when another run holds it; all was rolled back",
        patience.as_secs()
    )
    .context(Transient)
    .context(Exit::Drifted)
}

/// The statement, with its seconds written in.
fn take_end_within(patience: Duration) -> Sql {
    let sql = sql!("ledger/take_end", dialects);
    let wait = format!("WAIT {}", patience.as_secs().max(1));
    let oracle = sql.oracle().replace("WAIT 10", &wait);
    let sqlite = sql.sqlite().to_owned();
    Sql::made_for(sql.name.into_owned(), oracle, sqlite)
}
