//! Old images go to a file, and are erased (section 4 of the spec). It is `history --archive-before` that asks for it.
//! Safe to rerun: what went has no image any more, so it is not planned again; and a file left by a run that did not
//! end is written anew.

use std::path::PathBuf;

use anyhow::anyhow;
use chrono::NaiveDate;
use serde_json::{Value as Json, json};

use super::{JobSpec, PlanJob, World};
use crate::config::{Config, DatabaseConfig};
use crate::exit::Exit;
use crate::ledger::archive::{ArchivedRun, JOB, PlannedArchive};
use crate::plan::{Action, Change, ChangeResult, Counts, Hold, Plan, Step, Takes, Touch};
use crate::sql;

/// What `history` has read from its own arguments.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The images of runs that began before this day (UTC).
    #[arg(skip)]
    pub(super) before: NaiveDate,
    /// The archive's file.
    #[arg(skip)]
    pub(super) out: PathBuf,
    /// The database's name in the config.
    #[arg(skip)]
    pub(super) database: String,
    /// The run itself: its file says whose it is.
    #[arg(skip)]
    pub(super) run_id: String,
}

pub(super) const SPEC: JobSpec = JobSpec {
    name: JOB,
    lock: Some("people"), // A purge erases images too.
    limits: None,
    application: None,
    database: |config| &config.database,
    population: None,
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        plan(self, world)
    }

    fn parameters(&self) -> Json {
        json!({"before": self.before})
    }

    fn database<'a>(&self, config: &'a Config) -> &'a DatabaseConfig {
        config.database_or_main(&self.database)
    }
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan =
        Plan { noticed: Counts::named(&["runs_archived", "images_archived"]), ..Plan::default() };
    let chain = world.ledger.chain(world.db)?;
    if let Some(told) = chain.broken() {
        return Err(anyhow!("nothing is archived of a ledger that was tampered with: {told}")
            .context(Exit::Evidence));
    }
    let ledger = chain.first_run_id().unwrap_or_default().to_owned();
    let looked = PlannedArchive::look(&args.run_id, &ledger, args.before, &args.out, world.db)?;
    let Some(archive) = looked else { return Ok(plan) };
    plan.noticed.add("images_archived", archive.runs.iter().map(|run| run.images).sum());
    plan.rows_by_key =
        archive.runs.iter().map(|run| (run.run_id.as_str().into(), run.images)).collect();
    plan.steps = vec![step(&archive)];
    plan.file = Some(Box::new(archive));
    Ok(plan)
}

fn step(archive: &PlannedArchive) -> Step {
    let touch = |run: &ArchivedRun| Touch {
        unit: run.run_id.as_str().into(),
        binds: vec![run.run_id.as_str().into()],
        change: Change {
            key: run.run_id.as_str().into(),
            action: Action::Delete,
            why: format!(
                "archived; {} images in the file with SHA-256 {}",
                run.images, archive.sha256
            )
            .into(),
            result: ChangeResult::Applied,
            before: None,
            after: None,
        },
        seen: None,
    };
    Step {
        say: "erasing archived images",
        sql: sql!("ledger/erase_images"),
        names: vec!["run_id".to_owned()],
        table: "RECERT_IMAGE".into(),
        hold: Hold::Nothing,
        counts: &["runs_archived"],
        takes: Takes::Nothing,
        touches: archive.runs.iter().map(touch).collect(),
    }
}
