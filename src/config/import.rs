//! `[import]`: what both imports go by.

use serde::Deserialize;

use super::DatabaseConfig;

/// Ten years: a longer grace is rather a slip of the keyboard.
const GRACE_DAYS_MAX: u32 = 3_660;

/// `[import]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct ImportConfig {
    /// Days between the mark for deletion and the purge.
    pub grace_days: u32,
    /// Percent of a file's rows that may be rejected, 0 to 100.
    pub rejects_percent: f64,
    /// Rows that may be rejected whatever the percentage.
    pub rejects_floor: u64,
    /// Percent of PM_USER that may be marked for deletion and not yet purged, 0 to 100.
    pub standing_percent: f64,
    /// Where ProfileMap's tables are, when not in the database of `[database]`.
    pub database: Option<DatabaseConfig>,
}

impl Default for ImportConfig {
    fn default() -> Self {
        ImportConfig {
            grace_days: 30,
            rejects_percent: 1.0,
            rejects_floor: 3,
            standing_percent: 20.0,
            database: None,
        }
    }
}

impl ImportConfig {
    pub(super) fn check(&self, errors: &mut Vec<String>) {
        if self.grace_days > GRACE_DAYS_MAX {
            errors.push(format!(
                "import.grace_days: `{}` is more than {GRACE_DAYS_MAX}",
                self.grace_days
            ));
        }
        for (key, percent) in
            [("rejects_percent", self.rejects_percent), ("standing_percent", self.standing_percent)]
        {
            if !(0.0..=100.0).contains(&percent) {
                errors.push(format!("import.{key}: `{percent}` is not between 0 and 100"));
            }
        }
        if let Some(database) = &self.database {
            database.check("import.database", errors);
        }
    }
}
