//! How much a job may take away in a day before a person must look (section 3 of the spec).

use serde::Deserialize;

/// So many are a year: what is looked up in the ledger has an end.
const HOURS_MAX: u32 = 366 * 24;

/// A plan is refused when it takes away more than `floor` **and** (more than `count` **or** more
/// than `percent` of the population).
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Rows.
    pub count: u64,
    /// Percent of the job's population, 0 to 100.
    pub percent: f64,
    /// Rows; up to here nothing is refused.
    pub floor: u64,
    /// Hours before the run in which what earlier runs took counts too; 0: this run alone.
    pub hours: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { count: 500, percent: 10.0, floor: 10, hours: 24 }
    }
}

impl Limits {
    /// Whether taking away `taken` of `population` rows is more than these limits allow.
    #[must_use]
    pub fn refuse(&self, taken: u64, population: u64) -> bool {
        let share = 100.0 * taken as f64;
        taken > self.floor && (taken > self.count || share > self.percent * population as f64)
    }

    pub(super) fn check(&self, section: &str, errors: &mut Vec<String>) {
        if !(0.0..=100.0).contains(&self.percent) {
            errors.push(format!("{section}.percent: `{}` is not between 0 and 100", self.percent));
        }
        if self.hours > HOURS_MAX {
            errors.push(format!("{section}.hours: `{}` is more than a year", self.hours));
        }
    }
}

/// `[limits.<job>]`, one set a job.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LimitsByJob {
    /// Counts mapping rows deleted, of all mapping rows.
    pub revoke: Limits,
    /// Counts mapping rows deleted for responses that nobody answered, of all mapping rows; held apart from `revoke`.
    #[serde(alias = "revoke_unanswered", rename = "revoke-unanswered")]
    pub revoke_unanswered: Limits,
    /// Counts existing manager values replaced by others, of the users looked at.
    #[serde(alias = "sync_managers", rename = "sync-managers")]
    pub sync_managers: Limits,
    /// Counts accounts disabled, of the active accounts.
    #[serde(alias = "disable_inactive", rename = "disable-inactive")]
    pub disable_inactive: Limits,
    /// Counts people newly marked for deletion, people purged whom no run of recert's had marked, and people
    /// who lose management roles, each person once; of all people.
    #[serde(alias = "import_users", rename = "import-users")]
    pub import_users: Limits,
    /// Counts values cleared; an import of availability never takes any away.
    #[serde(alias = "import_availability", rename = "import-availability")]
    pub import_availability: Limits,
    /// Counts rows a restore deletes again (those the restored run had inserted), but for what only
    /// tells of the run: OPS_EVENT and OPS_DB_HISTORY.
    pub restore: Limits,
}

impl LimitsByJob {
    /// Each by the name of its section.
    fn sections(&self) -> [(&'static str, &Limits); 7] {
        // Taken apart, so that none is left out.
        let LimitsByJob {
            revoke,
            revoke_unanswered,
            sync_managers,
            disable_inactive,
            import_users,
            import_availability,
            restore,
        } = self;
        [
            ("revoke", revoke),
            ("revoke-unanswered", revoke_unanswered),
            ("sync-managers", sync_managers),
            ("disable-inactive", disable_inactive),
            ("import-users", import_users),
            ("import-availability", import_availability),
            ("restore", restore),
        ]
    }

    pub(super) fn check(&self, errors: &mut Vec<String>) {
        for (job, limits) in self.sections() {
            limits.check(&format!("limits.{job}"), errors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, LimitsByJob};

    #[test]
    fn the_example_has_a_section_for_each_limit() {
        let example = include_str!("../../config.example.toml");
        for (job, _) in LimitsByJob::default().sections() {
            assert!(example.contains(&format!("\n[limits.{job}]")), "no [limits.{job}]");
        }
    }

    #[test]
    fn limits_refuse_above_the_floor_and_above_count_or_percent() {
        let limits = Limits { count: 500, percent: 10.0, floor: 10, hours: 0 };
        for (taken, population, refused) in [
            (10, 10, false),  // At the floor: all of ten rows may go.
            (11, 109, true),  // One above the floor, above ten percent.
            (11, 110, false), // Exactly ten percent.
            (500, 1_000_000, false),
            (501, 1_000_000, true), // Above the count, whatever the percentage.
            (11, 0, true),
        ] {
            assert_eq!(limits.refuse(taken, population), refused, "{taken} of {population}");
        }
    }
}
