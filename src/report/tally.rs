//! What the report counts while its rows go by, and whether that adds up.

use std::collections::{BTreeMap, HashMap};

use anyhow::anyhow;
use chrono::{Datelike as _, NaiveDate};

use super::Scope;
use super::entry::{Cell, Class, Entry, State, at, fold};
use crate::exit::Exit;
use crate::plan::Counts;

/// Responses by class, in the order of [`Class::ALL`].
pub(super) type ByClass = [u64; 4];

/// How many statuses of the class Other are named, and how many rows stand under "overdue longest":
/// whatever the table holds, the report's memory does not grow with it.
const NAMED_MAX: usize = 1_000;
const LONGEST_MAX: usize = 10;

/// Locations that get a bar of their own in the charts.
pub(super) const TOP_LOCATIONS: usize = 12;

/// Where a response belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Among the report's rows.
    Dated,
    /// Apart: it has no recertification due date.
    Undated,
    /// In the report of another year; here it is only counted.
    OtherYear,
}

/// A bar of the chart over time: a month of the year, or one year of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// The year.
    pub year: i32,
    /// 1 to 12; 0 for a whole year.
    pub month: u32,
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.month {
            0 => write!(f, "{}", self.year),
            month => write!(f, "{}-{month:02}", self.year),
        }
    }
}

/// A response that is overdue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overdue {
    /// The day that passed.
    pub since: NaiveDate,
    /// Reportee's id, their name, location, class.
    pub shown: [Cell; 4],
}

/// The counts.
#[derive(Clone, Debug)]
pub struct Tally {
    scope: Scope,
    /// Rows of the report but the undated ones.
    pub population: u64,
    /// The same by class.
    pub classes: ByClass,
    /// Rows without a due date.
    pub undated: u64,
    /// The same by class.
    pub undated_classes: ByClass,
    /// Rows that the reports of other years hold, by year.
    pub other_years: BTreeMap<i32, u64>,
    /// The report's rows, dated and undated, by class and then by state in the order of `State::WORDS`.
    pub states: [[u64; 4]; 4],
    /// The statuses of the class Other.
    pub others: BTreeMap<String, u64>,
    /// Rows whose status was too many to be named.
    pub others_unnamed: u64,
    /// Dated rows over time.
    pub periods: BTreeMap<Period, ByClass>,
    locations: HashMap<Cell, ByClass>,
    /// The rows that are overdue longest.
    pub longest: Vec<Overdue>,
    /// Rows of the table, and those with a due date, as the database counts them itself.
    pub counted: (u64, u64),
}

impl Tally {
    /// Nothing counted yet; `counted` is what the database says: all rows, and those with a due date.
    #[must_use]
    pub fn new(scope: Scope, counted: (u64, u64)) -> Tally {
        let mut periods = BTreeMap::new();
        if let Scope::Year(year) = scope {
            periods.extend((1..=12).map(|month| (Period { year, month }, ByClass::default())));
        }
        Tally {
            scope,
            population: 0,
            classes: ByClass::default(),
            undated: 0,
            undated_classes: ByClass::default(),
            other_years: BTreeMap::new(),
            states: [[0; 4]; 4],
            others: BTreeMap::new(),
            others_unnamed: 0,
            periods,
            locations: HashMap::new(),
            longest: Vec::new(),
            counted,
        }
    }

    /// Counts one response, and says where it belongs.
    pub fn add(&mut self, entry: &Entry) -> Part {
        let class = entry.class as usize;
        let part = match (entry.due, self.scope) {
            (None, _) => {
                self.undated += 1;
                self.undated_classes[class] += 1;
                Part::Undated
            }
            (Some(due), Scope::Year(year)) if due.year() != year => {
                *self.other_years.entry(due.year()).or_default() += 1;
                return Part::OtherYear;
            }
            (Some(due), _) => {
                self.population += 1;
                self.classes[class] += 1;
                let month = if self.scope == Scope::All { 0 } else { due.month() };
                let period = Period { year: due.year(), month };
                self.periods.entry(period).or_default()[class] += 1;
                self.locate(&entry.cells[at::LOCATION], class);
                Part::Dated
            }
        };
        self.states[class][entry.state.place()] += 1;
        if entry.class == Class::Other {
            self.name_other(&entry.cells[at::STATUS]);
        }
        if let Some(since) = entry.overdue_since() {
            self.keep_longest(since, entry);
        }
        part
    }

    fn locate(&mut self, location: &Cell, class: usize) {
        match self.locations.get_mut(location) {
            Some(classes) => classes[class] += 1,
            None => {
                let mut classes = ByClass::default();
                classes[class] = 1;
                self.locations.insert(location.clone(), classes);
            }
        }
    }

    fn name_other(&mut self, status: &Cell) {
        let name = fold(&status.to_string());
        if self.others.len() >= NAMED_MAX && !self.others.contains_key(&name) {
            self.others_unnamed += 1;
        } else {
            *self.others.entry(name).or_default() += 1;
        }
    }

    fn keep_longest(&mut self, since: NaiveDate, entry: &Entry) {
        let late = self.longest.len() == LONGEST_MAX;
        if late && self.longest.last().is_some_and(|last| last.since <= since) {
            return;
        }
        let shown = [at::REPORTEE, at::NAME, at::LOCATION, at::CLASS]
            .map(|place| entry.cells[place].clone());
        let overdue = Overdue { since, shown };
        let place = self.longest.partition_point(|known| *known <= overdue);
        self.longest.insert(place, overdue);
        self.longest.truncate(LONGEST_MAX);
    }

    /// Rows of other years.
    #[must_use]
    pub fn n_other_years(&self) -> u64 {
        self.other_years.values().sum()
    }

    /// Rows the report holds, dated and undated.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.population + self.undated
    }

    /// The report's rows in a state, by its place in `State::WORDS`.
    #[must_use]
    pub fn in_state(&self, state: usize) -> u64 {
        self.states.iter().map(|states| states[state]).sum()
    }

    /// The locations with the most responses, and all others together.
    #[must_use]
    pub fn top_locations(&self, n: usize) -> Vec<(String, ByClass)> {
        let mut all: Vec<(&Cell, &ByClass)> = self.locations.iter().collect();
        all.sort_by_key(|(location, classes)| {
            (std::cmp::Reverse(classes.iter().sum::<u64>()), location.to_string())
        });
        let rest = all.split_off(all.len().min(n));
        let name = |location: &Cell| match location {
            Cell::Empty => "none".to_owned(),
            location => location.to_string(),
        };
        let mut top: Vec<(String, ByClass)> =
            all.into_iter().map(|(location, classes)| (name(location), *classes)).collect();
        if !rest.is_empty() {
            let mut sum = ByClass::default();
            for (_, classes) in &rest {
                sum.iter_mut().zip(*classes).for_each(|(sum, n)| *sum += n);
            }
            top.push((format!("{} others", rest.len()), sum));
        }
        top
    }

    /// The summary's counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        let mut put = |name, n| counts.add(name, n);
        let overdue = |class: Class| self.states[class as usize][State::Overdue.place()];
        put("population", self.population);
        for (name, n) in ["approved", "revoked", "pending", "other"].into_iter().zip(self.classes) {
            put(name, n);
        }
        put("undated", self.undated);
        put("other_years", self.n_other_years());
        put("table_rows", self.counted.0);
        put("overdue", self.in_state(State::Overdue.place()));
        put("overdue_revoked", overdue(Class::Revoked));
        put("overdue_pending", overdue(Class::Pending));
        for (place, word) in State::WORDS.iter().enumerate().skip(1) {
            put(word, self.in_state(place));
        }
        counts
    }

    /// The equations every row must be in exactly one place for.
    #[must_use]
    pub fn equations(&self) -> Vec<Equation> {
        let classes = |classes: &ByClass| {
            ["approved", "revoked", "pending", "other"].into_iter().zip(*classes).collect()
        };
        let states = State::WORDS.iter().enumerate();
        vec![
            Equation::new("population", self.population, classes(&self.classes)),
            Equation::new("undated", self.undated, classes(&self.undated_classes)),
            Equation::new(
                "rows of RECREATE_RESPONSE",
                self.counted.0,
                vec![
                    ("population", self.population),
                    ("other years", self.n_other_years()),
                    ("undated", self.undated),
                ],
            ),
            Equation::new(
                "rows of RECREATE_RESPONSE with a due date",
                self.counted.1,
                vec![("population", self.population), ("other years", self.n_other_years())],
            ),
            Equation::new(
                "rows of this report",
                self.n_rows(),
                states.map(|(place, word)| (*word, self.in_state(place))).collect(),
            ),
        ]
    }

    /// Nothing, when every equation holds.
    ///
    /// # Errors
    /// `Exit::Evidence`: the first that does not.
    pub fn must_add_up(&self) -> anyhow::Result<()> {
        match self.equations().iter().find(|equation| !equation.holds()) {
            None => Ok(()),
            Some(equation) => {
                Err(anyhow!("the report does not reconcile, and was not written: {equation}")
                    .context(Exit::Evidence))
            }
        }
    }
}

/// A total, and the parts it must be the sum of.
#[derive(Clone, Debug)]
pub struct Equation {
    /// What the total is of.
    pub name: &'static str,
    /// The total, counted apart from its parts.
    pub total: u64,
    /// The parts.
    pub parts: Vec<(&'static str, u64)>,
}

impl Equation {
    fn new(name: &'static str, total: u64, parts: Vec<(&'static str, u64)>) -> Equation {
        Equation { name, total, parts }
    }

    /// Whether it adds up.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.total == self.parts.iter().map(|(_, n)| n).sum::<u64>()
    }
}

impl std::fmt::Display for Equation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.parts.iter().map(|(name, n)| format!("{name} {n}")).collect();
        let sign = if self.holds() { "=" } else { "≠" };
        write!(f, "{} {} {sign} {}", self.name, self.total, parts.join(" + "))
    }
}
