//! What is to be done about the responses that are due: the access goes, then they are marked.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::key;
use super::look::{DueMapping, DueResponse};
use crate::db::Value;
use crate::plan::{
    Action, Change, ChangeResult, Columns, Hold, Step, Takes, Touch, TouchRef, Touches,
};
use crate::sql;

/// What decides whether a response is due.
const RESPONSE: Hold = Hold::Row(Columns::These(&[
    "REPORTEES_ID",
    "RMM_ID",
    "ACCESS_STATUS",
    "ACCESS_LEVEL",
    "IS_ACTIVE",
    "ACCESS_REVOKE_DATE_BY_LINE_MANAGER",
    "RECERTIFICATION_DUE_DATE",
]));

const MAPPING: Hold = Hold::Row(Columns::These(&["USER_ID", "RMM_ID"]));

/// The deletions of what is revoked, those of what nobody answered (they have a limit of their own), and the marks.
pub(super) fn steps(mut due: Vec<DueResponse>, approval_keeps: bool) -> Vec<Step> {
    let mut revoked = delete_mappings("deleting the mapping rows of revoked access", Takes::Rows);
    let mut unanswered = delete_mappings(
        "deleting the mapping rows of access that nobody answered for",
        Takes::UnansweredRows,
    );
    let mut taken: HashSet<String> = HashSet::new();
    // Several responses may take the same row; what is revoked goes by that, whoever else did not answer.
    for of_unanswered in [false, true] {
        let step = if of_unanswered { &mut unanswered } else { &mut revoked };
        for response in due.iter_mut().filter(|response| response.unanswered == of_unanswered) {
            // Moved, not copied: there may be a million of them.
            for mapping in std::mem::take(&mut response.mappings) {
                if taken.insert(mapping.row_id.display()) {
                    step.touches.push(delete(mapping, &response.why));
                }
            }
        }
        step.touches.sort_by(order);
    }
    let mut steps = vec![revoked];
    if !unanswered.touches.is_empty() {
        steps.push(unanswered);
    }
    steps.extend(mark_processed(due, approval_keeps));
    steps
}

fn delete_mappings(say: &'static str, takes: Takes) -> Step {
    Step {
        say,
        sql: sql!("revoke/delete_mapping"),
        names: ["row_id", "user_id", "rmm_id"].map(str::to_owned).to_vec(),
        table: "MAP_RAP_USER_ROLE".into(),
        hold: MAPPING,
        counts: &["mappings_deleted"],
        takes,
        touches: Touches::default(),
    }
}

fn delete(mapping: DueMapping, why: &Arc<str>) -> Touch {
    let unit: Arc<str> = key(&mapping.user, &mapping.location).into();
    let change = Change {
        key: (&*unit).into(),
        action: Action::Delete,
        why: Arc::clone(why),
        result: ChangeResult::Applied,
        before: Some(mapping.before),
        after: None,
    };
    Touch { unit, binds: vec![mapping.row_id, mapping.user, mapping.location], change, seen: None }
}

fn order(a: TouchRef<'_>, b: TouchRef<'_>) -> Ordering {
    let row_id = |touch: TouchRef<'_>| Value::from(touch.bind(0)).display();
    a.key()
        .cmp(b.key())
        .then_with(|| a.before().cmp(&b.before()))
        .then_with(|| row_id(a).cmp(&row_id(b)))
}

/// One update for each due response; apart, those whose access was gone already.
fn mark_processed(due: Vec<DueResponse>, approval_keeps: bool) -> [Step; 3] {
    let step = |say, sql, names: &[&str], counts| Step {
        say,
        sql,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        table: "RECREATE_RESPONSE".into(),
        hold: RESPONSE,
        counts,
        takes: Takes::Nothing,
        touches: Touches::default(),
    };
    let names = ["row_id", "reportees_id", "rmm_id", "keeps"];
    let keeps = Value::Int(i64::from(approval_keeps));
    let mark = sql!("revoke/mark_processed");
    let absent_counts = &["responses_processed", "already_absent"];
    let mut present =
        step("marking responses processed", mark.clone(), &names, &["responses_processed"]);
    let mut absent = step(
        "marking responses processed whose access was gone already",
        mark,
        &names,
        absent_counts,
    );
    let mut incomplete = step(
        "marking responses processed that name no user or no location",
        sql!("revoke/mark_incomplete"),
        &["row_id"],
        absent_counts,
    );
    let after: Arc<str> = r#"{"IS_ACTIVE":0}"#.into();
    for response in due {
        let whole = !response.user.is_null() && !response.location.is_null();
        let found = response.has_access;
        let DueResponse { row_id, user, location, key, why, before, .. } = response;
        let unit = Arc::from(&*key);
        let change = Change {
            key,
            action: Action::Update,
            why,
            result: if found { ChangeResult::Applied } else { ChangeResult::AlreadyAbsent },
            before: Some(before),
            after: Some(Arc::clone(&after)),
        };
        let (step, binds) = match (whole, found) {
            (false, _) => (&mut incomplete, vec![row_id]),
            (true, true) => (&mut present, vec![row_id, user, location, keeps.clone()]),
            (true, false) => (&mut absent, vec![row_id, user, location, keeps.clone()]),
        };
        step.touches.push(Touch { unit, binds, change, seen: None });
    }
    [present, absent, incomplete]
}
