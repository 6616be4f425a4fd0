//! What becomes of one user's row, given what the directory shows of their line manager.
//!
//! Absent from an answer is not absent from the entry: the account may not be allowed to read it. So what is
//! missing empties nothing, unless the row gets another manager, or the config says so.

use std::borrow::Cow;

use crate::config::Config;
use crate::db::{Column, Row, Value};
use crate::directory::{AttributeValue, EntryPart, LineManager, ManagerAnswer, UnreadableReason};
use crate::ldap_text::fold::fold_id;

/// The columns that are filled, in this order wherever there are three of something.
pub(super) const COLUMNS: [&str; 3] = ["LINEMANAGER_ID", "LINEMANAGER_NAME", "LINEMANAGER_MAIL_ID"];

/// By what rows are filled.
pub(super) struct FillRule {
    clear_absent: bool,
    /// What the manager's attributes are called, and the user's.
    attributes: [String; 3],
    user_id_attribute: String,
    manager_attribute: String,
    columns: [Option<Column>; 3],
}

/// Something to tell: its kind, and what there is to say.
pub(super) type Remark = (&'static str, String);

/// What becomes of a row.
#[derive(Debug, PartialEq)]
pub(super) enum RowFate {
    /// It stays as it is: the count it adds to, and why.
    Kept { count: &'static str, remark: Remark },
    /// It is to hold these values, most of which it may hold already.
    Filled { values: [Value; 3], remarks: Vec<Remark> },
}

impl FillRule {
    pub(super) fn new(config: &Config, columns: &[Column]) -> Self {
        let settings = config.directory.clone().unwrap_or_default();
        let column = |name: &str| columns.iter().find(|column| column.name == name).cloned();
        FillRule {
            clear_absent: config.sync_managers.clear_absent,
            attributes: [
                settings.manager_id_attribute,
                settings.manager_name_attribute,
                settings.manager_mail_attribute,
            ],
            user_id_attribute: settings.user_id_attribute,
            manager_attribute: settings.manager_attribute,
            columns: COLUMNS.map(column),
        }
    }

    /// Why a row is left as it is, when the answer names no manager.
    pub(super) fn without_manager(
        &self,
        id: &str,
        answer: &ManagerAnswer,
    ) -> Option<(&'static str, Remark)> {
        let (count, kind, message): (_, _, Cow<'_, str>) = match answer {
            ManagerAnswer::Manager { .. } => return None,
            ManagerAnswer::NotFound if id.trim().is_empty() => {
                ("not_found", "not_found", "the row has no EMPLOYEE_ID".into())
            }
            ManagerAnswer::NotFound => ("not_found", "not_found", "not in the directory".into()),
            ManagerAnswer::OtherBase => (
                "not_found",
                "other_base",
                "in the directory, but not below `[directory] base_dn`".into(),
            ),
            ManagerAnswer::OtherId => (
                "other_id",
                "other_id",
                format!(
                    "the directory offers an entry whose `{}` is another",
                    self.user_id_attribute
                )
                .into(),
            ),
            ManagerAnswer::Ambiguous { entries } => {
                ("ambiguous", "ambiguous", format!("{entries} entries have this id").into())
            }
            ManagerAnswer::SeveralManagers { managers } => (
                "ambiguous",
                "ambiguous",
                format!("their `{}` has {managers} values", self.manager_attribute).into(),
            ),
            ManagerAnswer::NoManager => (
                "no_manager",
                "no_manager",
                format!("the directory shows no `{}` of theirs", self.manager_attribute).into(),
            ),
            // The DN itself may name a person; the directory's owners find it by the id.
            ManagerAnswer::Dangling(reason) => ("dangling", "dangling", reason.in_words().into()),
            ManagerAnswer::Unreadable { part, why } => {
                let what = match part {
                    EntryPart::Dn => "name of their entry".to_owned(),
                    EntryPart::Id => format!("`{}` of their entry", self.user_id_attribute),
                    EntryPart::Manager => format!("`{}` of their entry", self.manager_attribute),
                };
                ("unreadable", "unreadable", format!("the {what} {}", in_words(*why)).into())
            }
        };
        Some((count, (kind, format!("{message}: left as it is"))))
    }

    /// What a row is to hold under this manager.
    ///
    /// # Errors
    /// The row lacks a column.
    pub(super) fn fill(
        &self,
        row: &Row,
        manager: &LineManager,
        is_self: bool,
    ) -> anyhow::Result<RowFate> {
        let shown = [&manager.id, &manager.name, &manager.mail];
        let who = manager.id.text().map_or(String::new(), |id| format!(" {id}"));
        for (at, value) in shown.into_iter().enumerate() {
            if let Some((count, why)) = self.unusable(at, value) {
                let message =
                    format!("`{}` of their manager{who} {why}: left as it is", self.attributes[at]);
                return Ok(RowFate::Kept { count, remark: (count, message) });
            }
        }
        if shown[0] == &AttributeValue::Absent && !self.clear_absent {
            let message =
                format!("their manager's entry shows no `{}`: left as it is", self.attributes[0]);
            return Ok(RowFate::Kept {
                count: "incomplete",
                remark: ("manager_incomplete", message),
            });
        }
        let old = [row.get(COLUMNS[0])?, row.get(COLUMNS[1])?, row.get(COLUMNS[2])?];
        let is_same = names(old[0], &manager.id);
        let mut remarks = Vec::new();
        let mut missing = Vec::new();
        let mut values = [Value::Null, Value::Null, Value::Null];
        for (at, value) in shown.into_iter().enumerate() {
            match value.text() {
                Some(text) => values[at] = text.into(),
                None if !self.clear_absent && is_same => {
                    if !old[at].is_null() {
                        values[at] = old[at].clone();
                        missing.push(format!("{} stays as it is", self.unshown(at)));
                    }
                }
                // Under the manager that the row had before there is nothing to tell twice.
                None if is_same && old[at].is_null() => {}
                None => missing.push(format!("{} is NULL", self.unshown(at))),
            }
        }
        if !missing.is_empty() {
            let message = format!("their manager{who}: {}", missing.join(", "));
            remarks.push(("manager_incomplete", message));
        }
        if manager.disabled {
            let message =
                format!("their manager{who} is disabled in the directory: synced all the same");
            remarks.push(("manager_disabled", message));
        }
        if is_self || names(row.get("EMPLOYEE_ID")?, &manager.id) {
            remarks.push((
                "self_managed",
                "they are their own manager: synced all the same".to_owned(),
            ));
        }
        Ok(RowFate::Filled { values, remarks })
    }

    fn unshown(&self, at: usize) -> String {
        format!("the entry shows no `{}`, and {}", self.attributes[at], COLUMNS[at])
    }

    /// Why a value can't go into its column, and the count that it adds to.
    fn unusable(&self, at: usize, value: &AttributeValue) -> Option<(&'static str, String)> {
        match value {
            AttributeValue::Absent => None,
            AttributeValue::Several(n) => Some(("ambiguous", format!("has {n} values"))),
            AttributeValue::Unreadable(why) => Some(("unreadable", in_words(*why).to_owned())),
            AttributeValue::One(text) => {
                let room = self.columns[at].as_ref().and_then(|column| column.length)?;
                let (length, unit) = if room.in_bytes {
                    (text.len(), "bytes")
                } else {
                    (text.chars().count(), "characters")
                };
                let why =
                    || format!("is {length} {unit} long, and {} holds {}", COLUMNS[at], room.most);
                (length > room.most as usize).then(|| ("unreadable", why()))
            }
        }
    }
}

fn in_words(why: UnreadableReason) -> &'static str {
    match why {
        UnreadableReason::Binary => "holds bytes that are not UTF-8",
        UnreadableReason::Ranged => "has so many values that the server sends only a range of them",
        UnreadableReason::Hidden => "is not shown, so that nobody knows whose entry it is",
    }
}

/// Whether a column holds this id, without case.
fn names(column: &Value, id: &AttributeValue) -> bool {
    let (false, Some(id)) = (column.is_null(), id.text()) else { return false };
    match column {
        Value::Text(held) => fold_id(held) == fold_id(id),
        other => fold_id(&other.display()) == fold_id(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_of_any_type_holds_an_id_without_case() {
        let id = |text: &str| AttributeValue::One(text.to_owned());
        for (column, text, is_held) in [
            (Value::from("e7"), "E7", true),
            (Value::Int(7), "7", true),
            (Value::Int(7), "8", false),
            (Value::Null, "", false),
        ] {
            assert_eq!(names(&column, &id(text)), is_held, "{column:?} {text}");
        }
        assert!(!names(&Value::Int(7), &AttributeValue::Absent));
    }
}
