//! `recert schema`: JSON Schemas of everything that recert writes as JSON. Reads no config.
//!
//! Each object says which it is in `schema`; the tests hold what is written against these, member by member.
//!
//! They are written by hand and not derived from types: a report, a dump, the log, `history` and `show` are streamed member
//! by member, and a row of the ledger is text as it is hashed; only summary, plan, heads and an archive's header
//! have a type. One way for all of them, held against what is really written, is worth more than two.

use anyhow::anyhow;
use clap::builder::PossibleValuesParser;
use serde_json::json;

use super::CommandContext;
use crate::outcome::Outcome;
use crate::summary::Status;

/// `recert schema`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which one; without it, all of them in one object
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(SCHEMAS.map(|schema| schema.0)))]
    pub name: Option<String>,
}

/// By name, in the order of how often they are asked for.
const SCHEMAS: [(&str, &str); 10] = [
    ("summary", include_str!("schema/summary.json")),
    ("preview", include_str!("schema/preview.json")),
    ("plan", include_str!("schema/plan.json")),
    ("report", include_str!("schema/report.json")),
    ("heads", include_str!("schema/heads.json")),
    ("dump", include_str!("schema/dump.json")),
    ("archive", include_str!("schema/archive.json")),
    ("log", include_str!("schema/log.json")),
    ("history", include_str!("schema/history.json")),
    ("show", include_str!("schema/show.json")),
];

/// Puts the schema on stdout.
///
/// # Errors
/// stdout can't be written to.
pub(crate) fn run(args: &Args, context: &CommandContext<'_>) -> anyhow::Result<Outcome> {
    let text = match &args.name {
        Some(name) => SCHEMAS
            .iter()
            .find(|schema| schema.0 == name)
            .map(|schema| schema.1.to_owned())
            .ok_or_else(|| anyhow!("there is no schema `{name}`"))?,
        None => {
            let mut all = serde_json::Map::new();
            for (name, text) in SCHEMAS {
                all.insert(name.to_owned(), serde_json::from_str(text)?);
            }
            format!("{:#}\n", json!({"schema": "recert/schemas/1", "schemas": all}))
        }
    };
    context.out.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Outcome::of(context.summary(Status::Unchanged)?).said())
}
