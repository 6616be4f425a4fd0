//! Answers of the directory that are too poor to be acted upon, however small the plan.

use super::rule::RowFate;
use crate::config::Config;
use crate::directory::ManagerAnswer;

/// The number of users found, as the job's next run looks for it.
pub(super) const REMEMBERED: &str = "users_found";
/// An earlier number up to this is too small to be compared with.
const COMPARED_FROM: u64 = 10;

/// How good the answers are, as a whole.
#[derive(Debug, Default)]
pub(super) struct AnswerTally {
    users: u64,
    not_found: u64,
    other_id: u64,
    /// Users with whom something is wrong between their entry and their manager's.
    without_manager: u64,
}

impl AnswerTally {
    pub(super) fn add(&mut self, answer: &ManagerAnswer, fate: Option<&RowFate>) {
        self.users += 1;
        match answer {
            ManagerAnswer::NotFound | ManagerAnswer::OtherBase => self.not_found += 1,
            ManagerAnswer::OtherId => {
                self.other_id += 1;
                self.without_manager += 1;
            }
            ManagerAnswer::NoManager
            | ManagerAnswer::Dangling(_)
            | ManagerAnswer::Unreadable { .. } => self.without_manager += 1,
            ManagerAnswer::Ambiguous { .. } | ManagerAnswer::SeveralManagers { .. } => {}
            ManagerAnswer::Manager { .. } => {
                let kept =
                    matches!(fate, Some(RowFate::Kept { count: "incomplete" | "unreadable", .. }));
                self.without_manager += u64::from(kept);
            }
        }
    }

    /// Users who have an entry of their own.
    pub(super) fn found(&self) -> u64 {
        self.users - self.not_found - self.other_id
    }

    /// Each of these refuses the run. `before` is the number of users that the job's last run found.
    pub(super) fn doubts(&self, config: &Config, before: Option<u64>) -> Vec<String> {
        let AnswerTally { users, not_found, without_manager, .. } = *self;
        let found = self.found();
        let most = &config.sync_managers;
        let mut doubts = Vec::new();
        if is_more(not_found, most.not_found_percent, users) {
            doubts.push(format!(
                "{not_found} of {users} users are not in the directory, more than {} % \
                 (`[sync_managers] not_found_percent`): is `base_dn`, `user_filter` or `user_id_attribute` right?",
                most.not_found_percent
            ));
        }
        if is_more(without_manager, most.no_manager_percent, users) {
            doubts.push(format!(
                "{without_manager} of {users} users have no manager who can be read, more than {} % \
                 (`[sync_managers] no_manager_percent`): is `manager_attribute` right, and may the account read it and the managers?",
                most.no_manager_percent
            ));
        }
        if let Some(before) = before
            && before > COMPARED_FROM
            && found * 2 < before
        {
            doubts.push(format!(
                "{found} users were found in the directory, and {before} by the job's last run: have `base_dn` or the account's rights changed?"
            ));
        }
        doubts
    }
}

/// Whether these are more than so many percent of all.
fn is_more(some: u64, percent: f64, all: u64) -> bool {
    100.0 * some as f64 > percent * all as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(users: u64, not_found: u64, without_manager: u64) -> AnswerTally {
        AnswerTally { users, not_found, without_manager, other_id: 0 }
    }

    fn n_doubts(tally: &AnswerTally, before: Option<u64>) -> usize {
        let config = Config::parse("").unwrap();
        tally.doubts(&config, before).len()
    }

    #[test]
    fn exactly_the_share_is_no_doubt_and_one_more_is() {
        assert_eq!(n_doubts(&tally(5, 1, 0), None), 0);
        assert_eq!(n_doubts(&tally(1000, 201, 0), None), 1);
        assert_eq!(n_doubts(&tally(4, 0, 2), None), 0);
        assert_eq!(n_doubts(&tally(1000, 0, 501), None), 1);
        assert_eq!(n_doubts(&tally(0, 0, 0), None), 0);
    }

    #[test]
    fn an_entry_of_another_id_is_none_of_the_users_and_has_no_manager_of_theirs() {
        let mut tally = AnswerTally::default();
        for answer in [ManagerAnswer::OtherId, ManagerAnswer::NotFound, ManagerAnswer::NoManager] {
            (0..2).for_each(|_| tally.add(&answer, None));
        }
        let AnswerTally { users, not_found, other_id, without_manager } = tally;
        assert_eq!((users, not_found, other_id, without_manager), (6, 2, 2, 4));
        assert_eq!(tally.found(), 2);
    }

    #[test]
    fn a_fall_by_more_than_half_of_an_earlier_number_over_ten_is_a_doubt() {
        for (found, before, n) in
            [(6, 12, 0), (5, 12, 1), (5, 11, 1), (6, 11, 0), (0, 10, 0), (0, 11, 1)]
        {
            assert_eq!(n_doubts(&tally(found, 0, 0), Some(before)), n, "{found} after {before}");
        }
        assert_eq!(n_doubts(&tally(1, 0, 0), None), 0, "a first run has nobody to compare with");
    }
}
