//! What is to be done about the responses that are due: the access goes, then they are marked.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::due::{DueMapping, DueResponse};
use super::key;
use crate::db::Value;
use crate::plan::{
    Action, Change, ChangeResult, Columns, Hold, Step, Takes, Touch, TouchRef, Touches,
};
use crate::sql;
use crate::sql::Sql;

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

/// What is to be done, packed response by response.
pub(super) struct DueSteps {
    /// The deletions of what is revoked, and those of what nobody answered: they have a limit of their own.
    revoked: Step,
    unanswered: Step,
    /// The marks: of those whose access goes, whose access was gone already, and who name no user or no location.
    present: Step,
    absent: Step,
    incomplete: Step,
    keeps: Value,
    after: Arc<str>,
}

impl DueSteps {
    /// Nothing yet; an approval keeps access or not.
    pub(super) fn new(approval_keeps: bool) -> Self {
        let mark = || sql!("revoke/mark_processed");
        let names: &[&str] = &["row_id", "reportees_id", "rmm_id", "keeps"];
        let absent_counts = &["responses_processed", "already_absent"];
        DueSteps {
            revoked: delete_mappings("deleting the mapping rows of revoked access", Takes::Rows),
            unanswered: delete_mappings(
                "deleting the mapping rows of access that nobody answered for",
                Takes::UnansweredRows,
            ),
            present: mark_responses(
                "marking responses processed",
                mark(),
                names,
                &["responses_processed"],
            ),
            absent: mark_responses(
                "marking responses processed whose access was gone already",
                mark(),
                names,
                absent_counts,
            ),
            incomplete: mark_responses(
                "marking responses processed that name no user or no location",
                sql!("revoke/mark_incomplete"),
                &["row_id"],
                absent_counts,
            ),
            keeps: Value::Int(i64::from(approval_keeps)),
            after: r#"{"IS_ACTIVE":0}"#.into(),
        }
    }

    /// The access of a response goes, and it is marked.
    pub(super) fn add(&mut self, response: DueResponse) {
        let whole = !response.user.is_null() && !response.location.is_null();
        let found = response.has_access;
        let DueResponse { row_id, user, location, key, why, before, unanswered, mappings, .. } =
            response;
        let deletions = if unanswered { &mut self.unanswered } else { &mut self.revoked };
        deletions.touches.extend(mappings.into_iter().map(|mapping| delete(mapping, &why)));
        let unit = Arc::from(&*key);
        let change = Change {
            key,
            action: Action::Update,
            why,
            result: if found { ChangeResult::Applied } else { ChangeResult::AlreadyAbsent },
            before: Some(before),
            after: Some(Arc::clone(&self.after)),
        };
        let keeps = self.keeps.clone();
        let (step, binds) = match (whole, found) {
            (false, _) => (&mut self.incomplete, vec![row_id]),
            (true, true) => (&mut self.present, vec![row_id, user, location, keeps]),
            (true, false) => (&mut self.absent, vec![row_id, user, location, keeps]),
        };
        step.touches.push(Touch { unit, binds, change, seen: None });
    }

    /// User and location of each mapping row that goes.
    pub(super) fn going(&self) -> impl Iterator<Item = (Value, Value)> {
        let deletions = [&self.revoked, &self.unanswered].into_iter();
        deletions
            .flat_map(|step| step.touches.iter())
            .map(|touch| (touch.bind(1).into(), touch.bind(2).into()))
    }

    /// The same steps for the same rows, however the database handed them out; each row goes once.
    pub(super) fn in_order(mut self) -> Vec<Step> {
        for step in [&mut self.revoked, &mut self.unanswered] {
            step.touches.sort_by(order);
            let mut last = None;
            step.touches.retain(|touch| {
                let row_id = Value::from(touch.bind(0));
                let is_new = last.as_ref() != Some(&row_id);
                last = Some(row_id);
                is_new
            });
        }
        for step in [&mut self.present, &mut self.absent, &mut self.incomplete] {
            step.touches.sort_by(order);
        }
        let mut steps = vec![self.revoked];
        if !self.unanswered.touches.is_empty() {
            // What is revoked goes by that, whoever else did not answer.
            let taken: HashSet<String> = steps[0].touches.iter().map(row_id).collect();
            self.unanswered.touches.retain(|touch| !taken.contains(&row_id(touch)));
        }
        if !self.unanswered.touches.is_empty() {
            steps.push(self.unanswered);
        }
        steps.extend([self.present, self.absent, self.incomplete]);
        steps
    }
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

fn mark_responses(
    say: &'static str,
    sql: Sql,
    names: &[&str],
    counts: &'static [&'static str],
) -> Step {
    Step {
        say,
        sql,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        table: "RECREATE_RESPONSE".into(),
        hold: RESPONSE,
        counts,
        takes: Takes::Nothing,
        touches: Touches::default(),
    }
}

fn row_id(touch: TouchRef<'_>) -> String {
    Value::from(touch.bind(0)).display()
}

fn order(a: TouchRef<'_>, b: TouchRef<'_>) -> Ordering {
    a.key()
        .cmp(b.key())
        .then_with(|| a.before().cmp(&b.before()))
        .then_with(|| row_id(a).cmp(&row_id(b)))
        .then_with(|| a.why().cmp(b.why()))
}
