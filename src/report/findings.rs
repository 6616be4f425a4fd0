//! What an auditor asks for, one finding each; of long lists the first, and then how many more.

use super::figures::{CutList, Figures, LISTED_MAX, ListedAccess};
use super::tally::Tally;
use crate::plan::Finding;

/// All of them.
pub(super) fn findings(tally: &Tally, figures: &Figures, problems: &[String]) -> Vec<Finding> {
    let mut found = FindingList(Vec::new());
    for problem in problems {
        found.add("not_proven", "", problem.clone());
    }
    found.keys(
        "run_not_believed",
        &figures.doubted,
        "a run speaks of it that the verified chain does not hold",
    );
    for (status, n) in &tally.others {
        found.add(
            "other_status",
            status,
            format!("{n} responses have a status that is none of recert's"),
        );
    }
    if tally.others_unnamed > 0 {
        found.add(
            "other_status",
            "",
            format!("{} responses have yet other statuses", tally.others_unnamed),
        );
    }
    let of_state = |listed: &ListedAccess| listed.state.clone();
    found.accesses("access_remains", &figures.remains, |listed| {
        format!("revoked, and the access is there: {}", listed.state)
    });
    found.accesses("given_again", &figures.given_again, |_| {
        "a run took the access or found it gone, and it is there now".to_owned()
    });
    found.accesses("restored", &figures.restored, of_state);
    found.accesses("left_alone", &figures.left_alone, of_state);
    found.accesses("never_asked", &figures.never_asked, |_| {
        "no response asked about this access".to_owned()
    });
    found.accesses("orphan", &figures.orphans, |_| "the user is not in USER_TAB".to_owned());
    found.accesses("without_application", &figures.without_application, |_| {
        "the user has neither RAP nor PACKBUILDER".to_owned()
    });
    for (id, _) in &figures.self_managed.items {
        found.add("self_managed", id, "this reportee is their own line manager".to_owned());
    }
    found.more("self_managed", &figures.self_managed);
    for (id, _) in &figures.unmanaged.items {
        found.add("unknown_manager", id, "nobody knows this reportee's line manager".to_owned());
    }
    found.more("unknown_manager", &figures.unmanaged);
    managers(figures, &mut found);
    found.keys("contradiction", &figures.contradictory, "the access is both approved and revoked");
    exceptions(figures, &mut found);
    people(figures, &mut found);
    found.0
}

fn exceptions(figures: &Figures, found: &mut FindingList) {
    for exception in &figures.exceptions {
        let reason = exception.reason();
        let message = format!(
            "{} {}: {} by {}: {reason}",
            exception.job, exception.day, exception.what, exception.who
        );
        found.add("exception", &exception.run, message);
    }
}

/// What USER_TAB holds of people, and should not.
fn people(figures: &Figures, found: &mut FindingList) {
    if figures.n_doubles > 0 {
        let message = format!(
            "{} responses are about people who stand in USER_TAB more than once; the row updated last is shown",
            figures.n_doubles
        );
        found.add("double_user", "", message);
    }
    found.keys(
        "not_utf8",
        &figures.garbled,
        "a text of this person in USER_TAB is no UTF-8, and is shown with \u{fffd}",
    );
}

fn managers(figures: &Figures, found: &mut FindingList) {
    let (approvers, departed) = (figures.approvers_of_all(), figures.departed_managers());
    for (id, manager) in approvers.iter().take(LISTED_MAX) {
        let message =
            format!("this line manager (of today) approved all of {} answers", manager.answered);
        found.add("approves_all", id, message);
    }
    found.cut("approves_all", approvers.len().saturating_sub(LISTED_MAX) as u64);
    for (id, manager) in departed.iter().take(LISTED_MAX) {
        let n = manager.answered + manager.open + manager.overdue + manager.lapsed;
        found.add(
            "departed_manager",
            id,
            format!("the line manager of {n} responses is not in USER_TAB"),
        );
    }
    found.cut("departed_manager", departed.len().saturating_sub(LISTED_MAX) as u64);
}

struct FindingList(Vec<Finding>);

impl FindingList {
    fn add(&mut self, kind: &'static str, key: &str, message: String) {
        self.0.push(Finding { kind, key: key.to_owned(), message });
    }

    fn accesses(
        &mut self,
        kind: &'static str,
        list: &CutList<ListedAccess>,
        message: impl Fn(&ListedAccess) -> String,
    ) {
        for listed in &list.items {
            self.add(kind, &listed.key(), message(listed));
        }
        self.more(kind, list);
    }

    fn keys(&mut self, kind: &'static str, list: &CutList<String>, message: &str) {
        for key in &list.items {
            self.add(kind, key, message.to_owned());
        }
        self.more(kind, list);
    }

    fn more<T>(&mut self, kind: &'static str, list: &CutList<T>) {
        self.cut(kind, list.n - list.items.len() as u64);
    }

    fn cut(&mut self, kind: &'static str, more: u64) {
        if more > 0 {
            self.add(kind, "", format!("and {more} more; they are among the report's rows"));
        }
    }
}
