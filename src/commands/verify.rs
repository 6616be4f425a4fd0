//! `recert verify`: holds the ledger against its hashes (section 4 of the spec).

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};

use super::Context;
use super::databases;
use crate::exit::Exit;
use crate::ledger::canonical;
use crate::ledger::heads::Heads;
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
    /// Only the ledger of this database of the config; else of each
    #[arg(long, value_name = "NAME")]
    pub database: Option<String>,
}

/// Databases whose heads were kept, and that the config does not name any more.
fn not_verified(kept: &Heads, now: &Heads) -> Vec<Finding> {
    let gone = kept.databases.iter().filter(|database| now.of(&database.name).is_none());
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

/// Verifies, and says what was found; of a ledger that is wrong, the error too.
///
/// # Errors
/// What the databases say, classed (`Exit`); a file that can't be read or written.
pub fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<Outcome> {
    let kept = args.against.as_deref().map(Heads::read).transpose()?;
    let mut heads = Heads::begin(canonical::moment((context.clock)()));
    let mut counts = Counts::named(&["runs", "changes", "images", "erased"]);
    let (mut findings, mut problems) = (Vec::new(), Vec::new());
    for (name, database) in databases::chosen(context.config, args.database.as_deref())? {
        let mut db = databases::open(database, "verify", None)?;
        let against = kept.as_ref().and_then(|kept| kept.of(name));
        if kept.is_some() && against.is_none() {
            let message =
                "the kept heads hold none of this database: only its own hashes were checked";
            findings.push(Finding {
                kind: "no_heads",
                key: name.to_owned(),
                message: message.to_owned(),
            });
        }
        let verified = verify(&mut *db, against)
            .with_context(|| format!("verifying the ledger of the database `{name}`"))?;
        counts.add("runs", verified.runs);
        counts.add("changes", verified.changes);
        counts.add("images", verified.images);
        counts.add("erased", verified.erased);
        if let Some(problem) = verified.problem {
            let more = match verified.problems - 1 {
                0 => String::new(),
                n => format!(" (the first of {} things that do not fit)", n + 1),
            };
            problems.push(format!(
                "the ledger of the database `{name}` was tampered with: {problem}{more}"
            ));
        }
        heads.add(name, &database.url, verified.heads);
    }
    if let (Some(kept), None) = (&kept, &args.database) {
        findings.extend(not_verified(kept, &heads));
    }
    let error =
        (!problems.is_empty()).then(|| anyhow!(problems.join("; ")).context(Exit::Evidence));
    if let (None, Some(path)) = (&error, &args.export) {
        heads.write(path)?;
    }
    let status = if error.is_some() { Status::Failed } else { Status::Unchanged };
    let summary = Summary { counts, findings, ..context.summary(status)? };
    Ok(Outcome::of(summary).with_error(error))
}
