//! What is read, response by response: due, waiting, undated, or not ours.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use chrono::NaiveDate;

use super::due::{DueMapping, DueResponse};
use super::key;
use super::rule::{AnswerClass, DateOf, ResponseDates, ResponseVerdict, RevokeRule, fold};
use super::steps::DueSteps;
use crate::db::{Row, Value};
use crate::plan::{Counts, Plan};

const COUNTS: [&str; 9] = [
    "due",
    "mappings_deleted",
    "responses_processed",
    "already_absent",
    "waiting",
    "undated",
    "conflicts",
    "unmatched",
    "unanswered",
];

/// Statuses that are named, so that no finding's number grows with the table.
const NAMED_MAX: usize = 1_000;

/// The columns in front of the response's own: N_BACK, N_MAPPINGS, and ROW_ID.
const OWN: usize = 3;

/// What the rows of `select_active` come to, one after the other.
pub(super) struct ResponseLook<'a> {
    rule: &'a RevokeRule,
    plan: Plan,
    /// What is to be done about those whose access is there: packed at once, as there may be a million.
    steps: DueSteps,
    /// Those whose access is not there, or who don't say whose it is.
    unmatched: Vec<DueResponse>,
    /// Whether a row came at all: without any, nothing is known of the table.
    pub(super) has_looked: bool,
    /// Whether access may be there that a run once found gone.
    pub(super) may_have_come_back: bool,
    /// How much access there is: what the limit in percent is taken of.
    pub(super) n_mappings: u64,
    /// The row id of the response whose rows are coming, and the response if it is due.
    current: (Value, Option<DueResponse>),
    /// Whether one of its rows brought an approval of the same access.
    contradicted: bool,
    whys: HashMap<(NaiveDate, DateOf), Arc<str>>,
    unknown: BTreeMap<String, u64>,
}

impl<'a> ResponseLook<'a> {
    pub(super) fn new(rule: &'a RevokeRule) -> Self {
        ResponseLook {
            rule,
            plan: Plan { noticed: Counts::named(&COUNTS), ..Plan::default() },
            steps: DueSteps::new(rule.skips_conflicts),
            unmatched: Vec::new(),
            has_looked: false,
            may_have_come_back: false,
            n_mappings: 0,
            current: (Value::Null, None),
            contradicted: false,
            whys: HashMap::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// Takes one row: a response, and perhaps a mapping row it takes away and an approval against it.
    pub(super) fn at(&mut self, row: &Row) -> anyhow::Result<()> {
        let row_id = row.get("ROW_ID")?;
        self.has_looked = true;
        self.may_have_come_back = row.int("N_BACK")?.is_some_and(|n| n > 0);
        self.n_mappings = row.int("N_MAPPINGS")?.unwrap_or_default().unsigned_abs();
        if row_id.is_null() {
            return Ok(());
        }
        if *row_id != self.current.0 {
            self.close();
            self.current = (row_id.clone(), self.decide(row)?);
        }
        if self.current.1.is_some() {
            let approval = row.text("APPROVAL")?;
            self.contradicted |=
                self.rule.class(&approval) == AnswerClass::Approved && !approval.is_empty();
            self.take_mapping(row)?;
        }
        Ok(())
    }

    /// All rows were seen.
    pub(super) fn end(mut self) -> (Plan, DueSteps, Vec<DueResponse>) {
        self.close();
        let ResponseLook { mut plan, steps, mut unmatched, unknown, .. } = self;
        let n_named = unknown.len().min(NAMED_MAX);
        for (status, n) in unknown.iter().take(n_named) {
            let message = format!(
                "{n} active responses have a status that recert does not know: left as they are"
            );
            plan.find("unknown_status", status.as_str(), message);
        }
        if unknown.len() > n_named {
            let n: u64 = unknown.values().skip(n_named).sum();
            plan.find(
                "unknown_status",
                "",
                format!("{n} active responses have yet other statuses"),
            );
        }
        // The same plan for the same rows, however the database hands them out.
        unmatched.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.before.cmp(&b.before)));
        (plan, steps, unmatched)
    }

    /// Sorts a response into due, waiting and undated; returns it if it is due.
    fn decide(&mut self, row: &Row) -> anyhow::Result<Option<DueResponse>> {
        let status = row.text("ACCESS_STATUS")?;
        let class = self.rule.class(&status);
        if class == AnswerClass::Other {
            *self.unknown.entry(fold(&status)).or_default() += 1;
        }
        let level = row.text("ACCESS_LEVEL")?;
        if !self.rule.takes(class) || !self.rule.acts_on(&level) {
            return Ok(None);
        }
        let (user, location) = (row.get("REPORTEES_ID")?, row.get("RMM_ID")?);
        let key = key(user, location);
        let dates = ResponseDates::read(
            row.get("ACCESS_REVOKE_DATE_BY_LINE_MANAGER")?,
            row.get("RECERTIFICATION_DUE_DATE")?,
        )
        .with_context(|| format!("response of `{key}`"))?;
        if let Some(day) = dates.implausible() {
            self.plan.find(
                "implausible_date",
                &*key,
                format!("{day} is a date, but hardly the one that was meant"),
            );
        }
        match self.rule.decide(class, &level, dates) {
            ResponseVerdict::NotOurs | ResponseVerdict::OtherLevel => Ok(None),
            ResponseVerdict::Undated => {
                self.plan.noticed.add("undated", 1);
                self.plan.find("undated", key, "neither date is set: not due, left as it is");
                Ok(None)
            }
            ResponseVerdict::Waiting(_) => {
                self.plan.noticed.add("waiting", 1);
                Ok(None)
            }
            ResponseVerdict::Due(day, date_of) => {
                let why = self.whys.entry((day, date_of)).or_insert_with(|| why(day, date_of));
                let why = Arc::clone(why);
                Ok(Some(DueResponse {
                    row_id: row.get("ROW_ID")?.clone(),
                    user: user.clone(),
                    location: location.clone(),
                    key: key.into(),
                    why,
                    before: row.image(OWN..row.place("APPROVAL")?).into(),
                    unanswered: class == AnswerClass::Pending
                        && self.rule.unanswered_days.is_some(),
                    has_access: false,
                    mappings: Vec::new(),
                }))
            }
        }
    }

    /// All rows of one response were seen: counts it, and leaves it alone where it is contradicted.
    fn close(&mut self) {
        let (_, due) = std::mem::take(&mut self.current);
        let contradicted = std::mem::take(&mut self.contradicted);
        let Some(response) = due else { return };
        self.plan.noticed.add("due", 1);
        self.plan.noticed.add("unanswered", u64::from(response.unanswered));
        let skips = self.rule.skips_conflicts;
        if contradicted {
            let done = if skips {
                "left alone (`on_conflict = \"skip\"`)"
            } else {
                "revoked all the same"
            };
            self.plan.noticed.add("conflicts", 1);
            let message = format!("another active response approves it: {done}");
            self.plan.find("conflict", &*response.key, message);
        }
        if contradicted && skips {
            return;
        }
        if response.has_access && response.has_key() {
            self.steps.add(response);
        } else {
            self.unmatched.push(response);
        }
    }

    fn take_mapping(&mut self, row: &Row) -> anyhow::Result<()> {
        let row_id = row.get("MAPPING_ROW_ID")?;
        let Some(response) = &mut self.current.1 else { return Ok(()) };
        // It comes again with each approval.
        if row_id.is_null() || response.mappings.iter().any(|known| known.row_id == *row_id) {
            return Ok(());
        }
        let first = row.place("MAPPING_ROW_ID")? + 1;
        let location = row.columns[first..].iter().position(|name| name == "RMM_ID");
        let location = location.ok_or_else(|| anyhow!("MAP_RAP_USER_ROLE has no column RMM_ID"))?;
        response.has_access = true;
        response.mappings.reserve_exact(1); // Mostly there is just one.
        response.mappings.push(DueMapping {
            row_id: row_id.clone(),
            user: row.get("USER_ID")?.clone(),
            location: row.values[first + location].clone(),
            before: row.image(first..row.values.len()).into(),
        });
        Ok(())
    }
}

fn why(day: NaiveDate, date_of: DateOf) -> Arc<str> {
    match date_of {
        DateOf::LineManager => format!("revoked; due {day} by the line manager's date"),
        DateOf::Recertification => format!("revoked; due {day} by the recertification due date"),
        DateOf::Unanswered { grace_days } => {
            format!("unanswered; due {day}, {grace_days} days after the recertification due date")
        }
    }
    .into()
}
