//! What changes, statement by statement: the account, its open sessions, and what the application
//! is told of both.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDateTime;

use super::history::{DateColumns, changes, event_details, whole_row};
use super::room::HistoryRoom;
use super::{InactiveAccount, RowOf};
use crate::db::{Column, Read, Value, image};
use crate::plan::{Action, Change, ChangeResult, Columns, Hold, Step, Takes, Touch, Touches};
use crate::sql;
use crate::sql::Sql;

/// The application's history keeps the whole row as it stands after the change, so all of it matters.
const WHOLE_ROW: Hold = Hold::Key("ID", Columns::All);

/// Who does it, and when.
pub(super) struct DisableStamp {
    /// The actor's ID.
    pub(super) actor: Value,
    /// The run's moment, whole seconds: so it is the same in a DATE and in a TIMESTAMP.
    pub(super) moment: NaiveDateTime,
    /// The first second that speaks against disabling.
    pub(super) after_cutoff: Value,
}

/// The job's steps, in the order they run.
pub(super) struct DisableSteps {
    actor: Value,
    at: Value,
    after_cutoff: Value,
    disabled: Step,
    closed: Step,
    events: Step,
    history: Step,
    user_after: Arc<str>,
    session_after: Arc<str>,
    user_dates: DateColumns,
    session_dates: DateColumns,
    room: HistoryRoom,
}

/// What OPS_DB_HISTORY keeps of one row.
struct HistoryTexts {
    details: String,
    changes: String,
}

impl DisableSteps {
    /// None yet; the dictionary is asked how long texts may be.
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    pub(super) fn new(
        DisableStamp { actor, moment, after_cutoff }: DisableStamp,
        db: &mut dyn Read,
    ) -> anyhow::Result<Self> {
        let tables = ["OPS_USER", "USER_SESSION", "OPS_EVENT", "OPS_DB_HISTORY"];
        let columns = db.columns_of(&tables).context("looking at the columns of accounts")?;
        let with_names: Vec<(&'static str, &[Column])> =
            tables.into_iter().zip(columns.iter().map(Vec::as_slice)).collect();
        let dates = |at: usize| DateColumns::of(db.dialect(), &columns[at]);
        let at = Value::Date(moment);
        let user_after =
            image(&[("STATUS", &"INACTIVE".into()), ("UPDATED_BY", &actor), ("UPDATED_ON", &at)]);
        let session_after =
            image(&[("IS_ACTIVE", &Value::Int(0)), ("UPDATED_BY", &actor), ("UPDATED_ON", &at)]);
        Ok(DisableSteps {
            user_dates: dates(0),
            session_dates: dates(1),
            room: HistoryRoom::of(&with_names),
            disabled: Step {
                hold: WHOLE_ROW,
                counts: &["disabled"],
                takes: Takes::Rows,
                ..step(
                    "disabling accounts without activity",
                    "OPS_USER",
                    sql!("disable_inactive/disable_user", dialects),
                    &["id", "updated_by", "updated_on", "after_cutoff"],
                )
            },
            closed: Step {
                hold: WHOLE_ROW,
                counts: &["sessions_closed"],
                ..step(
                    "closing the sessions of disabled accounts",
                    "USER_SESSION",
                    sql!("disable_inactive/close_session"),
                    &["id", "user_id", "updated_by", "updated_on"],
                )
            },
            events: Step {
                hold: Hold::New("CREATED_ON"),
                ..step(
                    "telling the application which accounts were disabled",
                    "OPS_EVENT",
                    sql!("disable_inactive/insert_event"),
                    &["user_id", "created_by", "created_on", "details"],
                )
            },
            history: Step {
                hold: Hold::New("ROW_KEY"),
                ..step(
                    "keeping the changed rows in the application's history",
                    "OPS_DB_HISTORY",
                    sql!("disable_inactive/insert_history"),
                    &["class_name", "row_key", "created_by", "created_on", "details", "changes"],
                )
            },
            user_after: user_after.into(),
            session_after: session_after.into(),
            actor,
            at,
            after_cutoff,
        })
    }

    /// The column that has no room for what is told of a row, in words.
    pub(super) fn no_room_for(&self, doomed: &InactiveAccount) -> anyhow::Result<Option<String>> {
        let id = doomed.row.get("ID")?;
        if doomed.of == RowOf::User {
            let details = event_details(id);
            let event = [
                ("EVENT_TYPE", "UPDATE_USER"),
                ("EVENT_STATUS", "SUCCESS"),
                ("EVENT_DETAILS", &details),
            ];
            let of_user = || self.room.lacks("OPS_USER", &[("STATUS", "INACTIVE")]);
            if let Some(column) = self.room.lacks("OPS_EVENT", &event).or_else(of_user) {
                return Ok(Some(column));
            }
        }
        let key = id.display();
        let class = class_name(doomed.of);
        let short = [("EVENT_TYPE", "UPDATED"), ("CLASS_NAME", class), ("ROW_KEY", &key)];
        let short = self.room.lacks("OPS_DB_HISTORY", &short);
        let is_bounded = |column| self.room.is_bounded("OPS_DB_HISTORY", column);
        if short.is_some() || !(is_bounded("EVENT_DETAILS") || is_bounded("CHANGES")) {
            return Ok(short);
        }
        let HistoryTexts { details, changes } = self.texts(doomed)?;
        let long = [("EVENT_DETAILS", &*details), ("CHANGES", &*changes)];
        Ok(self.room.lacks("OPS_DB_HISTORY", &long))
    }

    /// One account, its event and its history.
    pub(super) fn disable(&mut self, user: &InactiveAccount) -> anyhow::Result<()> {
        let id = user.row.get("ID")?.clone();
        let binds =
            vec![id.clone(), self.actor.clone(), self.at.clone(), self.after_cutoff.clone()];
        let unit: Arc<str> = id.display().into();
        self.disabled.touches.push(update(&unit, user, &id, binds, &self.user_after));
        self.tell(&unit, &id, &user.why);
        self.keep(&unit, &id, user)
    }

    /// One session and its history.
    pub(super) fn close(&mut self, session: &InactiveAccount) -> anyhow::Result<()> {
        let id = session.row.get("ID")?.clone();
        let user_id = session.row.get("USER_ID")?.clone();
        let unit: Arc<str> = user_id.display().into();
        let binds = vec![id.clone(), user_id, self.actor.clone(), self.at.clone()];
        self.closed.touches.push(update(&unit, session, &id, binds, &self.session_after));
        self.keep(&unit, &id, session)
    }

    pub(super) fn done(self) -> Vec<Step> {
        vec![self.disabled, self.closed, self.events, self.history]
    }

    fn tell(&mut self, unit: &Arc<str>, id: &Value, why: &Arc<str>) {
        let details = exact(&event_details(id));
        let after = image(&[
            ("EVENT_TYPE", &"UPDATE_USER".into()),
            ("EVENT_STATUS", &"SUCCESS".into()),
            ("EVENT_DETAILS", &details),
            ("CREATED_BY", &self.actor),
            ("CREATED_ON", &self.at),
        ]);
        let binds = vec![id.clone(), self.actor.clone(), self.at.clone(), details];
        self.events.touches.push(insert(unit, id.display(), why, binds, after));
    }

    /// The history of one changed row, as the application's own listener would write it.
    fn texts(&self, doomed: &InactiveAccount) -> anyhow::Result<HistoryTexts> {
        let (column, new, dates) = match doomed.of {
            RowOf::User => ("STATUS", "INACTIVE".into(), &self.user_dates),
            RowOf::Session => ("IS_ACTIVE", Value::Int(0), &self.session_dates),
        };
        let new: [(&str, &Value); 3] =
            [(column, &new), ("UPDATED_BY", &self.actor), ("UPDATED_ON", &self.at)];
        let details = whole_row(&doomed.row, &new, dates);
        Ok(HistoryTexts { details, changes: changes(&doomed.row, &new, dates)? })
    }

    fn keep(
        &mut self,
        unit: &Arc<str>,
        id: &Value,
        doomed: &InactiveAccount,
    ) -> anyhow::Result<()> {
        let class_name = class_name(doomed.of);
        let class: Value = class_name.into();
        let row_key: Value = id.display().into();
        let HistoryTexts { details, changes } = self.texts(doomed)?;
        let (details, changes) = (exact(&details), exact(&changes));
        let after = image(&[
            ("EVENT_TYPE", &"UPDATED".into()),
            ("EVENT_DETAILS", &details),
            ("CLASS_NAME", &class),
            ("ROW_KEY", &row_key),
            ("CHANGES", &changes),
            ("CREATED_BY", &self.actor),
            ("CREATED_ON", &self.at),
        ]);
        let key = format!("{class_name}/{}", id.display());
        let binds = vec![class, row_key, self.actor.clone(), self.at.clone(), details, changes];
        self.history.touches.push(insert(unit, key, &doomed.why, binds, after));
        Ok(())
    }
}

/// What the application calls such a row.
fn class_name(of: RowOf) -> &'static str {
    match of {
        RowOf::User => "User",
        RowOf::Session => "UserSession",
    }
}

/// A text without the room it grew in: a plan holds tens of thousands of them.
fn exact(text: &str) -> Value {
    text.into()
}

fn step(say: &'static str, table: &'static str, sql: Sql, names: &[&str]) -> Step {
    Step {
        say,
        sql,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        table: table.into(),
        hold: Hold::Nothing,
        counts: &[],
        takes: Takes::Nothing,
        touches: Touches::default(),
    }
}

fn update(
    unit: &Arc<str>,
    doomed: &InactiveAccount,
    id: &Value,
    binds: Vec<Value>,
    after: &Arc<str>,
) -> Touch {
    let change = Change {
        key: id.display().into(),
        action: Action::Update,
        why: Arc::clone(&doomed.why),
        result: ChangeResult::Applied,
        before: Some(doomed.row.image_from(0).into()),
        after: Some(Arc::clone(after)),
    };
    Touch { unit: Arc::clone(unit), binds, change, seen: None }
}

/// A row whose ID the table gives; so `key` names the row it speaks of.
fn insert(unit: &Arc<str>, key: String, why: &Arc<str>, binds: Vec<Value>, after: String) -> Touch {
    let change = Change {
        key: key.into(),
        action: Action::Insert,
        why: Arc::clone(why),
        result: ChangeResult::Applied,
        before: None,
        after: Some(after.into()),
    };
    Touch { unit: Arc::clone(unit), binds, change, seen: None }
}
