//! The verdict in one sentence, and the figures as lines and as one JSON object: built from what was counted.

use chrono::Datelike as _;
use serde_json::{Value as Json, json};

use super::access::REVIEWS;
use super::figures::{Figures, ManagerFigures};
use super::state::STATES;
use super::{ReportContent, ReportScope};

/// What a super admin reads first.
pub(super) fn sentence(content: &ReportContent<'_>) -> String {
    // `--as-of` is today in all that is told; of which day the access really is, stands in the note.
    let (tally, day) = (content.tally, content.summary.as_of);
    let never = tally.reviews[4];
    let accesses = tally.n_accesses();
    let now = tally.revoked;
    let revoked = now.sum();
    let when = match content.scope {
        ReportScope::Year(year) => format!("in {year}"),
        ReportScope::All => "in any year".to_owned(),
    };
    let waiting = match now.waiting {
        0 => String::new(),
        waiting => format!(" ({} not due yet)", grouped(waiting)),
    };
    let unanswered = tally.named("unanswered");
    format!(
        "On {day}, {} {} put to review {when}; {} never {}. {} {} revoked: {} {} gone, {} {} still there{waiting}, {} came back. {} {} overdue.",
        plural(accesses, "access stands", "accesses stand")
            + &format!(". {}", grouped(accesses - never)),
        if accesses - never == 1 { "was" } else { "were" },
        grouped(never),
        if never == 1 { "was" } else { "were" },
        grouped(revoked),
        if revoked == 1 { "was" } else { "were" },
        grouped(now.gone),
        if now.gone == 1 { "is" } else { "are" },
        grouped(now.there),
        if now.there == 1 { "is" } else { "are" },
        grouped(now.back),
        plural(unanswered, "answer", "answers"),
        if unanswered == 1 { "is" } else { "are" },
    )
}

/// What proves it, or why nothing does.
pub(super) fn proof(content: &ReportContent<'_>) -> String {
    let evidence = content.evidence;
    match evidence.problems.as_slice() {
        [] => {
            let runs = plural(evidence.ledger.runs, "run", "runs");
            let end = match evidence.ledger.head.get(..12) {
                Some(head) => format!(", ends with {head}…"),
                None => String::new(),
            };
            format!("Ledger verified: {runs}{end}. Both populations add up.")
        }
        problems => format!("NOT PROVEN: {}.", problems.join("; ")),
    }
}

/// A past year's access is not shown, nor that of another day: nobody kept it.
pub(super) fn note(content: &ReportContent<'_>) -> Option<String> {
    let (looked, as_of) = (content.evidence.origin.run_on, content.summary.as_of);
    let past = content.scope.year().filter(|year| *year < looked.year());
    let other_day = (as_of != looked).then_some(as_of);
    if past.is_none() && other_day.is_none() {
        return None;
    }
    let mut note = format!("The access shown is that of {looked}");
    note.extend(past.map(|year| format!(", not of {year}")));
    note.extend(other_day.map(|day| format!("; what is due goes by {day}")));
    Some(note + ".")
}

/// The figures as lines.
pub(super) fn figures(content: &ReportContent<'_>) -> Vec<(&'static str, String)> {
    let removals = &content.figures.removals;
    let mut lines = Vec::new();
    lines.extend(note(content).map(|note| ("note", note)));
    if let (Some(median), Some(p95), Some(longest)) =
        (removals.percentile(50), removals.percentile(95), removals.longest())
    {
        lines.push((
            "days to removal",
            format!("median {median}, 95 % within {p95}, longest {longest}"),
        ));
        lines.push((
            "removed in time",
            format!(
                "{} of {} within {}",
                grouped(removals.n_within_sla()),
                grouped(removals.n()),
                plural(removals.sla_days.unsigned_abs(), "day", "days")
            ),
        ));
    }
    lines
}

/// The figures as one JSON object.
pub(super) fn json(content: &ReportContent<'_>) -> Json {
    let (tally, figures) = (content.tally, content.figures);
    let states: serde_json::Map<String, Json> = STATES
        .iter()
        .enumerate()
        .map(|(place, (name, _))| ((*name).to_owned(), tally.in_state(place).into()))
        .collect();
    let reviews: serde_json::Map<String, Json> = REVIEWS
        .iter()
        .map(|(review, word)| (word.replace(' ', "_"), tally.reviews[*review as usize].into()))
        .collect();
    json!({
        "states": states,
        "accesses": {"all": tally.n_accesses(), "reviews": reviews, "orphans": tally.users[2], "without_application": tally.users[1]},
        "revoked": {"gone": tally.revoked.gone, "still_there": tally.revoked.there, "still_there_not_due": tally.revoked.waiting, "came_back": tally.revoked.back},
        "removal": {
            "executed": figures.removals.n(),
            "median_days": figures.removals.percentile(50),
            "p95_days": figures.removals.percentile(95),
            "longest_days": figures.removals.longest(),
            "sla_days": figures.removals.sla_days,
            "within_sla": figures.removals.n_within_sla(),
        },
        "line_managers": managers_json(figures, content),
        "independence": {
            "self_managed": figures.self_managed.n,
            "unknown_manager": figures.unmanaged.n,
            "departed_managers": figures.departed_managers().len(),
            "contradictory": figures.contradictory.n,
            "approved_all": figures.approvers_of_all().len(),
        },
    })
}

fn managers_json(figures: &Figures, content: &ReportContent<'_>) -> Vec<Json> {
    let managers = figures.managers_to_ask();
    managers
        .iter()
        .map(|(id, manager)| {
            json!({
                "id": id,
                "name": manager.name.to_string(),
                "mail": manager.mail.to_string(),
                "answered": manager.answered,
                "open": manager.open,
                "unanswered": manager.overdue,
                "oldest_days": oldest_days(manager, content),
            })
        })
        .collect()
}

/// How long the oldest unanswered response of a manager is overdue.
pub(super) fn oldest_days(manager: &ManagerFigures, content: &ReportContent<'_>) -> Option<i64> {
    manager.oldest.map(|oldest| (content.summary.as_of - oldest).num_days())
}

/// `1 run`, `2,000 runs`.
pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { many })
}

/// A sentence begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A number with a comma before every three digits.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), text);
        }
    }
}
