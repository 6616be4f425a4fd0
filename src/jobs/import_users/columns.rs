//! What the database's dictionary says of PM_USER: how long its texts may be, and which of them are numbers.

use crate::db;
use crate::import::{PersonColumn, TextLimit, TextLimits};
use crate::jobs::World;

/// The columns of PM_USER, as far as they decide what can be stored.
pub(super) struct StoredColumns {
    /// How long each text may be.
    pub(super) limits: TextLimits,
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
        Ok(StoredColumns { limits, are_numbers: PersonColumn::ALL.map(is_number) })
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
