//! `recert verify`: holds the ledger against its hashes (section 4 of the spec).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use super::CommandContext;
use crate::config::DatabaseConfig;
use crate::db::{self, SessionSpec};
use crate::exit::Exit;
use crate::files::write_whole;
use crate::ledger::canonical;
use crate::ledger::dump::{DumpHeader, dump};
use crate::ledger::heads::Heads;
use crate::ledger::read::ids;
use crate::ledger::verify::verify;
use crate::outcome::Outcome;
use crate::plan::{Counts, Finding};
use crate::summary::{Status, Summary};

/// `recert verify`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Write the hash of every run here, to be kept where nobody can edit it
    #[arg(long, value_name = "F")]
    pub export: Option<PathBuf>,
    /// Hold the ledger against hashes that were exported before
    #[arg(long, value_name = "F")]
    pub against: Option<PathBuf>,
    /// Write runs, changes, hashes and salts here, for `recert-verify-ledger` or a program of your own
    #[arg(long, value_name = "F")]
    pub dump: Option<PathBuf>,
    /// The images too: people's data
    #[arg(long, requires = "dump")]
    pub with_images: bool,
    /// Only the ledger of this database of the config; else of each
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Databases whose heads were kept, and that were not looked at.
fn not_verified(kept: &Heads, seen: &[String]) -> Vec<Finding> {
    let gone = kept.databases.iter().filter(|database| !seen.contains(&database.name));
    gone.map(|database| Finding {
        kind: "not_verified",
        key: database.name.clone(),
        message: format!(
            "the kept heads hold this database ({}), and the config has no such one: it was not looked at",
            database.url
        ),
    })
    .collect()
}

/// A database of the config that could not be looked at.
fn unlooked(name: &str, error: &anyhow::Error) -> Finding {
    Finding {
        kind: "not_verified",
        key: name.to_owned(),
        message: format!("it was not looked at: {}", Exit::tell(error)),
    }
}

/// All that is gathered over the databases.
struct VerifiedDatabases {
    counts: Counts,
    findings: Vec<Finding>,
    problems: Vec<String>,
    heads: Heads,
    /// Names in the kept heads that were found again.
    seen: Vec<String>,
}

/// Verifies, and says what was found; of a ledger that is wrong, the error too.
///
/// # Errors
/// What the databases say, classed (`Exit`); a file that can't be read or written, or heads that are none of
/// this ledger's.
pub fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let now = (context.clock)();
    let signers = context.config.ledger.signers.as_deref();
    let kept = args.against.as_deref().map(|path| Heads::read(path, signers, now)).transpose()?;
    let mut counts = Counts::named(&["runs", "changes", "images", "erased"]);
    if kept.is_some() {
        counts.add("behind_heads", 0);
    }
    let mut gathered = VerifiedDatabases {
        counts,
        findings: Vec::new(),
        problems: Vec::new(),
        heads: Heads::begin(canonical::moment(now)),
        seen: Vec::new(),
    };
    let mut chosen = context.config.databases_named(args.database.as_deref())?;
    let mut failed = None;
    chosen.retain(|(name, database)| {
        let looked = look_at(name, database, kept.as_ref(), &mut gathered)
            .with_context(|| format!("verifying the ledger of the database `{name}`"));
        let Err(error) = looked else { return true };
        gathered.findings.push(unlooked(name, &error));
        gathered.seen.push((*name).to_owned()); // Said already.
        failed.get_or_insert(error);
        false
    });
    // A database that can't be reached must not hide that another's ledger was tampered with.
    if let (Some(error), []) = (failed, gathered.problems.as_slice()) {
        return Err(error);
    }
    let VerifiedDatabases { counts, mut findings, problems, heads, seen } = gathered;
    if let (Some(kept), None) = (&kept, &args.database) {
        findings.extend(not_verified(kept, &seen));
    }
    if let Some(path) = &args.dump {
        write_dump(path, args.with_images, &chosen, &canonical::moment(now))?;
    }
    let error =
        (!problems.is_empty()).then(|| anyhow!(problems.join("; ")).context(Exit::Evidence));
    if let (None, Some(path)) = (&error, &args.export) {
        heads.write(path)?;
    }
    let status = if error.is_some() { Status::Failed } else { Status::Unchanged };
    // Of several ledgers none is the one.
    let ledger_head = match heads.databases.as_slice() {
        [one] if error.is_none() && !one.runs.is_empty() => Some(one.head_sha256.clone()),
        _ => None,
    };
    let summary = Summary { counts, findings, ledger_head, ..context.summary(status)? };
    Ok(Outcome::of(summary).with_error(error))
}

fn look_at(
    name: &str,
    database: &DatabaseConfig,
    kept: Option<&Heads>,
    gathered: &mut VerifiedDatabases,
) -> anyhow::Result<()> {
    let mut db = db::open(database, &SessionSpec::reading("verify"))?;
    let against = match kept {
        Some(kept) => Some(kept.of(name, &ids(&mut *db)?)?),
        None => None,
    };
    let mut verified = verify(&mut *db, against)?;
    let counts = &mut gathered.counts;
    counts.add("runs", verified.runs);
    counts.add("changes", verified.changes);
    counts.add("images", verified.images);
    counts.add("erased", verified.erased);
    if let Some(against) = against {
        gathered.seen.push(against.name.clone());
        counts.add("behind_heads", verified.heads.len().saturating_sub(against.runs.len()) as u64);
        if against.runs.is_empty() {
            gathered.findings.push(Finding {
                kind: "heads_without_runs",
                key: name.to_owned(),
                message: "the kept heads hold no run: they protect nothing".to_owned(),
            });
        }
    }
    gathered.findings.append(&mut verified.findings);
    if let Some(problem) = verified.problem.take() {
        let more = match verified.problems - 1 {
            0 => String::new(),
            n => format!(" (the first of {} things that do not fit)", n + 1),
        };
        gathered.problems.push(format!(
            "the ledger of the database `{name}` was tampered with: {problem}{more}"
        ));
    }
    gathered.heads.add(name, &database.url, verified.heads, verified.erased_of);
    Ok(())
}

/// Also of a ledger that was tampered with: it is there to be checked by others.
fn write_dump(
    path: &Path,
    with_images: bool,
    databases: &[(&'static str, &DatabaseConfig)],
    written_at: &str,
) -> anyhow::Result<()> {
    write_whole(path, |out| {
        for (name, database) in databases {
            let mut db = db::open(database, &SessionSpec::reading("verify"))?;
            let header = DumpHeader { name, url: &database.url, written_at, with_images };
            dump(&header, &mut *db, out)?;
        }
        Ok(())
    })
    .with_context(|| format!("writing the ledger to `{}`", path.display()))
}
