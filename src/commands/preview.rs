//! `recert preview`: the plan of a job, without writing. The same code as the run.

mod formats;
mod saved;

use std::num::NonZeroU32;
use std::path::PathBuf;

use anyhow::anyhow;

pub(crate) use formats::Format;
pub(super) use formats::write_text;

use super::CommandContext;
use crate::db;
use crate::exit::Exit;
use crate::files::write_whole;
use crate::jobs::Job;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::run::{self, Request};
use crate::summary::Summary;

/// `recert preview`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The job to preview; without one, `revoke`
    #[command(subcommand)]
    pub job: Option<Job>,
    /// Show a saved plan, to be read before it is signed or applied; asks no database
    #[arg(long, value_name = "F", conflicts_with_all = ["format", "out", "save", "detailed_exitcode", "rehearse", "commit_every"])]
    pub plan: Option<PathBuf>,
    /// How the plan is written
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// Write the plan to this file instead of stdout
    #[arg(long, global = true, value_name = "F")]
    pub out: Option<PathBuf>,
    /// Save the plan, to be applied later with `--plan`
    #[arg(long, global = true, value_name = "F")]
    pub save: Option<PathBuf>,
    /// End with 10 when there are changes to make
    #[arg(long, global = true)]
    pub detailed_exitcode: bool,
    /// Take the lock, carry the plan out, and roll it back: shows what would stop the run
    #[arg(long, global = true)]
    pub rehearse: bool,
    /// In a SQL script, commit after this many statements instead of 500
    #[arg(long, global = true, value_name = "N")]
    pub commit_every: Option<NonZeroU32>,
}

/// Statements of a script between two COMMITs, where nobody says otherwise.
const COMMIT_EVERY: NonZeroU32 = NonZeroU32::new(500).unwrap();

impl Args {
    /// Whether stdout is for the plan alone.
    pub(crate) fn answers_with_data(&self) -> bool {
        self.out.is_none() && matches!(self.format, Format::Csv | Format::Sql)
    }
}

/// Plans, shows, and changes nothing.
///
/// # Errors
/// As [`run::run`]; an output file that can't be written.
pub(crate) fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    match (&args.plan, &args.job) {
        (Some(path), None) => return saved::show(path, context),
        (Some(_), Some(_)) => {
            return Err(anyhow!("`--plan` stands behind the job, or without one to show the file")
                .context(Exit::Usage));
        }
        (None, _) => {}
    }
    if args.commit_every.is_some() && args.format != Format::Sql {
        return Err(anyhow!("`--commit-every` is for `--format sql`").context(Exit::Usage));
    }
    let job = args.job.clone().unwrap_or_default();
    let CommandContext { config, as_of, clock, facts, .. } = *context;
    let (run_id, rehearse) = (facts.run_id.clone(), args.rehearse);
    let mut ended = run::run(&Request {
        job: &job,
        preview: true,
        rehearse,
        as_of,
        config,
        clock,
        open: &db::open,
        run_id,
    })?;
    let as_planned = ended.as_planned;
    let Some(plan) = ended.plan.take() else {
        let outcome = Outcome::from(ended);
        return Ok(if args.answers_with_data() && !context.json {
            outcome.said()
        } else {
            outcome
        });
    };
    if let Some(path) = &args.save {
        let saved = as_planned.saved(&plan, &job, config, &facts.run_id);
        write_whole(path, |out| Ok(serde_json::to_writer(out, &saved)?))?;
    }
    let mut outcome = Outcome::from(ended);
    if args.detailed_exitcode && !plan.is_empty() {
        outcome = outcome.pending();
    }
    show(args, context, &plan, &outcome.summary)?;
    Ok(outcome.said())
}

/// The plan goes to `--out`, and then the summary to stdout; or both share stdout as well as they can.
fn show(
    args: &Args,
    context: &CommandContext<'_>,
    plan: &Plan,
    summary: &Summary,
) -> anyhow::Result<()> {
    let write = |format, out: &mut dyn std::io::Write| {
        formats::write(format, plan, summary, args.commit_every.unwrap_or(COMMIT_EVERY), out)
    };
    match (&args.out, args.format) {
        (Some(path), format) => {
            write_whole(path, |out| write(format, out))?;
            context.say(summary)
        }
        // One JSON object holds both.
        (None, Format::Json) => context.out.write(|out| write(Format::Json, out)),
        (None, Format::Text) if context.json => context.out.write(|out| write(Format::Json, out)),
        (None, Format::Text) => context.out.write(|out| {
            summary.write_text(out)?;
            write(Format::Text, out)
        }),
        (None, format @ (Format::Csv | Format::Sql)) => context.out.write(|out| write(format, out)),
    }
}
