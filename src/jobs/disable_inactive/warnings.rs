//! Who will be disabled soon: once for each of `warn_days`, into a file that somebody else mails from.

use std::path::Path;

use anyhow::anyhow;
use chrono::{Days, NaiveDate, NaiveDateTime, SubsecRound as _, TimeZone as _, Utc};

use super::SPEC;
use super::rule::InactivityRule;
use crate::db::Row;
use crate::exit::Exit;
use crate::jobs::World;
use crate::plan::{Plan, PlannedLines};

const HEADER: [&str; 5] = ["id", "mail", "last_activity", "day_of_disabling", "stage"];

/// The accounts to warn, as they are met.
pub(super) struct DueWarnings<'a> {
    path: Option<&'a Path>,
    rule: &'a InactivityRule,
    zone: chrono_tz::Tz,
    as_of: NaiveDate,
    /// The days ahead of which to warn, the last warning first.
    stages: Vec<u32>,
    /// Of which day the last run was: who was to be warned by then has been.
    warned_until: Option<NaiveDate>,
    records: Vec<[String; 5]>,
}

impl<'a> DueWarnings<'a> {
    /// # Errors
    /// `Exit::Config`: there are days to warn on, and no file to write to.
    pub(super) fn new(
        path: Option<&'a Path>,
        rule: &'a InactivityRule,
        world: &mut World<'_>,
    ) -> anyhow::Result<Self> {
        let mut stages = world.config.disable_inactive.warn_days.clone();
        stages.sort_unstable();
        if path.is_none() && !stages.is_empty() {
            return Err(anyhow!(
                "`[disable_inactive] warn_days` is set, and nobody says where to: give `--warnings FILE`"
            )
            .context(Exit::Config));
        }
        let warned_until = if stages.is_empty() { None } else { last_day(world)? };
        let zone = world.config.time.tz()?;
        let as_of = world.as_of;
        Ok(DueWarnings { path, rule, zone, as_of, stages, warned_until, records: Vec::new() })
    }

    /// How many days after the run's a person may be disabled who is to be warned now; 0: nobody is.
    pub(super) fn days_ahead(&self) -> u32 {
        self.stages.last().map_or(0, |days| days + 1)
    }

    /// Looks at an account that is kept today.
    pub(super) fn consider(
        &mut self,
        account: &Row,
        idle_since: Option<NaiveDateTime>,
    ) -> anyhow::Result<()> {
        let from = idle_since.and_then(|since| Some((since, self.rule.disabled_from(since)?)));
        let Some((since, from)) = from else { return Ok(()) };
        let day = Utc.from_utc_datetime(&from).with_timezone(&self.zone).date_naive();
        let days_left = day.signed_duration_since(self.as_of).num_days();
        let Some(stage) = self.stages.iter().find(|stage| days_left <= i64::from(**stage)) else {
            return Ok(());
        };
        let came = day.checked_sub_days(Days::new(u64::from(*stage)));
        if self.warned_until.zip(came).is_some_and(|(until, came)| came <= until) {
            return Ok(());
        }
        self.records.push([
            account.text("ID")?,
            account.text("EMAIL")?,
            since.trunc_subsecs(0).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            day.to_string(),
            stage.to_string(),
        ]);
        Ok(())
    }

    /// Puts the lines into the plan: they are on disk before anything is committed.
    pub(super) fn finish(mut self, plan: &mut Plan) -> anyhow::Result<()> {
        plan.noticed.add("warned", self.records.len() as u64);
        let Some(path) = self.path.filter(|_| !self.records.is_empty()) else { return Ok(()) };
        self.records.sort();
        let line = |record: &[String]| -> anyhow::Result<String> {
            let mut csv = csv::Writer::from_writer(Vec::new());
            csv.write_record(record)?;
            Ok(String::from_utf8(csv.into_inner()?)?)
        };
        let lines = self.records.iter().map(|record| line(record)).collect::<Result<_, _>>()?;
        let header = line(&HEADER.map(str::to_owned))?;
        plan.lines = Some(PlannedLines { path: path.to_owned(), header, lines });
        Ok(())
    }
}

/// The day of the job's last run that got through.
fn last_day(world: &mut World<'_>) -> anyhow::Result<Option<NaiveDate>> {
    let chain = world.ledger.chain(world.db)?;
    let last = chain.last(SPEC.name, &["applied", "unchanged"], world.db)?;
    Ok(last.and_then(|run| run.as_of()))
}
