//! Why a file is rather wrong than what it says: whatever the limits allow, a person must look (section 8 of the spec).

use std::collections::HashSet;

use super::changes::PURGES;
use super::history::{self, EarlierImport, ImportHistory};
use crate::jobs::World;
use crate::plan::{Action, Plan};

/// Up to so many are never a doubt.
const FEW: u64 = 10;

/// What of the plan is held against what was before.
pub(super) struct ImportFacts<'a> {
    /// Rows of the file.
    pub(super) n_rows: u64,
    pub(super) sha256: &'a str,
    /// The last row has a line end.
    pub(super) ends_a_line: bool,
    /// Everybody in PM_USER.
    pub(super) population: u64,
    /// In good rows, each once.
    pub(super) n_delivered: u64,
    /// Of them, who get another name, personnel number or cost centre.
    pub(super) n_others: u64,
    /// Marked before, and still to be; but for those whom a person let a run mark.
    pub(super) n_standing: u64,
}

/// Adds each doubt to the plan.
///
/// # Errors
/// What the database says.
pub(super) fn add(
    facts: &ImportFacts<'_>,
    history: &ImportHistory,
    world: &mut World<'_>,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    let standing_percent = world.config.import.standing_percent;
    let doubts = [
        fewer_rows(facts, &history.imports, history::first_day(world)),
        fewer_than_last(facts, &history.imports),
        no_line_end(facts, &history.imports),
        others(facts),
        standing(facts, standing_percent, plan),
        older_file(facts, history, world, plan)?,
    ];
    plan.doubts.extend(doubts.into_iter().flatten());
    Ok(())
}

/// A file that holds fewer than half the people is rather a broken export than a company that halved, at once or slowly.
fn fewer_rows(
    facts: &ImportFacts<'_>,
    imports: &[EarlierImport],
    first_day: chrono::NaiveDate,
) -> Option<String> {
    if imports.is_empty() {
        return (2 * facts.n_rows < facts.population).then(|| {
            format!(
                "the file has {} rows, fewer than half of the {} people in PM_USER",
                facts.n_rows, facts.population
            )
        });
    }
    let recent = imports.iter().filter(|import| import.as_of >= first_day);
    let largest = recent.max_by_key(|import| import.n_rows)?;
    (2 * facts.n_rows < largest.n_rows).then(|| {
        format!(
            "the file has {} rows, fewer than half of the {} that were imported for {}, the most since {first_day}",
            facts.n_rows, largest.n_rows, largest.as_of
        )
    })
}

fn fewer_than_last(facts: &ImportFacts<'_>, imports: &[EarlierImport]) -> Option<String> {
    let last = imports.first()?;
    (last.n_rows > FEW && 2 * facts.n_rows < last.n_rows).then(|| {
        format!(
            "the file has {} rows; the last import, for {}, had {}",
            facts.n_rows, last.as_of, last.n_rows
        )
    })
}

fn no_line_end(facts: &ImportFacts<'_>, imports: &[EarlierImport]) -> Option<String> {
    let had_one = imports.first()?.ends_a_line == Some(true);
    (had_one && !facts.ends_a_line).then(|| {
        "the last row has no line end, where the last file's had one: the file seems to be cut off"
            .to_owned()
    })
}

/// A column that has shifted by a row, or another's numbers.
fn others(facts: &ImportFacts<'_>) -> Option<String> {
    let (n, of) = (facts.n_others, facts.n_delivered);
    (n > FEW && 2 * n > of).then(|| {
        format!(
            "{n} of the {of} people in the file get another name, personnel number or cost centre"
        )
    })
}

fn standing(facts: &ImportFacts<'_>, percent: f64, plan: &Plan) -> Option<String> {
    let new = plan.counts().get("marked");
    let n = facts.n_standing + new;
    let is_much = 100.0 * n as f64 > percent * facts.population as f64;
    (n > FEW && is_much).then(|| {
        format!(
            "{n} of {} people would be marked for deletion and not yet purged, {new} of them by this run: \
             more than {percent} % (`[import] standing_percent`)",
            facts.population
        )
    })
}

/// The file of an earlier day, delivered once more, would take back what came since.
fn older_file(
    facts: &ImportFacts<'_>,
    history: &ImportHistory,
    world: &mut World<'_>,
    plan: &Plan,
) -> anyhow::Result<Option<String>> {
    let imports = &history.imports;
    let (Some(last), Some(same)) =
        (imports.first(), imports.iter().find(|import| import.sha256 == facts.sha256))
    else {
        return Ok(None);
    };
    if last.sha256 == facts.sha256 {
        return Ok(None);
    }
    let touched: HashSet<&str> = plan
        .changes()
        .filter(|(step, change)| {
            &*step.table == "PM_USER" && change.action == Action::Update && takes_back(&change.why)
        })
        .map(|(_, change)| &*change.key)
        .collect();
    if touched.is_empty() {
        return Ok(None);
    }
    let n = history.brought_since(same, &touched, world)?;
    Ok((n > 0).then(|| {
        format!(
            "the file is the one that was imported for {}, and not the last one; it would mark or change {n} people who came or changed since",
            same.as_of
        )
    }))
}

/// Whether a change marks somebody or gives them other data; a mark that is lifted does neither.
fn takes_back(why: &str) -> bool {
    why.starts_with(super::changes::CHANGED) || why.contains(PURGES)
}
