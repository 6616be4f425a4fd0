//! What earlier imports did, by runs that the ledger's verified chain reaches, and by no others.
//!
//! Whether a run may be believed takes the hashes of all its changes to find out, half a million after the first load. So
//! what the runs' rows claim is read first, and a run is looked at only when it would make a difference to believe it.

use std::collections::{HashMap, HashSet};

use anyhow::Context as _;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::Value as Json;

use super::changes::PURGES;
use crate::jobs::World;
use crate::ledger::LedgerMember;
use crate::sql;

/// What a run notes of its file in its PARAMETERS, for the next one.
pub(super) const ROWS: &str = "rows";
pub(super) const ENDS_A_LINE: &str = "ends_a_line";

/// An earlier import that ended `applied` or `unchanged`, as its row has it.
#[derive(Clone)]
pub(super) struct EarlierImport {
    run_id: String,
    pub(super) as_of: NaiveDate,
    /// Its place in the chain.
    place: usize,
    finished_at: DateTime<Utc>,
    /// Rows of its file.
    pub(super) n_rows: u64,
    /// Of its file.
    pub(super) sha256: String,
    /// Its file's last row had a line end.
    pub(super) ends_a_line: bool,
    /// A person accepted its source: with that all comparing starts afresh.
    is_accepted: bool,
}

/// The earlier imports, and which of them may be believed.
#[derive(Default)]
pub(super) struct ImportHistory {
    /// The latest first.
    told: Vec<EarlierImport>,
    /// By run id, of those that were looked at.
    believed: HashMap<String, bool>,
}

impl ImportHistory {
    /// # Errors
    /// What the database says.
    pub(super) fn read(job: &str, world: &mut World<'_>) -> anyhow::Result<ImportHistory> {
        let chain = world.ledger.chain(world.db)?;
        let places = chain.places();
        let mut told = Vec::new();
        world
            .db
            .each(&sql!("import/select_imports"), &[("job", job.into())], &mut |row| {
                let run_id = row.text("RUN_ID")?;
                let place = places.get(run_id.as_str()).copied();
                let (as_of, finished_at) = (row.date("AS_OF")?, row.date("FINISHED_AT")?);
                if let (Some(place), Some(as_of), Some(finished_at)) = (place, as_of, finished_at) {
                    let read = |name| {
                        anyhow::Ok(serde_json::from_str(&row.text(name)?).unwrap_or_default())
                    };
                    let (parameters, counts): (Json, Json) = (read("PARAMETERS")?, read("COUNTS")?);
                    let n_rows = parameters[ROWS].as_u64().or(counts[ROWS].as_u64());
                    told.push(EarlierImport {
                        run_id,
                        as_of: as_of.date(),
                        place,
                        finished_at: finished_at.and_utc(),
                        n_rows: n_rows.unwrap_or_default(),
                        sha256: parameters["sha256"].as_str().unwrap_or_default().to_owned(),
                        ends_a_line: parameters[ENDS_A_LINE] == true,
                        is_accepted: parameters["accept_source"] == true,
                    });
                }
                Ok(())
            })
            .context("looking for earlier imports")?;
        told.sort_by_key(|import| std::cmp::Reverse(import.place));
        Ok(ImportHistory { told, believed: HashMap::new() })
    }

    fn believes(&mut self, run_id: &str, world: &mut World<'_>) -> anyhow::Result<bool> {
        if let Some(known) = self.believed.get(run_id) {
            return Ok(*known);
        }
        let chain = world.ledger.chain(world.db)?;
        let is_believed = chain.believed(run_id, world.db)?.is_some();
        self.believed.insert(run_id.to_owned(), is_believed);
        Ok(is_believed)
    }

    /// The imports of a kind that may be believed, the latest first, back to the last one whose source was accepted.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn those(
        &mut self,
        is_wanted: impl Fn(&EarlierImport) -> bool,
        world: &mut World<'_>,
    ) -> anyhow::Result<Vec<EarlierImport>> {
        let mut those = Vec::new();
        // One that was accepted matters only before others that are wanted.
        let oldest = self.told.iter().rposition(&is_wanted).map_or(0, |at| at + 1);
        for at in 0..oldest {
            let import = self.told[at].clone();
            let is_wanted = is_wanted(&import);
            if !(is_wanted || import.is_accepted) || !self.believes(&import.run_id, world)? {
                continue;
            }
            let is_accepted = import.is_accepted;
            if is_wanted {
                those.push(import);
            }
            if is_accepted {
                break;
            }
        }
        Ok(those)
    }

    /// The last import that may be believed, where any import is of a kind: else nobody asks.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn last_if_any(
        &mut self,
        is_wanted: impl Fn(&EarlierImport) -> bool,
        world: &mut World<'_>,
    ) -> anyhow::Result<Option<EarlierImport>> {
        if self.told.iter().any(is_wanted) { self.last(world) } else { Ok(None) }
    }

    /// The last import that may be believed.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn last(&mut self, world: &mut World<'_>) -> anyhow::Result<Option<EarlierImport>> {
        for at in 0..self.told.len() {
            let import = self.told[at].clone();
            if self.believes(&import.run_id, world)? {
                return Ok(Some(import));
            }
        }
        Ok(None)
    }

    /// How many of these people came, or got other data, in runs after that import.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn brought_since(
        &mut self,
        import: &EarlierImport,
        people: &HashSet<&str>,
        world: &mut World<'_>,
    ) -> anyhow::Result<u64> {
        // A moment earlier: not every database keeps all digits of a moment that is looked for.
        let since = import.finished_at - TimeDelta::seconds(1);
        let mut brought: HashMap<String, HashSet<String>> = HashMap::new();
        world
            .db
            .each(
                &sql!("import/select_brought"),
                &[("since", since.naive_utc().into())],
                &mut |row| {
                    let user_id = row.text("USER_ID")?;
                    if people.contains(user_id.as_str()) {
                        brought.entry(row.text("RUN_ID")?).or_default().insert(user_id);
                    }
                    Ok(())
                },
            )
            .context("looking for people who came or changed since an earlier import")?;
        let places = world.ledger.chain(world.db)?.places();
        brought
            .retain(|run_id, _| places.get(run_id.as_str()).is_some_and(|at| *at > import.place));
        let mut met = HashSet::new();
        for (run_id, people) in brought {
            if self.believes(&run_id, world)? {
                met.extend(people);
            }
        }
        Ok(met.len() as u64)
    }
}

/// Which of the marks of some people a run of recert's has set, and that run's chain reaches.
#[derive(Default)]
pub(super) struct RunMarks(HashMap<(String, NaiveDate), MarkSetter>);

struct MarkSetter {
    /// A person let the run through, whatever limits or doubts said.
    was_let_through: bool,
}

impl RunMarks {
    /// Looks at the marks of these people, and at the runs that set them.
    ///
    /// # Errors
    /// What the database says.
    pub(super) fn of(people: &HashSet<&str>, world: &mut World<'_>) -> anyhow::Result<RunMarks> {
        if people.is_empty() {
            return Ok(RunMarks::default());
        }
        let mut told: Vec<(String, String, NaiveDate)> = Vec::new();
        world
            .db
            .each(&sql!("import/select_marks"), &[], &mut |row| {
                let (run_id, user_id) = (row.text("RUN_ID")?, row.text("USER_ID")?);
                let why = row.text("WHY")?;
                let day = why.rsplit_once(PURGES).and_then(|(_, rest)| rest.get(..10));
                if let Some(day) = day.and_then(|day| day.parse().ok())
                    && people.contains(user_id.as_str())
                {
                    told.push((run_id, user_id, day));
                }
                Ok(())
            })
            .context("looking for the runs that marked people")?;
        let chain = world.ledger.chain(world.db)?;
        let mut setters: HashMap<String, Option<bool>> = HashMap::new();
        let mut set = HashMap::new();
        for (run_id, user_id, day) in told {
            let setter = match setters.get(&run_id) {
                Some(known) => *known,
                None => {
                    let is_reached = chain.reaches(&run_id);
                    let member = if is_reached { chain.believed(&run_id, world.db)? } else { None };
                    *setters.entry(run_id).or_insert(member.as_ref().map(was_let_through))
                }
            };
            if let Some(was_let_through) = setter {
                set.insert((user_id, day), MarkSetter { was_let_through });
            }
        }
        Ok(RunMarks(set))
    }

    /// Whether a run of recert's has set this mark.
    pub(super) fn has_set(&self, id: &str, delete_at: NaiveDate) -> bool {
        self.0.contains_key(&(id.to_owned(), delete_at))
    }

    /// Whether a run has set it that a person let through.
    pub(super) fn were_let_through(&self, id: &str, delete_at: NaiveDate) -> bool {
        self.0.get(&(id.to_owned(), delete_at)).is_some_and(|setter| setter.was_let_through)
    }
}

fn was_let_through(member: &LedgerMember) -> bool {
    let parameters = &member.parameters;
    parameters["accept_source"] == true || parameters.get("allow_changes").is_some()
}

/// The first of the grace's days before the run.
pub(super) fn first_day(world: &World<'_>) -> NaiveDate {
    let grace = Days::new(u64::from(world.config.import.grace_days));
    world.as_of.checked_sub_days(grace).unwrap_or(NaiveDate::MIN)
}
