//! Why a file is rather wrong than what it says: whatever the limits allow, a person must look (section 8 of the spec).

use std::collections::HashSet;

use chrono::NaiveDate;

use super::changes::PURGES;
use super::history::{self, EarlierImport, ImportHistory, RunMarks};
use crate::jobs::World;
use crate::plan::Plan;

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
    /// Marked before, and still to be, and from when on they may be purged.
    pub(super) marked: &'a [(String, Option<NaiveDate>)],
}

/// Adds each doubt to the plan.
///
/// # Errors
/// What the database says.
pub(super) fn add(
    facts: &ImportFacts<'_>,
    history: &mut ImportHistory,
    world: &mut World<'_>,
    plan: &mut Plan,
) -> anyhow::Result<()> {
    let doubts = [
        fewer_rows(facts, history, world)?,
        fewer_than_last(facts, history, world)?,
        no_line_end(facts, history, world)?,
        others(facts),
        standing(facts, world, plan)?,
        older_file(facts, history, world, plan)?,
    ];
    plan.doubts.extend(doubts.into_iter().flatten());
    Ok(())
}

/// A file that holds fewer than half the people is rather a broken export than a company that halved, at once or slowly.
fn fewer_rows(
    facts: &ImportFacts<'_>,
    history: &mut ImportHistory,
    world: &mut World<'_>,
) -> anyhow::Result<Option<String>> {
    let first_day = history::first_day(world);
    let is_larger =
        |import: &EarlierImport| import.as_of >= first_day && 2 * facts.n_rows < import.n_rows;
    let largest = history.those(is_larger, world)?.into_iter().max_by_key(|import| import.n_rows);
    if let Some(largest) = largest {
        return Ok(Some(format!(
            "the file has {} rows, fewer than half of the {} that were imported for {}, the most since {first_day}",
            facts.n_rows, largest.n_rows, largest.as_of
        )));
    }
    let is_doubt = 2 * facts.n_rows < facts.population && history.last(world)?.is_none();
    Ok(is_doubt.then(|| {
        format!(
            "the file has {} rows, fewer than half of the {} people in PM_USER",
            facts.n_rows, facts.population
        )
    }))
}

fn fewer_than_last(
    facts: &ImportFacts<'_>,
    history: &mut ImportHistory,
    world: &mut World<'_>,
) -> anyhow::Result<Option<String>> {
    let is_larger = |last: &EarlierImport| last.n_rows > FEW && 2 * facts.n_rows < last.n_rows;
    let last = history.last_if_any(is_larger, world)?.filter(is_larger);
    Ok(last.map(|last| {
        format!(
            "the file has {} rows; the last import, for {}, had {}",
            facts.n_rows, last.as_of, last.n_rows
        )
    }))
}

fn no_line_end(
    facts: &ImportFacts<'_>,
    history: &mut ImportHistory,
    world: &mut World<'_>,
) -> anyhow::Result<Option<String>> {
    let had_one = |last: &EarlierImport| last.ends_a_line && !facts.ends_a_line;
    let last = history.last_if_any(had_one, world)?.filter(had_one);
    Ok(last.map(|_| {
        "the last row has no line end, where the last file's had one: the file seems to be cut off"
            .to_owned()
    }))
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

fn standing(
    facts: &ImportFacts<'_>,
    world: &mut World<'_>,
    plan: &Plan,
) -> anyhow::Result<Option<String>> {
    let percent = world.config.import.standing_percent;
    let new = plan.counts().get("marked");
    let is_much = |n| is_much(n, facts.population, percent);
    let mut n = facts.marked.len() as u64 + new;
    if is_much(n) {
        // Marks that a person let through don't count.
        let people = facts.marked.iter().map(|(id, _)| id.as_str()).collect();
        let marks = RunMarks::of(&people, world)?;
        let is_let_through = |(id, day): &&(String, Option<NaiveDate>)| {
            day.is_some_and(|day| marks.were_let_through(id, day))
        };
        n -= facts.marked.iter().filter(is_let_through).count() as u64;
    }
    Ok(is_much(n).then(|| {
        format!(
            "{n} of {} people would be marked for deletion and not yet purged, {new} of them by this run: \
             more than {percent} % (`[import] standing_percent`)",
            facts.population
        )
    }))
}

/// More than a few, and more than so many percent.
fn is_much(n: u64, population: u64, percent: f64) -> bool {
    n > FEW && 100.0 * n as f64 > percent * population as f64
}

/// The file of an earlier day, delivered once more, would take back what came since.
fn older_file(
    facts: &ImportFacts<'_>,
    history: &mut ImportHistory,
    world: &mut World<'_>,
    plan: &Plan,
) -> anyhow::Result<Option<String>> {
    let touches = plan.changes().map(|(_, change)| change);
    let touched: HashSet<&str> =
        touches.filter(|change| takes_back(change.why())).map(|change| change.key()).collect();
    if touched.is_empty() {
        return Ok(None);
    }
    let is_same = |import: &EarlierImport| import.sha256 == facts.sha256;
    if history.last_if_any(is_same, world)?.is_none_or(|last| is_same(&last)) {
        return Ok(None);
    }
    let Some(same) = history.those(is_same, world)?.into_iter().next() else { return Ok(None) };
    let n = history.brought_since(&same, &touched, world)?;
    Ok((n > 0).then(|| {
        format!(
            "the file is the one that was imported for {}, and not the last one; it would mark or change {n} people who came or changed since",
            same.as_of
        )
    }))
}

/// Whether a change marks somebody or gives them other data: of a person's row alone is this told. A mark that is
/// lifted does neither.
fn takes_back(why: &str) -> bool {
    why.starts_with(super::changes::CHANGED) || why.contains(PURGES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_and_more_than_half_with_other_names_are_a_doubt() {
        let doubt = |n_others, n_delivered| {
            let (n_rows, sha256, population, marked) = (n_delivered, "", n_delivered, &[][..]);
            let ends_a_line = true;
            others(&ImportFacts {
                n_rows,
                sha256,
                ends_a_line,
                population,
                n_delivered,
                n_others,
                marked,
            })
        };
        assert!(doubt(11, 21).is_some());
        assert!(doubt(11, 22).is_none());
        assert!(doubt(10, 10).is_none());
    }

    #[test]
    fn more_than_ten_marks_and_more_than_so_many_percent_are_much() {
        assert!(is_much(11, 54, 20.0));
        assert!(!is_much(11, 55, 20.0));
        assert!(!is_much(10, 20, 20.0));
    }

    #[test]
    fn a_mark_and_other_data_take_something_back_and_a_lifted_mark_does_not() {
        assert!(takes_back("changed in the file"));
        assert!(takes_back("left on 2026-01-31; to be purged from 2026-03-02 on"));
        assert!(!takes_back("delivered, and no reason to go"));
    }
}
