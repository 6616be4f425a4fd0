//! `recert preview --plan F`: a saved plan as a person reads it before signing. No database is asked.

use std::io::{self, Write};
use std::path::Path;

use super::super::CommandContext;
use crate::jobs::Job;
use crate::outcome::Outcome;
use crate::plan::{Counts, SavedPlan};
use crate::summary::{Status, Summary};
use crate::text::plain;

pub(super) fn show(path: &Path, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let (saved, _) = SavedPlan::read(path)?;
    let mut counts = Counts::named(&["units", "changes"]);
    counts.add("units", saved.units.len() as u64);
    for unit in &saved.units {
        counts.add("changes", unit.changes.len() as u64);
    }
    let job =
        Job::ALL.iter().find(|spec| spec.name == saved.job).map_or("preview", |spec| spec.name);
    let summary = Summary { job, as_of: saved.as_of, counts, ..context.summary(Status::Planned)? };
    context.out.write(|out| {
        if context.json {
            serde_json::to_writer(&mut *out, &saved)?;
            return Ok(writeln!(out)?);
        }
        summary.write_text(out)?;
        Ok(write_text(&saved, out)?)
    })?;
    Ok(Outcome::of(summary).said())
}

fn write_text(saved: &SavedPlan, out: &mut dyn Write) -> io::Result<()> {
    let SavedPlan { job, database, as_of, moment, parameters, .. } = saved;
    writeln!(out, "plan of `{job}` on `{}`, as of {as_of}, at {moment}", plain(database))?;
    writeln!(out, "arguments: {}", plain(&parameters.to_string()))?;
    let by = saved.savers().collect::<Vec<_>>().join(", become by ");
    let (by, at, preview) = (plain(&by), saved.saved_at, plain(&saved.preview));
    writeln!(out, "saved by {by} at {at}, preview {preview}")?;
    writeln!(out, "SHA-256 of the file: {}", saved.file_sha256)?;
    for unit in &saved.units {
        writeln!(out, "{}", plain(&unit.unit))?;
        for change in &unit.changes {
            let line = format!("{} {} {}: {}", change.action, change.table, change.key, change.why);
            writeln!(out, "  {}", plain(&line))?;
        }
    }
    Ok(())
}
