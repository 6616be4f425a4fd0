//! Imports people: who comes, changes and goes (section 8 of the spec).
//! Safe to rerun: what the file says is compared with what is stored, and only the difference is planned.
//!
//! ```text
//! roster   the file, first reading: a few dozen bytes a row, by which people are found again
//! rejected whom rejected rows may speak of
//! compare  what of a person is compared, on both sides
//! stored   PM_USER, read once: who is unchanged, changed, to be marked, unmarked, purged
//! people   the file, second reading: the rows that make a new person or change one
//! changes  the statements of new, changed, marked and unmarked people
//! purge    the statements that remove people, with all that hangs on them
//! ```
//!
//! Where the spec is silent, the answer is the one that can't delete anybody by mistake:
//! - Who is not in PM_USER and has to go (left, `Freier Mitarbeiter`) is created with the mark. Who is still delivered
//!   so on their day is purged and, as the ledger knows, not created anew while they have to go.
//! - Who was marked and is delivered again without leaving date is unmarked, even if their day has come. Who is
//!   delivered with a leaving date still to come stays marked, as the spec says, and is purged on their day; as they
//!   are in the file, the same run creates them anew.
//! - A reject keeps the people it may speak of from being marked *and* from being purged. A reject that hides its person
//!   altogether, or a file that breaks off in its last row, may leave out anybody: such a run neither marks nor
//!   purges people for not being in the file.
//! - A column that the file doesn't have says nothing: the stored value stays, and decides.
//!
//! Memory: some 60 bytes a row of the file, and the plan.

mod changes;
mod compare;
mod people;
mod purge;
mod rejected;
mod roster;
mod stored;

use chrono::{Days, NaiveDate};

use super::{JobSpec, PlanJob, World};
use crate::import::args::ImportArgs;
use crate::plan::{Counts, Plan};
use changes::PersonChanges;
use people::Purged;
use roster::Roster;
use stored::StoredPeople;

/// `recert import-users`
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The file, and its rejects.
    #[command(flatten)]
    pub import: ImportArgs,
}

const COUNTS: [&str; 10] = [
    "rows",
    "created",
    "updated",
    "unchanged",
    "unsigned",
    "marked",
    "unmarked",
    "purged",
    "roles_removed",
    "rejected",
];

pub(super) const SPEC: JobSpec = JobSpec {
    name: "import-users",
    limits: |config| &config.limits.import_users,
    database: |config| config.import.database.as_ref().unwrap_or(&config.database),
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
}

fn plan(args: &Args, world: &mut World<'_>) -> anyhow::Result<Plan> {
    let mut plan = Plan { noticed: Counts::named(&COUNTS), ..Plan::default() };
    let mut roster = Roster::read(&args.import, world, &mut plan)?;
    let mut changes = PersonChanges::new(world);
    let stored = StoredPeople::read(&mut roster, &mut changes, world, &mut plan)?;
    doubt_small_file(&roster, &stored, &mut plan);
    plan.population = stored.population;
    let StoredPeople { changed, going, .. } = stored;
    let going_ids = going.iter().map(|going| going.id.clone()).collect();
    let purged = Purged::with(going_ids);
    let moved =
        people::read(&args.import, &roster, changed, purged, &mut changes, world, &mut plan)?;
    roster.find_left_out(&mut plan);

    // What goes, goes first: a mail address may pass from one who is purged to one who comes.
    plan.steps = purge::steps(going, world)?;
    plan.steps.push(purge::management_roles(&moved, world)?);
    plan.steps.extend(changes.into_steps());
    Ok(plan)
}

/// A file that holds fewer than half the people is rather a broken export than a company that halved.
fn doubt_small_file(roster: &Roster, stored: &StoredPeople, plan: &mut Plan) {
    let delivered = roster.n_people() + plan.noticed.get("rejected");
    if 2 * delivered < stored.unmarked {
        plan.doubts.push(format!(
            "the file holds {delivered} people, fewer than half of the {} in PM_USER who are not marked for deletion",
            stored.unmarked
        ));
    }
}

/// The day from which who is marked today may be purged.
fn delete_at(world: &World<'_>) -> NaiveDate {
    let grace = Days::new(u64::from(world.config.import.grace_days));
    world.as_of.checked_add_days(grace).unwrap_or(NaiveDate::MAX)
}
