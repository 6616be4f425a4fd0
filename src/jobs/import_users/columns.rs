//! What the database's dictionary says of PM_USER: how long its texts may be, and which of them are numbers.

use anyhow::anyhow;

use super::identities::generated_id;
use crate::db;
use crate::exit::Exit;
use crate::import::people::NO_MANAGER;
use crate::import::{PersonColumn, TextLimit, TextLimits};
use crate::jobs::World;

/// The columns of PM_USER, as far as they decide what can be stored.
pub(super) struct StoredColumns {
    /// How long each text may be.
    pub(super) limits: TextLimits,
    /// Whether an id that is made of a mail address has room.
    pub(super) holds_made_ids: bool,
    /// A text of the file goes into a column of numbers.
    pub(super) are_numbers: [bool; PersonColumn::COUNT],
}

impl StoredColumns {
    /// # Errors
    /// What the database says.
    pub(super) fn read(world: &mut World<'_>) -> anyhow::Result<StoredColumns> {
        let columns = world.db.columns("PM_USER")?;
        let find = |column: PersonColumn| columns.iter().find(|c| c.name == column.sql_name());
        let limits = PersonColumn::ALL.map(|column| limit(column, find(column)));
        let is_number = |column: PersonColumn| {
            column.is_kept_as_text() && find(column).is_some_and(|c| is_number(&c.data_type))
        };
        if !limits[PersonColumn::ManagerEmail as usize].admits(NO_MANAGER) {
            let told = format!(
                "PM_USER.MANAGER_EMAIL is too short for `{NO_MANAGER}`, which stands there for whoever has no manager; \
                 ask the application's owner"
            );
            return Err(anyhow!(told).context(Exit::Config));
        }
        let holds_made_ids = limits[PersonColumn::Id as usize].admits(&generated_id("", 1))
            && !is_number(PersonColumn::Id);
        Ok(StoredColumns { limits, holds_made_ids, are_numbers: PersonColumn::ALL.map(is_number) })
    }
}

fn limit(column: PersonColumn, stored: Option<&db::Column>) -> TextLimit {
    let Some(length) = stored.and_then(|stored| stored.length) else { return column.limit() };
    let most = usize::try_from(length.most).unwrap_or(usize::MAX);
    TextLimit { most, in_bytes: length.in_bytes }
}

fn is_number(data_type: &str) -> bool {
    [
        "NUMBER",
        "NUMERIC",
        "DECIMAL",
        "INTEGER",
        "INT",
        "FLOAT",
        "REAL",
        "DOUBLE",
        "BINARY_FLOAT",
        "BINARY_DOUBLE",
    ]
    .iter()
    .any(|name| data_type.split(['(', ' ']).next() == Some(name))
}
