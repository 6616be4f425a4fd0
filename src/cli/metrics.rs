//! `--metrics-file`: the last run in Prometheus' text format, for node_exporter's textfile collector.
//!
//! One file a job: a run replaces all of it, and carries over nothing but when the job last succeeded.
//! Like every output file it is for its owner alone, until an operator makes it readable once: the
//! permissions of a file that stands there are kept, so that the collector can go on reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::files::{PlaceTarget, Whole, open_regular};
use crate::plan::LimitLeft;
use crate::summary::{Status, Summary};

const SUCCESS: &str = "recert_last_success_timestamp_seconds";

/// Replaces the file with what is known of this run. The last success is carried over from the
/// file that stood there, when this run is none.
///
/// # Errors
/// The file can't be written.
pub(super) fn write(path: &Path, summary: &Summary, now: DateTime<Utc>) -> anyhow::Result<()> {
    // A preview that went well is no success of the job.
    let succeeded = summary.exit_code == 0 && summary.status != Status::Planned;
    let success = if succeeded {
        Some(now.timestamp().to_string())
    } else {
        last_success(path, &label(summary.job))
    };
    let text = text(summary, now, success);
    let mut file = Whole::beside(path)?;
    file.file()
        .write_all(text.as_bytes())
        .with_context(|| format!("writing `{}`", path.display()))?;
    file.keep_readers();
    file.persist()
}

/// Whether nothing but metrics is lost when this file is replaced.
pub(super) fn may_replace(path: &Path) -> bool {
    match PlaceTarget::of(path) {
        PlaceTarget::Absent { has_folder } => has_folder,
        PlaceTarget::File => {
            let mut start = [0; 6];
            let read = open_regular(path).and_then(|mut file| Ok(file.read(&mut start)?));
            read.is_ok_and(|n| n == 0 || start == *b"# HELP")
        }
        _ => false,
    }
}

fn text(summary: &Summary, now: DateTime<Utc>, success: Option<String>) -> String {
    let job = format!("job=\"{}\"", label(summary.job));
    let one = |value: String| vec![(job.clone(), value)];
    let by = |kind: &str, value: &str, n: String| (format!("{job},{kind}=\"{}\"", label(value)), n);
    let run = format!(
        "{job},run_id=\"{}\",status=\"{}\",ledger_head=\"{}\"",
        label(&summary.run_id),
        summary.status.word(),
        label(summary.ledger_head.as_deref().unwrap_or_default())
    );
    let mut findings: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &summary.findings {
        *findings.entry(finding.kind).or_default() += 1;
    }

    let mut out = String::new();
    let mut metric = |name: &str, help: &str, samples: &[(String, String)]| {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
    };
    metric(
        "recert_run_info",
        "The last run, its status, and the end of the ledger's chain after it.",
        &[(run, "1".to_owned())],
    );
    let ended = one(now.timestamp().to_string());
    metric("recert_run_timestamp_seconds", "When the last run ended.", &ended);
    let took = one(format!("{}.{:03}", summary.duration_ms / 1_000, summary.duration_ms % 1_000));
    metric("recert_run_duration_seconds", "How long the last run took.", &took);
    let exit = one(summary.exit_code.to_string());
    metric("recert_run_exit_code", "Number the last run ended with.", &exit);
    let counts: Vec<_> =
        summary.counts.iter().map(|(name, n)| by("kind", name, n.to_string())).collect();
    metric("recert_run_counts", "Counts of the last run, by kind.", &counts);
    let all = one(summary.findings.len().to_string());
    metric("recert_run_findings", "Findings of the last run.", &all);
    let kinds: Vec<_> = findings.iter().map(|(kind, n)| by("kind", kind, n.to_string())).collect();
    metric("recert_run_findings_by_kind", "Findings of the last run, by kind.", &kinds);
    let limits = |of: fn(&LimitLeft) -> u64| -> Vec<_> {
        summary.limits.iter().map(|limit| by("limit", limit.limit, of(limit).to_string())).collect()
    };
    metric(
        "recert_limit_earlier",
        "What earlier runs took of a limit in its hours.",
        &limits(|limit| limit.earlier),
    );
    metric(
        "recert_limit_left",
        "What of a limit is left after the last run.",
        &limits(|limit| limit.left),
    );
    if let Some(at) = success {
        metric(SUCCESS, "When a run of the job last ended with 0.", &one(at));
    }
    out
}

/// The time of the job's last success, from the file as it stands.
fn last_success(path: &Path, job: &str) -> Option<String> {
    let text = std::io::read_to_string(open_regular(path).ok()?).ok()?;
    let start = format!("{SUCCESS}{{job=\"{job}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start))?;
    value.parse::<i64>().ok().map(|at| at.to_string())
}

/// A label's value, escaped as the text format asks.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::CommandFacts;

    #[test]
    fn metrics_escape_what_a_label_can_not_hold() {
        let facts = CommandFacts::of("a\"b\\c\nd");
        let day = DateTime::UNIX_EPOCH.date_naive();
        let summary = Summary {
            exit_code: 1,
            duration_ms: 1_007,
            ledger_head: Some("x\"y".to_owned()), // As somebody may have written it there.
            ..facts.summary(Status::Failed, day)
        };
        let text = text(&summary, DateTime::UNIX_EPOCH, None);
        assert!(text.contains(r#"recert_run_exit_code{job="a\"b\\c\nd"} 1"#), "{text}");
        assert!(text.contains(r#"recert_run_duration_seconds{job="a\"b\\c\nd"} 1.007"#), "{text}");
        assert!(text.contains(r#"ledger_head="x\"y""#), "{text}");
        assert!(!text.contains("recert_run_counts"), "no heading without a sample: {text}");
    }
}
