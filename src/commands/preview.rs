//! `recert preview`: the plan of a job, without writing. The same code as the run.

use std::num::NonZeroU32;
use std::path::PathBuf;

use super::Context;
use crate::exit::Exit;
use crate::files::{write_out, write_whole};
use crate::jobs::Job;
use crate::plan::Plan;
use crate::preview::{self, Format};
use crate::run::{self, Ended, Request};

/// `recert preview`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The job to preview; without one, `revoke`
    #[command(subcommand)]
    pub job: Option<Job>,
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
    /// In a SQL script, commit after this many statements
    #[arg(long, global = true, value_name = "N", default_value = "500")]
    pub commit_every: NonZeroU32,
}

/// Plans, shows, and changes nothing.
///
/// # Errors
/// As [`run::run`]; an output file that can't be written.
pub fn run(args: &Args, context: &Context<'_>) -> anyhow::Result<(Ended, Exit)> {
    let job = args.job.clone().unwrap_or_default();
    let config = context.config;
    let request =
        Request { job: &job, preview: true, as_of: context.as_of, config, clock: context.clock };
    let mut ended = run::run(&request)?;
    let Some(plan) = ended.plan.take() else {
        if context.json {
            context.say(&ended.summary)?;
        }
        return Ok((ended, Exit::Done));
    };
    if let Some(path) = &args.save {
        let saved = ended.as_planned.saved(&plan, &job, config);
        write_whole(path, |out| Ok(serde_json::to_writer(out, &saved)?))?;
    }
    show(args, context, &plan, &ended)?;
    let pending = args.detailed_exitcode && !plan.is_empty();
    ended.plan = Some(plan);
    Ok((ended, if pending { Exit::Pending } else { Exit::Done }))
}

/// The plan goes to `--out`, and then the summary to stdout; or both share stdout as well as they can.
fn show(args: &Args, context: &Context<'_>, plan: &Plan, ended: &Ended) -> anyhow::Result<()> {
    let summary = &ended.summary;
    let write = |format, out: &mut dyn std::io::Write| {
        preview::write(format, plan, summary, args.commit_every, out)
    };
    match (&args.out, args.format) {
        (Some(path), format) => {
            write_whole(path, |out| write(format, out))?;
            context.say(summary)
        }
        // One JSON object holds both.
        (None, Format::Json) => write_out(None, |out| write(Format::Json, out)),
        (None, Format::Text) if context.json => write_out(None, |out| write(Format::Json, out)),
        (None, Format::Text) => write_out(None, |out| {
            summary.write_text(out)?;
            write(Format::Text, out)
        }),
        (None, format @ (Format::Csv | Format::Sql)) => write_out(None, |out| write(format, out)),
    }
}
