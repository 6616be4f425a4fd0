//! `recert report`: the year's recertification for people and for auditors. It writes no row.

use std::fs::{DirBuilder, File};
use std::io::{self, Seek as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use chrono::{NaiveDate, SubsecRound as _};
use serde_json::json;

use super::CommandContext;
use crate::db::{self, SessionSpec};
use crate::exit::Exit;
use crate::files::{PlaceTarget, Whole, names_folder};
use crate::outcome::{Outcome, Stdout};
use crate::report::{
    self, FormatName, PassedReport, ReportContent, ReportFormat, ReportOrigin, ReportRules,
    ReportScope,
};
use crate::summary::{Status, Summary};

/// `recert report`
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("scope").required(true).args(["year", "all"]))]
pub struct Args {
    /// The responses with a due date in this year
    #[arg(long, value_name = "Y", value_parser = clap::value_parser!(i32).range(1900..=9999))]
    pub year: Option<i32>,
    /// The responses of all years
    #[arg(long)]
    pub all: bool,
    /// One or several formats; without it, by the ending of `--out`, else csv
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FORMAT")]
    pub format: Vec<FormatName>,
    /// A file, or a folder for files such as recertification-2026_2026-11-30.xlsx; without it, stdout
    #[arg(long, value_name = "F")]
    pub out: Option<PathBuf>,
}

impl Args {
    /// Each of the formats asked for, once.
    fn formats(&self) -> Vec<FormatName> {
        let mut formats: Vec<FormatName> = Vec::new();
        for format in &self.format {
            if !formats.contains(format) {
                formats.push(*format);
            }
        }
        formats
    }

    /// The file of accesses that a csv is given beside the one that `--out` names.
    pub(crate) fn accesses_file(&self) -> Option<PathBuf> {
        let out = self.out.as_deref().filter(|out| !out.is_dir())?;
        let format = match self.formats().as_slice() {
            [] => by_ending(out).unwrap_or(FormatName::Csv),
            [format] => *format,
            _ => return None,
        };
        ReportOutput { format, path: Some(out.to_owned()) }.accesses_beside()
    }
}

/// One output under way.
struct ReportOutput {
    format: FormatName,
    /// `None`: stdout.
    path: Option<PathBuf>,
}

/// Writes the report, and returns the summary.
///
/// # Errors
/// `Exit::Usage`: formats and `--out` don't go together; `Exit::Evidence`: it does not reconcile;
/// what the database and the disk say.
pub fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let scope = args.year.map_or(ReportScope::All, ReportScope::Year);
    let as_of = context.day()?;
    let outputs = outputs(args, scope, as_of, context.json)?;
    let zone = context.config.time.tz()?;
    let rules = ReportRules::new(context.config, as_of, zone);
    let report_id = context.facts.run_id.clone();
    let session = SessionSpec {
        action: "report".to_owned(),
        run_id: report_id.clone(),
        writes: false,
        defines: false,
    };
    let mut db = db::open(&context.config.database, &session)?;
    let run_at = (context.clock)().trunc_subsecs(6);
    let origin = ReportOrigin {
        report_id: report_id.clone(),
        database: crate::config::without_login(&context.config.database.url),
        parameters: parameters(args, scope, &rules),
        run_at,
        run_on: run_at.with_timezone(&zone).date_naive(),
        os_user: crate::who::os_user(),
        host: crate::who::host(),
        dialect: db.dialect(),
    };
    let mut formats: Vec<Box<dyn ReportFormat>> = outputs
        .iter()
        .map(|output| output.format.begin(&output.folder()).context(Exit::Config))
        .collect::<anyhow::Result<_>>()?;
    let folder = outputs.first().map_or_else(std::env::temp_dir, ReportOutput::folder);
    let PassedReport { tally, figures, evidence, findings } =
        report::pass(scope, &rules, origin, &folder, &mut *db, &mut formats)?;
    drop(db);
    // What the tables hold is as it was.
    let status = if evidence.problems.is_empty() { Status::Unchanged } else { Status::Failed };
    let head = Some(evidence.ledger.head.clone()).filter(|head| !head.is_empty());
    let summary =
        Summary { counts: tally.counts(), findings, ledger_head: head, ..context.summary(status)? };
    let error = (!evidence.problems.is_empty()).then(|| {
        anyhow!("the report was written, and proves nothing: {}", evidence.problems.join("; "))
            .context(Exit::Evidence)
    });
    // First, for the report holds the summary: with the number that it will have ended with.
    let outcome = Outcome::of(summary).with_error(error);
    let content = ReportContent {
        scope,
        evidence: &evidence,
        tally: &tally,
        figures: &figures,
        summary: &outcome.summary,
    };
    write(outputs, formats, &content, context.out)?;
    Ok(if args.out.is_none() { outcome.said() } else { outcome.lasting() })
}

fn parameters(args: &Args, scope: ReportScope, rules: &ReportRules) -> serde_json::Value {
    let scope = args.year.map_or_else(|| scope.word().into(), serde_json::Value::from);
    json!({
        "year": scope,
        "as_of": rules.revoke.as_of.to_string(),
        "zone": rules.zone.name(),
        "revoke_statuses": rules.revoke.revoked,
        "revoke_access_levels": rules.revoke.levels,
        "skips_conflicts": rules.revoke.skips_conflicts,
        "keeps_near_matches": rules.revoke.keeps_near_matches,
        "sla_days": rules.sla_days,
    })
}

/// Finishes every file before the first one takes its place.
fn write(
    outputs: Vec<ReportOutput>,
    formats: Vec<Box<dyn ReportFormat>>,
    content: &ReportContent<'_>,
    out: &Stdout,
) -> anyhow::Result<()> {
    let mut whole = Vec::new();
    for (output, format) in outputs.into_iter().zip(formats) {
        match &output.path {
            Some(path) => {
                let mut file = Whole::beside(path)?;
                let accesses = output.accesses_beside();
                let mut accesses = accesses.as_deref().map(Whole::beside).transpose()?;
                format
                    .finish(content, file.file(), accesses.as_mut().map(Whole::file))
                    .with_context(|| format!("writing `{}`", path.display()))?;
                whole.push(file);
                whole.extend(accesses);
            }
            None => {
                let mut file = tempfile::tempfile().context("making a temporary file")?;
                format.finish(content, &mut file, None)?;
                to_stdout(file, out)?;
            }
        }
    }
    whole.into_iter().try_for_each(Whole::persist)
}

fn to_stdout(mut file: File, out: &Stdout) -> anyhow::Result<()> {
    file.rewind()?;
    out.write(|out| Ok(io::copy(&mut file, out).map(|_| ())?))
}

impl ReportOutput {
    /// Where its temporary files go: beside it, so that they may be as large as it. A pipe or a device stands where
    /// nobody makes files.
    fn folder(&self) -> PathBuf {
        let file =
            self.path.as_deref().filter(|path| PlaceTarget::of(path) != PlaceTarget::Through);
        match file.and_then(Path::parent) {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) => PathBuf::from("."),
            None => std::env::temp_dir(),
        }
    }

    /// Of `r.csv`, the file `r-accesses.csv`; a pipe or a device has none beside it.
    fn accesses_beside(&self) -> Option<PathBuf> {
        let path = self.path.as_deref().filter(|path| !path.exists() || path.is_file())?;
        if self.format != FormatName::Csv {
            return None;
        }
        let mut name = path.file_stem()?.to_owned();
        name.push("-accesses");
        if let Some(ending) = path.extension() {
            name.push(".");
            name.push(ending);
        }
        Some(path.with_file_name(name))
    }
}

/// Which file gets which format.
fn outputs(
    args: &Args,
    scope: ReportScope,
    as_of: NaiveDate,
    json: bool,
) -> anyhow::Result<Vec<ReportOutput>> {
    let usage = |message: String| anyhow!(message).context(Exit::Usage);
    let mut formats = args.formats();
    let Some(out) = &args.out else {
        let default = if json { FormatName::Json } else { FormatName::Csv };
        return match formats.as_slice() {
            [] => Ok(vec![ReportOutput { format: default, path: None }]),
            [FormatName::Xlsx] => {
                Err(usage("xlsx is not text: name its file with `--out`".to_owned()))
            }
            [format] => Ok(vec![ReportOutput { format: *format, path: None }]),
            _ => Err(usage("several formats need a folder: name it with `--out`".to_owned())),
        };
    };
    let names_folder = names_folder(out) || out.is_dir();
    if formats.is_empty() {
        let by_ending = by_ending(out).filter(|_| !names_folder);
        if let (false, None, Some(ending)) = (names_folder, by_ending, out.extension()) {
            return Err(usage(format!(
                "`{}` is no format: name one with `--format`",
                ending.to_string_lossy()
            )));
        }
        formats.push(by_ending.unwrap_or(FormatName::Csv));
    }
    if !names_folder && formats.len() == 1 {
        return Ok(vec![ReportOutput { format: formats[0], path: Some(out.clone()) }]);
    }
    if out.exists() && !out.is_dir() {
        return Err(usage(format!(
            "several formats need a folder, and `{}` is a file",
            out.display()
        )));
    }
    // What goes in there is about people: for the owner alone.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(out)
        .with_context(|| format!("making the folder `{}`", out.display()))
        .context(Exit::Config)?;
    let path = |format: FormatName| {
        // With the day, so that no report replaces an older one.
        out.join(format!("recertification-{}_{as_of}.{}", scope.word(), format.ending()))
    };
    Ok(formats
        .into_iter()
        .map(|format| ReportOutput { format, path: Some(path(format)) })
        .collect())
}

fn by_ending(path: &Path) -> Option<FormatName> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    [FormatName::Csv, FormatName::Json, FormatName::Xlsx, FormatName::Html]
        .into_iter()
        .find(|format| format.ending() == ending)
}
