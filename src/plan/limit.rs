//! What a plan takes away, held against a limit together with what earlier runs took of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Plan, Takes};
use crate::config::Limits;

/// How many of the reasons a refusal names.
const REASONS: usize = 3;

/// A section of `[limits]`, and how much of it earlier runs have used up.
#[derive(Clone, Copy, Debug)]
pub struct HeldLimit<'a> {
    /// Its key under `[limits]`.
    pub name: &'static str,
    pub limits: &'a Limits,
    /// What earlier runs took in the hours before this one.
    pub earlier: u64,
}

/// The section that access which nobody answered for is held against.
pub(crate) const UNANSWERED: &str = "revoke-unanswered";

/// What a plan takes of one limit.
#[derive(Debug, Default)]
pub(crate) struct Taken<'a> {
    /// Rows, or people.
    pub(crate) n: u64,
    pub(crate) each: TakenEach,
    /// Where they stand among all the plan's touches, counted from 0.
    pub(crate) places: Vec<Range<usize>>,
    whys: Vec<&'a str>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TakenEach {
    #[default]
    Row,
    Unit,
}

/// How much of a limit is used up, and how much of it a run may still take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitLeft {
    /// Its key under `[limits]`.
    pub limit: &'static str,
    /// The hours it is held over.
    pub hours: u32,
    /// What earlier runs took in these hours.
    pub earlier: u64,
    /// What this run takes.
    pub taken: u64,
    /// What may be taken. A run that took something has taken it off.
    pub left: u64,
}

/// What of a plan counts against the limit of this name.
pub(crate) fn taken<'a>(plan: &'a Plan, name: &str) -> Taken<'a> {
    let mut taken = Taken::default();
    let mut units: HashSet<&str> = HashSet::new();
    let mut at = 0;
    for step in &plan.steps {
        let place = at..at + step.touches.len();
        at = place.end;
        let counts = match step.takes {
            Takes::Nothing => false,
            Takes::UnansweredRows => name == UNANSWERED,
            Takes::Rows | Takes::Units => name != UNANSWERED,
        };
        if !counts || place.is_empty() {
            continue;
        }
        if step.takes == Takes::Units {
            taken.each = TakenEach::Unit;
        }
        match taken.places.last_mut() {
            Some(last) if last.end == place.start => last.end = place.end,
            _ => taken.places.push(place),
        }
        for touch in step.touches.iter() {
            if step.takes != Takes::Units || units.insert(touch.unit()) {
                taken.whys.push(touch.why());
            }
        }
    }
    taken.n = taken.whys.len() as u64;
    taken
}

impl HeldLimit<'_> {
    /// Why the limit forbids this plan; `None` where it doesn't.
    pub(crate) fn refusal(&self, plan: &Plan, own_of_all: u64) -> Option<String> {
        let taken = taken(plan, self.name);
        if taken.n == 0 || !self.limits.refuse(taken.n + self.earlier, plan.population) {
            return None;
        }
        let Limits { count, percent, floor, hours } = self.limits;
        let earlier = match self.earlier {
            0 => String::new(),
            n => format!(
                ", after {n} that earlier runs took in the last {hours} hours: {} together",
                n + taken.n
            ),
        };
        Some(format!(
            "the plan takes away {} of {} rows{earlier} ({}); the limit `[limits.{}]` is {count} rows or {percent} %, \
             above a floor of {floor}; look at the preview, then `--allow-changes {own_of_all} --reason …` lets this one run through",
            taken.n,
            plan.population,
            taken.reasons(),
            self.name
        ))
    }

    /// What is used of the limit and what is left of it, before this plan is carried out.
    #[must_use]
    pub fn left_for(&self, plan: &Plan) -> LimitLeft {
        let taken = taken(plan, self.name).n;
        let left = self.left(plan.population);
        let HeldLimit { name, limits, earlier } = *self;
        LimitLeft { limit: name, hours: limits.hours, earlier, taken, left }
    }

    /// How much a plan may take before the limit refuses it.
    pub(crate) fn left(&self, population: u64) -> u64 {
        let Limits { count, percent, floor, .. } = self.limits;
        let share = (percent * population as f64 / 100.0).floor() as u64;
        (*floor).max(share.min(*count)).saturating_sub(self.earlier)
    }
}

impl Taken<'_> {
    /// The commonest reasons, each with its number.
    fn reasons(&self) -> String {
        let whys = || self.whys.iter().copied();
        let exact = count(whys(), str::to_owned);
        // Where each row has dates or ids of its own, what they have in common says more.
        let few = 2 * exact.iter().take(REASONS).map(|(_, n)| n).sum::<u64>() < self.n;
        let told = if few { count(whys(), without_particulars) } else { exact };
        let named = told.iter().take(REASONS).map(|(why, n)| format!("{n} of {}: {why}", self.n));
        let mut reasons: Vec<String> = named.collect();
        if told.len() > REASONS {
            reasons.push(format!("{} other reasons", told.len() - REASONS));
        }
        reasons.join("; ")
    }
}

/// How many there are of each kind, the commonest first; each told by what all of its kind say.
fn count<'a>(
    texts: impl Iterator<Item = &'a str>,
    kind: impl Fn(&str) -> String,
) -> Vec<(String, u64)> {
    let mut by_kind: BTreeMap<String, (Vec<&str>, u64)> = BTreeMap::new();
    for text in texts {
        let (common, n) = by_kind.entry(kind(text)).or_insert_with(|| (words(text).collect(), 0));
        *n += 1;
        for (word, other) in common.iter_mut().zip(words(text)) {
            if *word != other {
                *word = "…";
            }
        }
    }
    let mut counted: Vec<(String, u64)> =
        by_kind.into_values().map(|(common, n)| (common.join(" "), n)).collect();
    counted.sort_by_key(|(_, n)| Reverse(*n));
    counted
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ')
}

/// A reason without its dates and ids: words that hold a digit.
fn without_particulars(why: &str) -> String {
    let word = |word: &str| match word.contains(|c: char| c.is_ascii_digit()) {
        true => "…".to_owned(),
        false => word.to_owned(),
    };
    words(why).map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Step;
    use crate::plan::tests::{step, touches};

    fn plan(steps: Vec<Step>) -> Plan {
        Plan { steps, ..Plan::default() }
    }

    #[test]
    fn places_that_follow_one_another_are_one() {
        let rows = |n| step(Takes::Rows, &vec!["a"; n]);
        let other = step(Takes::Nothing, &["a"; 3]);
        let plan = plan(vec![rows(2), rows(1), other, rows(2)]);
        assert_eq!(taken(&plan, "revoke").places, [0..3, 6..8]);
    }

    fn reasons(whys: &[&str]) -> String {
        let whys = whys.iter().map(|why| ("a", *why));
        taken(&plan(vec![touches(Takes::Rows, whys)]), "revoke").reasons()
    }

    #[test]
    fn reasons_that_are_told_speak_of_half_of_the_rows_or_are_told_without_their_dates() {
        let lefts = ["left 1", "left 2", "left 3", "left 4", "left 5", "moved 6", "moved 7"];
        assert_eq!(
            reasons(&lefts[..6]),
            "1 of 6: left 1; 1 of 6: left 2; 1 of 6: left 3; 3 other reasons"
        );
        assert_eq!(reasons(&lefts), "5 of 7: left …; 2 of 7: moved …");
        assert_eq!(reasons(&["a", "b", "c"]), "1 of 3: a; 1 of 3: b; 1 of 3: c");
    }
}
