//! Imports people: who comes, changes and goes (section 8 of the spec).
//! Safe to rerun: what the file says is compared with what is stored, and only the difference is planned.
//!
//! ```text
//! columns     what PM_USER can hold
//! identities  who is stored under which id and mail address
//! roster      the file, first reading: a few dozen bytes a row, by which people are found again
//! rejected    whom rejected rows may speak of
//! compare     what of a person is compared, on both sides
//! stored      PM_USER, read once: who is unchanged, changed, to be marked, unmarked, purged
//! people      the file, second reading: the rows that make a new person or change one
//! changes     the statements of new, changed, marked and unmarked people
//! purge       the statements that remove people, with all that hangs on them
//! history     earlier imports and their marks, by the ledger
//! doubts      why the file looks wrong
//! ```
//!
//! Where the spec is silent, the answer is the one that can't delete anybody by mistake:
//! - A row out of shape explains itself by a mail address alone: what stands in the place of an id may be a cost centre. One
//!   that explains itself by nobody keeps the run from marking and purging for absence.
//! - A column that the file doesn't have, or a cell of one that decides nothing and can't be read, says nothing: the stored
//!   value stays, and decides.
//! - A stored cost centre that differs from the file's only by a spreadsheet's `.0` is rewritten, and nobody has moved.
//!
//! Memory: some 110 bytes a row of the file, 80 a person, and the plan.

mod changes;
mod columns;
mod compare;
mod doubts;
mod history;
mod identities;
mod people;
mod purge;
mod rejected;
mod roster;
mod stored;

use chrono::{Days, NaiveDate};

use super::{JobSpec, PlanJob, World};
use crate::import::args::ImportArgs;
use crate::import::claim::ImportKind;
use crate::plan::{Columns, Counts, Plan};
use crate::schema::Owner;
use changes::PersonChanges;
use doubts::ImportFacts;
use history::{ImportHistory, RunMarks};
use purge::RoleLosers;
use roster::FileRoster;
use stored::StoredPeople;

/// `recert import-users`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The file, and its rejects.
    #[command(flatten)]
    pub import: ImportArgs,
}

const COUNTS: [&str; 11] = [
    "rows",
    "created",
    "updated",
    "unchanged",
    "unsigned",
    "gone",
    "marked",
    "unmarked",
    "purged",
    "roles_removed",
    "rejected",
];

/// What of a row of PM_USER decides: all that a file may say, and the mark.
const PERSON: Columns = Columns::These(&[
    "ID",
    "FIRST_NAME",
    "LAST_NAME",
    "EMAIL",
    "BUSINESS_UNIT",
    "COMPANY",
    "JOB",
    "MANAGER_EMAIL",
    "MSG_ID",
    "CITY",
    "COST_CENTER",
    "COST_CENTER_SHORT_TEXT",
    "PERSONNEL_NUMBER",
    "NAME_PREFIX",
    "INITIAL_ENTRY",
    "LEAVING_DATE",
    "COMPANY_CODE",
    "PERSONNEL_AREA",
    "PERSONNEL_AREA_TEXT",
    "PERSONNEL_SUBAREA",
    "PERSONNEL_SUBAREA_TEXT",
    "EMPLOYEE_GROUP",
    "EMPLOYEE_SUBGROUP",
    "OBJECT_ABBREVIATION",
    "JOB_LEVEL",
    "EMPLOYMENT_PERCENTAGE",
    "COUNTRY",
    "TO_DELETE",
    "DELETE_AT",
]);

pub(super) const SPEC: JobSpec = JobSpec {
    name: "import-users",
    lock: Some("people"),
    limits: Some(|config| &config.limits.import_users),
    application: Some(Owner::ProfileMap),
    database: |config| config.import.database.as_ref().unwrap_or(&config.database),
    population: None,
};

impl PlanJob for Args {
    fn spec(&self) -> &'static JobSpec {
        &SPEC
    }

    fn plan(&self, world: &mut World<'_>) -> anyhow::Result<Plan> {
        plan(self, world)
    }

    fn parameters(&self) -> serde_json::Value {
        self.import.parameters()
    }

    fn import(&self) -> Option<(&ImportArgs, ImportKind)> {
        Some((&self.import, ImportKind::People))
    }
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    args.import.tell_claim(&mut plan);
    let mut roster = FileRoster::read(&args.import, world, &mut plan)?;
    let mut changes = PersonChanges::new(world);
    let stored = StoredPeople::read(&mut roster, &mut changes, world, &mut plan)?;
    roster.forget_keys();
    plan.population = stored.population;
    let StoredPeople { changed, going, marked, unsigned, population } = stored;
    let noticed = people::read(&args.import, &roster, changed, &mut changes, &mut plan)?;
    roster.find_left_out(&mut plan);

    let sha256 = args.import.source()?.sha256()?;
    let facts = ImportFacts {
        n_rows: plan.noticed.get("rows"),
        sha256,
        ends_a_line: roster.ends_a_line,
        population,
        n_delivered: roster.n_people(),
        n_others: noticed.n_others,
        marked: &marked,
    };
    let mut losers: RoleLosers =
        unsigned.into_iter().map(|id| (id, "business unit is not signed")).collect();
    let moved = noticed.moved.into_iter();
    losers.extend(moved.map(|id| (id, "business unit or cost centre changed")));

    // What goes, goes first: a mail address may pass from one who is purged to one who comes.
    let marks = RunMarks::of(&going.iter().map(|person| person.id.as_str()).collect(), world)?;
    plan.steps = purge::steps(going, &marks, world)?;
    plan.steps.push(purge::management_roles(&losers, world)?);
    plan.steps.extend(changes.into_steps());
    if !losers.is_empty() {
        plan.last_looks.push(purge::look_for_roles(losers));
    }
    let mut history = ImportHistory::read(SPEC.name, world)?;
    doubts::add(&facts, &mut history, world, &mut plan)?;
    plan.remembered.insert(history::ROWS.to_owned(), facts.n_rows.into());
    plan.remembered.insert(history::ENDS_A_LINE.to_owned(), facts.ends_a_line.into());
    Ok(plan)
}

/// The day from which who is marked today may be purged.
fn delete_at(world: &World<'_>) -> NaiveDate {
    let grace = Days::new(u64::from(world.config.import.grace_days));
    world.as_of.checked_add_days(grace).unwrap_or(NaiveDate::MAX)
}
