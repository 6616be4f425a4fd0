//! What the report counts while its rows go by, and whether that adds up.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::access::{N_REVIEWS, REVIEWS, ReportAccess};
use super::person::UserKind;
use super::row::{CLASSES, ReportRow, at};
use super::state::{N_STATES, ResponseState, STATES};
use super::{ReportPart, ReportScope};
use crate::jobs::revoke::rule::{AnswerClass, fold};
use crate::plan::Counts;

/// Responses by class, in the order of [`CLASSES`].
pub(crate) type ByClass = [u64; 4];

/// How many statuses of the class Other are named: whatever the table holds, the report's memory does not grow with it.
const NAMED_MAX: usize = 1_000;

/// What the database counts itself, in the same transaction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CountedRows {
    /// Rows of RECREATE_RESPONSE.
    pub(crate) responses: u64,
    /// Those with a due date.
    pub(crate) dated: u64,
    /// Users and locations of MAP_RAP_USER_ROLE.
    pub(crate) accesses: u64,
    /// Its rows.
    pub(crate) mappings: u64,
}

/// The counts.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    pub(super) scope: ReportScope,
    /// Rows of the report but the undated ones, by class.
    pub(super) classes: ByClass,
    /// Rows without a due date, by class.
    pub(super) undated: ByClass,
    /// Rows that the reports of other years hold, by year.
    pub(super) other_years: BTreeMap<i32, u64>,
    /// The report's rows, dated and undated, by class and state.
    pub(super) states: [[u64; N_STATES]; 4],
    /// Revoked rows of the report: gone, still there, came back.
    pub(super) revoked: RevokedNow,
    /// The statuses of the class Other.
    pub(super) others: BTreeMap<String, u64>,
    /// Rows whose status was too many to be named.
    pub(super) others_unnamed: u64,
    /// Accesses by review.
    pub(super) reviews: [u64; N_REVIEWS],
    /// Accesses of users that are known, have no application, are orphans.
    pub(super) users: [u64; 3],
    /// Mapping rows of the accesses that were seen.
    pub(super) mappings: u64,
    /// What the database counts itself.
    pub(super) counted: CountedRows,
}

/// What became of the access of revoked responses, by looking at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RevokedNow {
    /// None is there.
    pub(crate) gone: u64,
    /// It is there, and no run took it.
    pub(crate) there: u64,
    /// Those of them whose day is to come, or that have none.
    pub(crate) waiting: u64,
    /// It is there again.
    pub(crate) back: u64,
}

impl RevokedNow {
    /// All of them.
    pub(crate) fn sum(&self) -> u64 {
        self.gone + self.there + self.back
    }
}

impl Tally {
    /// Nothing counted yet.
    pub(super) fn new(scope: ReportScope, counted: CountedRows) -> Tally {
        Tally {
            scope,
            classes: ByClass::default(),
            undated: ByClass::default(),
            other_years: BTreeMap::new(),
            states: [[0; N_STATES]; 4],
            revoked: RevokedNow::default(),
            others: BTreeMap::new(),
            others_unnamed: 0,
            reviews: [0; N_REVIEWS],
            users: [0; 3],
            mappings: 0,
            counted,
        }
    }

    /// Counts one response, and says where it belongs.
    pub(super) fn add(&mut self, row: &ReportRow) -> ReportPart {
        let class = row.class as usize;
        let part = self.scope.part(row.due);
        match (part, row.due) {
            (ReportPart::OtherYear, due) => {
                let year = due.map_or(0, |due| due.year());
                *self.other_years.entry(year).or_default() += 1;
                return part;
            }
            (ReportPart::Undated, _) => self.undated[class] += 1,
            (ReportPart::Dated, _) => self.classes[class] += 1,
        }
        self.states[class][row.state.place()] += 1;
        if row.class == AnswerClass::Revoked {
            let now = &mut self.revoked;
            let place = match (row.n_access, &row.state) {
                (0, _) => &mut now.gone,
                (_, ResponseState::GivenAgain | ResponseState::Restored(_)) => &mut now.back,
                _ => &mut now.there,
            };
            *place += 1;
            now.waiting += u64::from(row.n_access > 0 && row.state.is_waiting());
        }
        if row.class == AnswerClass::Other {
            let name = fold(row.cells[at::STATUS].as_text());
            if self.others.len() >= NAMED_MAX && !self.others.contains_key(&name) {
                self.others_unnamed += 1;
            } else {
                *self.others.entry(name).or_default() += 1;
            }
        }
        part
    }

    /// Counts one access.
    pub(super) fn add_access(&mut self, access: &ReportAccess) {
        self.reviews[access.review as usize] += 1;
        let kind = match access.person.kind {
            UserKind::Known => 0,
            UserKind::NoApplication => 1,
            UserKind::Orphan => 2,
        };
        self.users[kind] += 1;
        self.mappings += access.n_rows;
    }

    /// Rows of the report but the undated ones.
    pub(super) fn population(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// Rows without a due date.
    pub(super) fn n_undated(&self) -> u64 {
        self.undated.iter().sum()
    }

    /// Rows of other years.
    pub(super) fn n_other_years(&self) -> u64 {
        self.other_years.values().sum()
    }

    /// Rows the report holds, dated and undated.
    pub(super) fn n_rows(&self) -> u64 {
        self.population() + self.n_undated()
    }

    /// Accesses that were seen.
    pub(super) fn n_accesses(&self) -> u64 {
        self.reviews.iter().sum()
    }

    /// The report's rows in a state, by its place in [`STATES`].
    pub(super) fn in_state(&self, state: usize) -> u64 {
        self.states.iter().map(|states| states[state]).sum()
    }

    /// Those in a state by its name.
    pub(super) fn named(&self, name: &str) -> u64 {
        STATES.iter().position(|(known, _)| *known == name).map_or(0, |place| self.in_state(place))
    }

    /// The summary's counts.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let mut put = |name, n| counts.add(name, n);
        put("population", self.population());
        for (name, n) in CLASS_NAMES.into_iter().zip(self.classes) {
            put(name, n);
        }
        put("undated", self.n_undated());
        put("other_years", self.n_other_years());
        put("table_rows", self.counted.responses);
        put("access_remains", self.in_state(0) + self.in_state(1));
        for (place, (name, _)) in STATES.iter().enumerate() {
            put(name, self.in_state(place));
        }
        put("accesses", self.n_accesses());
        let names = [
            "accesses_approved",
            "accesses_revoked",
            "accesses_pending",
            "accesses_other",
            "never_asked",
        ];
        for (name, n) in names.into_iter().zip(self.reviews) {
            put(name, n);
        }
        put("orphans", self.users[2]);
        put("without_application", self.users[1]);
        counts
    }

    /// The equations every row must be in exactly one place for.
    pub(super) fn equations(&self) -> Vec<SumEquation> {
        let classes = |classes: &ByClass| CLASS_NAMES.into_iter().zip(*classes).collect();
        let states = STATES.iter().enumerate();
        let [known, no_application, orphans] = self.users;
        vec![
            SumEquation::new("population", self.population(), classes(&self.classes)),
            SumEquation::new("undated", self.n_undated(), classes(&self.undated)),
            SumEquation::new(
                "rows of RECREATE_RESPONSE",
                self.counted.responses,
                vec![
                    ("population", self.population()),
                    ("other years", self.n_other_years()),
                    ("undated", self.n_undated()),
                ],
            ),
            SumEquation::new(
                "rows of RECREATE_RESPONSE with a due date",
                self.counted.dated,
                vec![("population", self.population()), ("other years", self.n_other_years())],
            ),
            SumEquation::new(
                "rows of this report",
                self.n_rows(),
                states
                    .map(|(place, (name, _))| (*name, self.in_state(place)))
                    .filter(|(_, n)| *n > 0)
                    .collect(),
            ),
            SumEquation::new(
                "accesses of MAP_RAP_USER_ROLE",
                self.counted.accesses,
                REVIEWS
                    .iter()
                    .map(|(review, word)| (*word, self.reviews[*review as usize]))
                    .collect(),
            ),
            SumEquation::new(
                "accesses of MAP_RAP_USER_ROLE, by user",
                self.counted.accesses,
                vec![
                    ("known", known),
                    ("without RAP and PACKBUILDER", no_application),
                    ("orphans", orphans),
                ],
            ),
            SumEquation::new(
                "rows of MAP_RAP_USER_ROLE",
                self.counted.mappings,
                vec![("seen", self.mappings)],
            ),
        ]
    }
}

const CLASS_NAMES: [&str; 4] = ["approved", "revoked", "pending", "other"];
const _: () = assert!(CLASSES.len() == CLASS_NAMES.len());

/// A total, and the parts it must be the sum of.
#[derive(Clone, Debug)]
pub(crate) struct SumEquation {
    /// What the total is of.
    pub(crate) name: &'static str,
    /// The total, counted apart from its parts.
    pub(crate) total: u64,
    pub(crate) parts: Vec<(&'static str, u64)>,
}

impl SumEquation {
    fn new(name: &'static str, total: u64, parts: Vec<(&'static str, u64)>) -> SumEquation {
        SumEquation { name, total, parts }
    }

    /// Whether it adds up.
    pub(crate) fn holds(&self) -> bool {
        self.total == self.parts.iter().map(|(_, n)| n).sum::<u64>()
    }
}

impl std::fmt::Display for SumEquation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        let sign = if self.holds() { "=" } else { "≠" };
        let parts = if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") };
        write!(f, "{} {} {sign} {parts}", self.name, self.total)
    }
}
