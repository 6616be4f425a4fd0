//! What a super admin and an auditor ask for beside the rows: whom to ask, how long it took, where, and what
//! stands out. It grows with managers and locations, not with rows: lists are cut at [`LISTED_MAX`], their numbers never.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use anyhow::Context as _;
use chrono::{Datelike as _, NaiveDate};

use super::ReportScope;
use super::access::{ReportAccess, ReviewResult};
use super::facts::LedgerException;
use super::removal::RemovalDays;
use super::row::{ReportRow, RowCell, at};
use super::state::ResponseState;
use super::tally::ByClass;
use crate::db::Read;
use crate::jobs::revoke::rule::{AnswerClass, fold};
use crate::sql;

/// Items of a list that are kept.
pub(super) const LISTED_MAX: usize = 1_000;
/// Locations that get a bar of their own in the charts.
pub(crate) const TOP_LOCATIONS: usize = 12;
/// Answers from which on a manager who approves everything is named.
const ANSWERS_MIN: u64 = 5;

/// Items as they come, up to a number of them; and how many there were.
#[derive(Clone, Debug)]
pub(crate) struct CutList<T> {
    /// The first of them.
    pub(crate) items: Vec<T>,
    /// How many there were.
    pub(crate) n: u64,
}

impl<T> Default for CutList<T> {
    fn default() -> Self {
        CutList { items: Vec::new(), n: 0 }
    }
}

impl<T> CutList<T> {
    fn push(&mut self, item: impl FnOnce() -> T) {
        self.n += 1;
        if self.items.len() < LISTED_MAX {
            self.items.push(item());
        }
    }
}

/// A response or an access in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListedAccess {
    /// The day that passed, if one did.
    pub(crate) since: Option<NaiveDate>,
    /// Whose: id, name.
    pub(crate) user: [RowCell; 2],
    pub(crate) location: RowCell,
    /// Their manager: id, name, mail.
    pub(crate) manager: [RowCell; 3],
    /// Its exact state, or what the user is.
    pub(crate) state: String,
}

impl ListedAccess {
    /// Its key, as the ledger and findings have it.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.user[0], self.location)
    }
}

/// What a line manager did and did not answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct ManagerFigures {
    /// Their name and mail.
    pub(crate) name: RowCell,
    pub(crate) mail: RowCell,
    /// Answers that approve, and all.
    pub(crate) approved: u64,
    pub(crate) answered: u64,
    /// Not answered, and not due yet.
    pub(crate) open: u64,
    /// Not answered, and past the due date.
    pub(crate) overdue: u64,
    /// Not answered, and a run has acted all the same: nothing is left to ask for.
    pub(crate) lapsed: u64,
    /// The due date that passed first.
    pub(crate) oldest: Option<NaiveDate>,
    /// Whether they are one of the users themselves.
    pub(crate) is_user: bool,
}

/// One location: accesses by review, and revoked ones that are gone; each once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LocationFigures {
    /// By review, in the order of `REVIEWS`.
    pub(crate) reviews: [u64; super::access::N_REVIEWS],
    /// Revoked, and gone.
    pub(crate) gone: u64,
}

impl LocationFigures {
    /// All of them.
    pub(crate) fn sum(&self) -> u64 {
        self.reviews.iter().sum::<u64>() + self.gone
    }
}

/// A bar of the chart over time: a month of the year, or one year of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChartPeriod {
    pub(crate) year: i32,
    /// 1 to 12; 0 for a whole year.
    pub(crate) month: u32,
}

impl std::fmt::Display for ChartPeriod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.month {
            0 => write!(f, "{}", self.year),
            month => write!(f, "{}-{month:02}", self.year),
        }
    }
}

/// Responses of a period by class, and how many of them are overdue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PeriodFigures {
    pub(crate) classes: ByClass,
    pub(crate) overdue: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    /// How long it took from the effective date until the access was gone.
    pub(crate) removals: RemovalDays,
    /// By line manager's id; none: nobody is known.
    pub(crate) managers: HashMap<Rc<str>, ManagerFigures>,
    pub(crate) locations: HashMap<RowCell, LocationFigures>,
    /// By due date.
    pub(crate) periods: BTreeMap<ChartPeriod, PeriodFigures>,
    /// Revoked responses whose day has come.
    pub(crate) revoked_due: u64,
    pub(crate) remains: CutList<ListedAccess>,
    pub(crate) given_again: CutList<ListedAccess>,
    pub(crate) restored: CutList<ListedAccess>,
    pub(crate) left_alone: CutList<ListedAccess>,
    pub(crate) unanswered: CutList<ListedAccess>,
    pub(crate) never_asked: CutList<ListedAccess>,
    pub(crate) orphans: CutList<ListedAccess>,
    pub(crate) without_application: CutList<ListedAccess>,
    /// Reportees who are their own line manager.
    pub(crate) self_managed: CutList<(String, RowCell)>,
    /// Reportees whose line manager nobody knows.
    pub(crate) unmanaged: CutList<(String, RowCell)>,
    /// Keys that are both approved and revoked for one year.
    pub(crate) contradictory: CutList<String>,
    /// Keys that a run speaks of which is not to be believed.
    pub(crate) doubted: CutList<String>,
    pub(crate) n_doubles: u64,
    pub(crate) garbled: CutList<String>,
    pub(crate) exceptions: Vec<LedgerException>,
    last_reportee: Option<RowCell>,
}

impl Figures {
    pub(super) fn new(
        scope: ReportScope,
        sla_days: u32,
        exceptions: Vec<LedgerException>,
    ) -> Figures {
        let mut periods = BTreeMap::new();
        if let ReportScope::Year(year) = scope {
            periods.extend(
                (1..=12).map(|month| (ChartPeriod { year, month }, PeriodFigures::default())),
            );
        }
        Figures { removals: RemovalDays::new(sla_days), periods, exceptions, ..Figures::default() }
    }

    /// Takes one response of the report.
    pub(super) fn add(&mut self, row: &ReportRow, scope: ReportScope, as_of: NaiveDate) {
        if let Some(days) = row.days_to_removal() {
            self.removals.add(days);
        }
        if let Some(due) = row.due {
            let month = if scope == ReportScope::All { 0 } else { due.month() };
            let period = self.periods.entry(ChartPeriod { year: due.year(), month }).or_default();
            period.classes[row.class as usize] += 1;
            period.overdue += u64::from(row.state.is_overdue());
        }
        if row.class == AnswerClass::Revoked {
            self.revoked_due += u64::from(row.effective.is_some_and(|day| day <= as_of));
        }
        self.list(row);
        self.add_manager(row);
        self.add_reportee(row);
    }

    fn list(&mut self, row: &ReportRow) {
        let list = match &row.state {
            ResponseState::Remains | ResponseState::RemainsClosed => &mut self.remains,
            ResponseState::GivenAgain => &mut self.given_again,
            ResponseState::Restored(_) => &mut self.restored,
            ResponseState::LeftAlone(_) => &mut self.left_alone,
            ResponseState::Unanswered(_) => &mut self.unanswered,
            _ => return,
        };
        let cell = |place: usize| row.cells[place].clone();
        list.push(|| ListedAccess {
            since: row.effective.or(row.due),
            user: [cell(at::REPORTEE), cell(at::NAME)],
            location: cell(at::LOCATION),
            manager: [cell(at::MANAGER), cell(at::MANAGER + 1), cell(at::MANAGER + 2)],
            state: row.state.to_string(),
        });
    }

    fn add_manager(&mut self, row: &ReportRow) {
        let manager = self.managers.entry(row.cells[at::MANAGER].to_text()).or_default();
        if manager.name == RowCell::Empty {
            manager.name = row.cells[at::MANAGER + 1].clone();
            manager.mail = row.cells[at::MANAGER + 2].clone();
        }
        match (&row.state, row.class) {
            (ResponseState::Unanswered(since), _) => {
                manager.overdue += 1;
                manager.oldest = Some(manager.oldest.map_or(*since, |oldest| oldest.min(*since)));
            }
            (
                ResponseState::Executed { .. }
                | ResponseState::AlreadyAbsent(_)
                | ResponseState::Restored(_)
                | ResponseState::GivenAgain,
                AnswerClass::Pending,
            ) => manager.lapsed += 1,
            (_, AnswerClass::Pending) => manager.open += 1,
            (_, class) => {
                manager.answered += 1;
                manager.approved += u64::from(class == AnswerClass::Approved);
            }
        }
    }

    /// Reportees come one after the other: each is looked at once.
    fn add_reportee(&mut self, row: &ReportRow) {
        let reportee = &row.cells[at::REPORTEE];
        if self.last_reportee.as_ref() == Some(reportee) {
            return;
        }
        self.last_reportee = Some(reportee.clone());
        let (id, manager) = (reportee.as_text(), row.cells[at::MANAGER].as_text());
        let named = || (id.to_owned(), row.cells[at::NAME].clone());
        if manager.is_empty() {
            self.unmanaged.push(named);
        } else if fold(id) == fold(manager) {
            self.self_managed.push(named);
        }
    }

    /// Takes one access.
    pub(super) fn add_access(&mut self, access: &ReportAccess) {
        let location = self.locations.entry(access.location.clone()).or_default();
        location.reviews[access.review as usize] += 1;
        let listed = |state: &str| {
            let [name, _, manager, manager_name, manager_mail] = access.person.cells.clone();
            ListedAccess {
                since: None,
                user: [access.user.clone(), name],
                location: access.location.clone(),
                manager: [manager, manager_name, manager_mail],
                state: state.to_owned(),
            }
        };
        if access.review == ReviewResult::NeverAsked {
            self.never_asked.push(|| listed("never asked"));
        }
        match access.person.kind {
            super::person::UserKind::Orphan => self.orphans.push(|| listed("orphan")),
            super::person::UserKind::NoApplication => {
                self.without_application.push(|| listed("without RAP and PACKBUILDER"));
            }
            super::person::UserKind::Known => {}
        }
    }

    pub(super) fn add_key(&mut self, group: &super::fold::SettledGroup) {
        if group.is_contradictory {
            self.contradictory.push(|| group.key.clone());
        }
        if group.is_doubted {
            self.doubted.push(|| group.key.clone());
        }
        if group.is_garbled {
            self.garbled.push(|| group.key.clone());
        }
        self.n_doubles += if group.is_double { group.n_told } else { 0 };
        if let (true, Some(row)) = (group.is_gone, group.rows.first()) {
            self.locations.entry(row.cells[at::LOCATION].clone()).or_default().gone += 1;
        }
    }

    pub(super) fn garbled_access(&mut self, access: &ReportAccess) {
        if access.person.is_garbled {
            self.garbled.push(|| access.key());
        }
    }

    /// Which of the managers are users themselves.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn look_managers_up(&mut self, db: &mut dyn Read) -> anyhow::Result<()> {
        db.each(&sql!("report/select_managers"), &[], &mut |row| {
            if let Some(manager) = self.managers.get_mut(row.values[0].display().as_str()) {
                manager.is_user = true;
            }
            Ok(())
        })
        .context("looking the line managers up")
    }

    /// The managers: most overdue first, then who has longest.
    pub(crate) fn managers_to_ask(&self) -> Vec<(&str, &ManagerFigures)> {
        let mut all: Vec<(&str, &ManagerFigures)> =
            self.managers.iter().map(|(id, manager)| (&**id, manager)).collect();
        all.sort_by_key(|(id, manager)| {
            (std::cmp::Reverse((manager.overdue, manager.open)), manager.oldest, *id)
        });
        all
    }

    /// Managers of five answers or more who approved all.
    pub(crate) fn approvers_of_all(&self) -> Vec<(&str, &ManagerFigures)> {
        let mut all = self.managers_to_ask();
        all.retain(|(id, manager)| {
            !id.is_empty()
                && manager.answered >= ANSWERS_MIN
                && manager.approved == manager.answered
        });
        all
    }

    /// Managers who are none of the users: unknown, or gone.
    pub(crate) fn departed_managers(&self) -> Vec<(&str, &ManagerFigures)> {
        let mut all = self.managers_to_ask();
        all.retain(|(id, manager)| !id.is_empty() && !manager.is_user);
        all
    }

    /// The locations, largest first.
    pub(crate) fn locations_by_size(&self) -> Vec<(String, LocationFigures)> {
        let name = |location: &RowCell| match location {
            RowCell::Empty => "none".to_owned(),
            location => location.to_string(),
        };
        let mut all: Vec<(String, LocationFigures)> =
            self.locations.iter().map(|(location, figures)| (name(location), *figures)).collect();
        all.sort_by(|a, b| (b.1.sum(), &a.0).cmp(&(a.1.sum(), &b.0)));
        all
    }
}
