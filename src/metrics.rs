//! `--metrics-file`: the last run in Prometheus' text format, for node_exporter's textfile collector.

use std::fmt::Write as _;
use std::path::Path;

use chrono::{DateTime, Utc};

use crate::files::write_whole;
use crate::summary::Summary;

const SUCCESS: &str = "recert_last_success_timestamp_seconds";

/// Replaces the file with what is known of this run. The last success is carried over from the
/// file that stood there, when this run is none.
///
/// # Errors
/// The file can't be written.
pub fn write(path: &Path, summary: &Summary, now: DateTime<Utc>) -> anyhow::Result<()> {
    let job = label(summary.job);
    let mut out = String::new();
    let mut metric = |name: &str, help: &str, samples: &[(String, String)]| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
    };
    let job_label = format!("job=\"{job}\"");
    let one = |value: String| vec![(job_label.clone(), value)];
    let millis = |ms: u64| format!("{}.{:03}", ms / 1_000, ms % 1_000);

    let run = format!(
        "{job_label},run_id=\"{}\",status=\"{}\"",
        label(&summary.run_id),
        summary.status.word()
    );
    metric("recert_run_info", "The last run and its status.", &[(run, "1".to_owned())]);
    metric(
        "recert_run_timestamp_seconds",
        "When the last run ended.",
        &one(now.timestamp().to_string()),
    );
    metric(
        "recert_run_duration_seconds",
        "How long the last run took.",
        &one(millis(summary.duration_ms)),
    );
    metric(
        "recert_run_exit_code",
        "Number the last run ended with.",
        &one(summary.exit_code.to_string()),
    );
    let counts: Vec<_> = summary
        .counts
        .iter()
        .map(|(name, n)| (format!("{job_label},count=\"{name}\""), n.to_string()))
        .collect();
    metric("recert_run_count", "Counts of the last run, by kind.", &counts);
    metric(
        "recert_run_findings",
        "Findings of the last run.",
        &one(summary.findings.len().to_string()),
    );
    let success = if summary.exit_code == 0 {
        Some(now.timestamp().to_string())
    } else {
        last_success(path, &job)
    };
    if let Some(at) = success {
        metric(SUCCESS, "When a run last ended with 0.", &one(at));
    }
    write_whole(path, |file| Ok(file.write_all(out.as_bytes())?))
}

/// The time of the job's last success, from the file as it stands.
fn last_success(path: &Path, job: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let start = format!("{SUCCESS}{{job=\"{job}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&start))?;
    value.parse::<i64>().ok().map(|at| at.to_string())
}

/// A label's value, escaped as the text format asks.
fn label(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
