//! Which run processed which response.
//!
//! A response has no key of its own: the ledger names it by user and location, and several
//! responses may share those. What tells them apart is the image of the row that the ledger keeps:
//! a response that was processed equals its before-image in everything but IS_ACTIVE. Nothing is
//! guessed: where images are erased or rows were edited since, a run is named only if there is no
//! other response it can have meant.

use chrono::NaiveDateTime;
use serde_json::{Map, Value as Json};

/// A change of RECREATE_RESPONSE in the ledger.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The run.
    pub run: String,
    /// SEQ
    pub seq: i64,
    /// Whether the run was one of `restore`.
    pub restore: bool,
    /// When the run ended, UTC.
    pub at: NaiveDateTime,
    /// BEFORE_IMAGE; `None` when erased.
    pub before: Option<String>,
    /// AFTER_IMAGE; `None` when erased.
    pub after: Option<String>,
}

/// A change that still stands: it set IS_ACTIVE to 0, and none after it took that back.
struct Execution<'a> {
    event: &'a Event,
    image: Option<Map<String, Json>>,
}

/// For each response, the change that processed it. `images` holds the inactive rows of one user and
/// location as JSON, of `n_rows` in all; `events` all changes of them, in any order.
pub(super) fn assign<'a>(
    events: &'a mut [Event],
    images: &[&str],
    n_rows: usize,
) -> Vec<Option<&'a Event>> {
    events.sort_by(|a, b| (a.at, &a.run, a.seq).cmp(&(b.at, &b.run, b.seq)));
    let mut standing: Vec<Execution<'a>> = Vec::new();
    for event in events.iter() {
        let image = event.before.as_deref().and_then(parse);
        if processes(event) {
            standing.push(Execution { event, image });
        } else {
            take_back(&mut standing, image.as_ref());
        }
    }
    standing.reverse(); // The latest first: it is the one that counts.

    let rows: Vec<Option<Map<String, Json>>> = images.iter().map(|image| parse(image)).collect();
    let mut found: Vec<Option<&Event>> = rows
        .iter()
        .map(|row| {
            let row = row.as_ref()?;
            let like = |execution: &Execution<'_>| {
                execution.image.as_ref().is_some_and(|image| same_row(image, row))
            };
            let place = standing.iter().position(like)?;
            Some(standing.remove(place).event)
        })
        .collect();
    let left = found.iter().filter(|event| event.is_none()).count();
    // Among several rows, only an image that is gone can still mean a row that matches none.
    if n_rows > 1 {
        standing.retain(|execution| execution.image.is_none());
    }
    if left <= standing.len() && (n_rows == 1 || n_rows == images.len()) {
        let mut rest = standing.iter().map(|execution| execution.event);
        for event in found.iter_mut().filter(|event| event.is_none()) {
            *event = rest.next();
        }
    }
    found
}

/// Whether a change marked a response processed, and did not bring it back.
fn processes(event: &Event) -> bool {
    let after = event.after.as_deref().and_then(parse);
    match after.as_ref().and_then(|after| after.get("IS_ACTIVE")) {
        Some(active) => active.as_i64() != Some(1),
        None => !event.restore,
    }
}

/// A restore takes back the latest processing of the same row, or, its image erased, the latest at all.
fn take_back(standing: &mut Vec<Execution<'_>>, restored: Option<&Map<String, Json>>) {
    let like = |execution: &Execution<'_>| match (&execution.image, restored) {
        (Some(image), Some(restored)) => same_row(image, restored),
        _ => false,
    };
    let place = standing.iter().rposition(like).or(standing.len().checked_sub(1));
    if let Some(place) = place {
        standing.remove(place);
    }
}

fn parse(image: &str) -> Option<Map<String, Json>> {
    serde_json::from_str(image).ok()
}

/// Equal in all columns that both have, but IS_ACTIVE.
fn same_row(a: &Map<String, Json>, b: &Map<String, Json>) -> bool {
    a.iter()
        .all(|(name, value)| name == "IS_ACTIVE" || b.get(name).is_none_or(|other| other == value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(run: &str, job: &str, status: Option<&str>) -> Event {
        let number: u32 = run.trim_start_matches(char::is_alphabetic).parse().unwrap();
        let (was, is) = if job == "restore" { (0, 1) } else { (1, 0) };
        Event {
            run: run.to_owned(),
            seq: 1,
            restore: job == "restore",
            at: chrono::DateTime::from_timestamp(i64::from(number), 0).unwrap().naive_utc(),
            before: status.map(|status| format!(r#"{{"S":"{status}","IS_ACTIVE":{was}}}"#)),
            after: status.map(|_| format!(r#"{{"IS_ACTIVE":{is}}}"#)),
        }
    }

    fn assigned(events: &[(&str, &str, Option<&str>)], rows: &[&str]) -> Vec<Option<String>> {
        let mut events: Vec<Event> =
            events.iter().map(|(run, job, status)| event(run, job, *status)).collect();
        let rows: Vec<String> =
            rows.iter().map(|status| format!(r#"{{"S":"{status}","IS_ACTIVE":0}}"#)).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assign(&mut events, &rows, rows.len())
            .into_iter()
            .map(|event| Some(event?.run.clone()))
            .collect()
    }

    fn runs(names: &[&str]) -> Vec<Option<String>> {
        names.iter().map(|name| (!name.is_empty()).then(|| (*name).to_owned())).collect()
    }

    #[test]
    fn a_row_goes_to_the_run_whose_image_it_equals() {
        let events = [("r1", "revoke", Some("A")), ("r2", "revoke", Some("B"))];
        assert_eq!(assigned(&events, &["B", "A"]), runs(&["r2", "r1"]));
        assert_eq!(assigned(&events, &["A", "C"]), runs(&["r1", ""]));
    }

    #[test]
    fn the_latest_run_counts() {
        let events = [("r2", "revoke", Some("A")), ("r1", "revoke", Some("A"))];
        assert_eq!(assigned(&events, &["A"]), runs(&["r2"]));
        assert_eq!(assigned(&events, &["A", "A"]), runs(&["r2", "r1"]));
    }

    #[test]
    fn a_restore_takes_its_own_run_back_and_no_other() {
        let events = [
            ("r1", "revoke", Some("A")),
            ("r2", "revoke", Some("B")),
            ("r3", "restore", Some("A")),
        ];
        assert_eq!(assigned(&events, &["B"]), runs(&["r2"]));
        let again = [
            ("r1", "revoke", Some("A")),
            ("r2", "restore", Some("A")),
            ("r3", "revoke", Some("A")),
        ];
        assert_eq!(assigned(&again, &["A"]), runs(&["r3"]));
        assert_eq!(assigned(&again[..2], &["A"]), runs(&[""]));
    }

    #[test]
    fn a_row_alone_is_known_by_its_key_even_when_it_was_edited_or_its_image_erased() {
        assert_eq!(assigned(&[("r1", "revoke", Some("A"))], &["edited"]), runs(&["r1"]));
        assert_eq!(assigned(&[("r1", "revoke", None)], &["A"]), runs(&["r1"]));
        assert_eq!(
            assigned(&[("r1", "revoke", None), ("r2", "restore", None)], &["A"]),
            runs(&[""])
        );
    }

    #[test]
    fn among_several_rows_no_run_is_guessed() {
        assert_eq!(assigned(&[("r1", "revoke", None)], &["A", "B"]), runs(&["", ""]));
        let both = [("r1", "revoke", None), ("r1", "revoke", None)];
        assert_eq!(assigned(&both, &["A", "B"]), runs(&["r1", "r1"]));
    }
}
