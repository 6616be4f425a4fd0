//! `recert history --archive-before`: a run like any other; here is what its file needs beside it.

use std::path::Path;

use anyhow::anyhow;
use chrono::NaiveDate;

use super::super::CommandContext;
use crate::db;
use crate::exit::Exit;
use crate::jobs::Job;
use crate::ledger::archive::remove_left;
use crate::outcome::Outcome;
use crate::run::{self, Request};

pub(super) fn run(
    before: NaiveDate,
    path: &Path,
    database: Option<&str>,
    context: &CommandContext<'_>,
) -> anyhow::Result<Outcome> {
    let [(database, _)] = context.config.databases_named(database)?[..] else {
        return Err(anyhow!("the config has several databases; name one with `--database`")
            .context(Exit::Usage));
    };
    let run_id = context.facts.run_id.clone();
    let job = Job::archive(before, path, database, &run_id);
    let ended = run::run(&Request {
        job: &job,
        preview: false,
        rehearse: false,
        as_of: context.as_of,
        config: context.config,
        clock: context.clock,
        open: &db::open,
        run_id: run_id.clone(),
    })?;
    // Rolled back: the database still has all that is in the file. Of an unknown end nobody knows.
    if ended.error.as_ref().is_some_and(|error| Exit::of(error) != Exit::Unknown) {
        remove_left(path, &run_id);
    }
    Ok(Outcome::from(ended))
}
