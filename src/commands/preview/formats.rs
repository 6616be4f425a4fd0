//! A plan in its formats: text for people, JSON and CSV for programs, SQL for DBAs.

use std::io::Write;
use std::num::NonZeroU32;

use anyhow::{Context as _, anyhow};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::db::{Bind, Value};
use crate::plan::{Action, ChangeResult, Plan, Step, TouchRef};
use crate::script::{Literal, Script, bind_into};
use crate::summary::Summary;
use crate::text::{guarded, plain};

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One line a change, behind the summary
    #[default]
    Text,
    /// One object: the summary, and all changes with their images
    Json,
    /// One row a change
    Csv,
    /// A script for SQL*Plus and SQL Developer
    Sql,
}

/// Which object `--format json` writes.
const SCHEMA: &str = "recert/preview/1";

/// Writes a plan in one of the formats.
///
/// # Errors
/// What `out` says; a value that a script can't hold.
pub(super) fn write(
    format: Format,
    plan: &Plan,
    summary: &Summary,
    commit_every: NonZeroU32,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Text => write_text(plan, out).context("writing the plan as text"),
        Format::Json => write_json(plan, summary, out).context("writing the plan as JSON"),
        Format::Csv => write_csv(plan, out).context("writing the plan as CSV"),
        Format::Sql => {
            write_sql(plan, summary, commit_every, out).context("writing the plan as SQL")
        }
    }
}

/// One line a change that a person can approve: which row, what else stands in it (the role!), what
/// becomes of it, and why.
pub(crate) fn write_text(plan: &Plan, out: &mut dyn Write) -> anyhow::Result<()> {
    for (step, change) in plan.changes() {
        let mut line = format!("{} {} {}", change.action().word(), step.table, change.key());
        match (change.action(), change.before(), change.after().as_deref()) {
            (Action::Update, before, Some(after)) => {
                line.push_str(&format!(" {after}"));
                if let Some(before) = before {
                    line.push_str(&format!(" was {}", columns_of(before, after)?));
                }
            }
            (Action::Delete, Some(before), _) => {
                line.push_str(&format!(" was {}", filled_columns(before)?));
            }
            (Action::Insert, _, Some(after)) => {
                line.push_str(&format!(" {}", filled_columns(after)?));
            }
            _ => {}
        }
        if change.result() == ChangeResult::AlreadyAbsent {
            line.push_str(" (already absent)");
        }
        writeln!(out, "{}: {}", plain(&line), plain(change.why()))?;
    }
    Ok(())
}

/// Of a row's image the columns that hold something.
fn filled_columns(image: &str) -> anyhow::Result<String> {
    let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(image)?;
    row.retain(|_, value| !value.is_null());
    Ok(serde_json::Value::Object(row).to_string())
}

/// Of the image `before` the columns that stand in `after`.
fn columns_of(before: &str, after: &str) -> anyhow::Result<String> {
    let before: serde_json::Map<String, serde_json::Value> = serde_json::from_str(before)?;
    let after: serde_json::Map<String, serde_json::Value> = serde_json::from_str(after)?;
    let of = |column: &String| Some((column.clone(), before.get(column)?.clone()));
    Ok(serde_json::Value::Object(after.keys().filter_map(of).collect()).to_string())
}

/// One change, as JSON and CSV show it.
#[derive(Serialize)]
struct PreviewedChange<'a> {
    seq: usize,
    table: &'a str,
    key: &'a str,
    action: Action,
    why: &'a str,
    result: ChangeResult,
    before: Option<&'a RawValue>,
    after: Option<Box<RawValue>>,
}

fn shown<'a>(
    seq: usize,
    step: &'a Step,
    change: TouchRef<'a>,
) -> anyhow::Result<PreviewedChange<'a>> {
    Ok(PreviewedChange {
        seq,
        table: &step.table,
        key: change.key(),
        action: change.action(),
        why: change.why(),
        result: change.result(),
        before: change.before().map(serde_json::from_str).transpose()?,
        after: change.after().as_deref().map(serde_json::from_str).transpose()?,
    })
}

/// The summary's object with one more key, `changes`, written as it goes.
fn write_json(plan: &Plan, summary: &Summary, out: &mut dyn Write) -> anyhow::Result<()> {
    let head = serde_json::to_string(&Summary { schema: SCHEMA, ..summary.clone() })?;
    let head = head.strip_suffix('}').ok_or_else(|| anyhow!("the summary is no object"))?;
    write!(out, "{head},\"changes\":[")?;
    for (at, (step, change)) in plan.changes().enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut *out, &shown(at + 1, step, change)?)?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

fn write_csv(plan: &Plan, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(["seq", "table", "key", "action", "why", "result", "before", "after"])?;
    for (at, (step, change)) in plan.changes().enumerate() {
        let seq = (at + 1).to_string();
        csv.write_record([
            seq.as_str(),
            &step.table,
            &guarded(change.key()),
            change.action().word(),
            &guarded(change.why()),
            change.result().word(),
            change.before().unwrap_or_default(),
            &change.after().unwrap_or_default(),
        ])?;
    }
    csv.flush()?;
    Ok(())
}

fn write_sql(
    plan: &Plan,
    summary: &Summary,
    commit_every: NonZeroU32,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut header = vec![
        format!(
            "recert {} {}, as of {}, planned by run {}",
            env!("CARGO_PKG_VERSION"),
            summary.job,
            summary.as_of,
            summary.run_id
        ),
        "For review. A run of recert itself also writes its ledger; this script does not."
            .to_owned(),
    ];
    header.extend(summary.counts.iter().map(|(name, n)| format!("{name}: {n}")));
    header.extend(
        summary
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.kind, finding.key, finding.message)),
    );
    let mut script = Script::begin(out, header, commit_every)?;
    script.check_encoding()?;
    for step in plan.steps.iter().filter(|step| !step.touches.is_empty()) {
        script.comment(&format!("{}: {}", step.table, step.say))?;
        for touch in step.touches.iter() {
            script.statement(&bind_into(step.sql.oracle(), &literals(step, touch)?)?)?;
        }
    }
    script.finish()?;
    Ok(())
}

fn literals<'a>(
    step: &'a Step,
    touch: TouchRef<'a>,
) -> anyhow::Result<Vec<(&'a str, Literal<'a>)>> {
    step.names
        .iter()
        .zip(touch.binds())
        .map(|(name, value)| {
            let literal = match value {
                Bind::Null => Literal::Null,
                Bind::Int(n) => Literal::Int(n),
                Bind::Number(text) => Literal::Number(text),
                Bind::Text(text) => Literal::Text(text),
                Bind::Date(at) => Literal::Date(at),
                Bind::Timestamp(at) => Literal::Timestamp(at),
                Bind::Real(x) => Literal::Real(x),
                Bind::TimestampTz(_) | Bind::Bytes(_) => {
                    return Err(anyhow!(
                        "`{name}` holds a value that a script can't: {}",
                        Value::from(value).display()
                    ));
                }
            };
            Ok((name.as_str(), literal))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Change, Hold, Takes, Touch};
    use crate::sql;

    #[test]
    fn what_a_directory_says_runs_as_no_formula_of_a_spreadsheet() {
        let change = Change {
            key: "=1+1".into(),
            action: Action::Update,
            why: "the directory says M1;=2+2".into(),
            result: ChangeResult::Applied,
            before: None,
            after: None,
        };
        let touch = Touch { unit: "E1".into(), binds: Vec::new(), change, seen: None };
        let step = Step {
            say: "tell a manager",
            sql: sql!("revoke/mark_processed"),
            names: Vec::new(),
            table: "USER_TAB".into(),
            counts: &[],
            hold: Hold::Nothing,
            takes: Takes::Nothing,
            touches: [touch].into_iter().collect(),
        };
        let mut out = Vec::new();
        write_csv(&Plan { steps: vec![step], ..Plan::default() }, &mut out).unwrap();
        let row = String::from_utf8(out).unwrap();
        assert!(
            row.ends_with("1,USER_TAB,'=1+1,update,the directory says M1;'=2+2,applied,,\r\n"),
            "{row}"
        );
    }
}
