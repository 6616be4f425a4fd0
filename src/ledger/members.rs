//! The runs that may be believed: those that the chain reaches, from its beginning to its end, and
//! whose hashes fit.
//!
//! The chain of run rows is walked once; a run's changes are hashed when the run is used. The end is read
//! with the runs: one that is committed meanwhile lies behind it, and is no member yet.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value as Json;

use super::canonical::{Canonical, GENESIS};
use super::chain::{self, ChainLink};
use super::read::{each_link, hash_fits};
use super::row::LedgerRun;
use crate::db::{Read, parse_date};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::sql;

const UNREACHED: &str = "the ledger's chain does not reach it: it was inserted";
const UNFIT: &str = "its hash does not fit its columns and its changes";

/// The chain of runs from its beginning to the end that RECERT_LOCK holds.
#[derive(Debug, Default)]
pub struct LedgerChain {
    /// In the order of the chain.
    links: Vec<ChainLink>,
    reached: HashSet<String>,
    broken: Option<String>,
    unbelieved: Vec<String>,
    /// Runs whose changes were hashed already.
    believed: HashMap<String, LedgerMember>,
}

/// A run that may be believed.
#[derive(Clone, Debug)]
pub struct LedgerMember {
    /// Its row.
    pub run: LedgerRun,
    pub parameters: Json,
    pub counts: Json,
}

impl LedgerMember {
    fn of(run: LedgerRun) -> Self {
        let read = |text: &str| serde_json::from_str(text).unwrap_or_default();
        LedgerMember { parameters: read(&run.parameters), counts: read(&run.counts), run }
    }

    /// One of its counts; zero if there is none of that name.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).and_then(Json::as_u64).unwrap_or_default()
    }

    /// FINISHED_AT
    #[must_use]
    pub fn finished_at(&self) -> Option<DateTime<Utc>> {
        parse_date(&self.run.finished_at).map(|at| at.and_utc())
    }

    /// AS_OF
    #[must_use]
    pub fn as_of(&self) -> Option<NaiveDate> {
        parse_date(&self.run.as_of).map(|at| at.date())
    }
}

impl LedgerChain {
    /// Walks the chain. One that does not lead to its end has no member at all ([`LedgerChain::broken`]).
    ///
    /// # Errors
    /// What the database says, classed (`Exit`). A chain that is broken is no error here.
    pub fn read(db: &mut dyn Read) -> anyhow::Result<Self> {
        let mut links = Vec::new();
        let end = each_link(db, &mut |link| {
            links.push(link);
            Ok(())
        })?;
        let order = chain::order(&links, end.as_deref());
        let n_members = match end.as_deref() {
            Some(GENESIS) => Some(0),
            Some(end) => order.order[..order.reached]
                .iter()
                .position(|at| links[*at].sha256 == end)
                .map(|at| at + 1),
            None => None,
        };
        let Some(n_members) = n_members else {
            let first = order.breaks.into_iter().min_by_key(|broken| broken.position);
            let told = first
                .map_or_else(|| "it does not lead to its end".to_owned(), |broken| broken.told);
            return Ok(LedgerChain { broken: Some(told), ..LedgerChain::default() });
        };
        let mut by_place: Vec<Option<ChainLink>> = links.into_iter().map(Some).collect();
        let links: Vec<ChainLink> =
            order.order[..n_members].iter().filter_map(|at| by_place[*at].take()).collect();
        let reached = links.iter().map(|link| link.run_id.clone()).collect();
        Ok(LedgerChain { links, reached, ..LedgerChain::default() })
    }

    /// What is wrong with the chain, if it does not lead from its beginning to its end.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Whether the chain reaches a run. Its own hash is another matter: [`LedgerChain::member`].
    #[must_use]
    pub fn reaches(&self, run_id: &str) -> bool {
        self.reached.contains(run_id)
    }

    /// Its first run: what tells one ledger from another.
    #[must_use]
    pub fn first_run_id(&self) -> Option<&str> {
        self.links.first().map(|link| link.run_id.as_str())
    }

    /// A run that the chain reaches and whose hash fits its columns and its changes'.
    ///
    /// # Errors
    /// `Exit::Evidence`: it is no such run; else what the database says.
    pub fn member(&self, run_id: &str, db: &mut dyn Read) -> anyhow::Result<LedgerMember> {
        self.must_reach(run_id)?;
        let rows = db
            .rows(&sql!("ledger/select_run"), &[("run_id", run_id.into())])
            .with_context(|| format!("reading run {run_id}"))?;
        let run = match rows.as_slice() {
            [row] => LedgerRun::of(&row.values)?,
            rows => return Err(unbelievable(run_id, &format!("{} rows have its id", rows.len()))),
        };
        if hash_fits(&run, db)? {
            Ok(LedgerMember::of(run))
        } else {
            Err(unbelievable(run_id, UNFIT))
        }
    }

    /// Remembers a run that can't be believed, once. In a broken chain none can: that is told once for all.
    pub(crate) fn disbelieve(&mut self, run_id: &str) {
        if self.broken.is_none() && !self.unbelieved.iter().any(|known| known == run_id) {
            self.unbelieved.push(run_id.to_owned());
        }
    }

    /// Why a run can't be believed, if so; `fits`: whether its hash fits its columns and its changes'.
    #[must_use]
    pub fn doubt(&self, run_id: &str, fits: bool) -> Option<String> {
        match &self.broken {
            None if !self.reaches(run_id) => Some(UNREACHED.to_owned()),
            None if fits => None,
            None => Some(UNFIT.to_owned()),
            Some(told) => Some(format!("the ledger's chain is broken: {told}")),
        }
    }

    /// Takes only a run that the chain reaches.
    ///
    /// # Errors
    /// `Exit::Evidence`: the chain does not reach this run.
    pub fn must_reach(&self, run_id: &str) -> anyhow::Result<()> {
        match self.doubt(run_id, true) {
            None => Ok(()),
            Some(doubt) => Err(unbelievable(run_id, &doubt)),
        }
    }

    /// The job's latest run that ended so, if it may be believed; one that may not is passed over,
    /// and remembered ([`LedgerChain::unbelieved`]).
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    pub fn last(
        &mut self,
        job: &str,
        statuses: &[&str],
        db: &mut dyn Read,
    ) -> anyhow::Result<Option<LedgerMember>> {
        let wanted =
            |link: &&ChainLink| link.job == job && statuses.contains(&link.status.as_str());
        let ids: Vec<String> =
            self.links.iter().rev().filter(wanted).map(|link| link.run_id.clone()).collect();
        for id in ids {
            if let Some(member) = self.believed(&id, db)? {
                return Ok(Some(member));
            }
        }
        Ok(None)
    }

    /// A run, if it may be believed; else it is remembered ([`LedgerChain::unbelieved`]).
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    pub(crate) fn believed(
        &mut self,
        run_id: &str,
        db: &mut dyn Read,
    ) -> anyhow::Result<Option<LedgerMember>> {
        if let Some(known) = self.believed.get(run_id) {
            return Ok(Some(known.clone()));
        }
        match self.member(run_id, db) {
            Err(error) if Exit::of(&error) == Exit::Evidence => {
                self.disbelieve(run_id);
                Ok(None)
            }
            found => {
                let found = found?;
                self.believed.insert(run_id.to_owned(), found.clone());
                Ok(Some(found))
            }
        }
    }

    /// Where each run stands that it reaches; nothing is read for it.
    pub(crate) fn places(&self) -> HashMap<&str, usize> {
        self.links.iter().enumerate().map(|(at, link)| (link.run_id.as_str(), at)).collect()
    }

    /// The runs of a job, and the restores, that ended `applied` at `since` or later and may be believed, the newest
    /// first; others are remembered ([`LedgerChain::unbelieved`]).
    ///
    /// # Errors
    /// What the database says, classed (`Exit`).
    pub fn applied_since(
        &mut self,
        job: &str,
        since: DateTime<Utc>,
        db: &mut dyn Read,
    ) -> anyhow::Result<Vec<LedgerMember>> {
        let binds = [("run_job", job.into()), ("since", since.naive_utc().into())];
        let mut runs: HashMap<String, (LedgerRun, Canonical)> = HashMap::new();
        db.each(&sql!("ledger/select_applied_since"), &binds, &mut |row| {
            let run = LedgerRun::of(&row.values)?;
            let hash = run.begin_hash();
            runs.insert(run.run_id.clone(), (run, hash));
            Ok(())
        })
        .context("reading the latest runs")?;
        let is_known =
            |run: &LedgerRun| self.believed.get(&run.run_id).is_some_and(|known| known.run == *run);
        if !runs.values().all(|(run, _)| is_known(run)) {
            db.each(&sql!("ledger/select_applied_hashes_since"), &binds, &mut |row| {
                if let Some((_, hash)) = runs.get_mut(&row.text("RUN_ID")?) {
                    hash.text(&row.text("SHA256")?);
                }
                Ok(())
            })
            .context("reading the latest runs' hashes")?;
        }
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for link in self.links.iter().rev() {
            match runs.remove(&link.run_id) {
                Some((run, hash)) if is_known(&run) || fits(hash.clone(), &run) => {
                    members.push(LedgerMember::of(run))
                }
                Some((run, _)) => others.push(run.run_id),
                None => {}
            }
        }
        others.iter().for_each(|run_id| self.disbelieve(run_id));
        Ok(members)
    }

    /// Runs that were asked for and can't be believed: their hashes do not fit, or the chain does not reach them.
    #[must_use]
    pub fn unbelieved(&self) -> &[String] {
        &self.unbelieved
    }
}

/// The chain, walked when it is first asked for.
#[derive(Debug, Default)]
pub struct LedgerReader(Option<LedgerChain>);

impl LedgerReader {
    /// The chain.
    ///
    /// # Errors
    /// As [`LedgerChain::read`].
    pub fn chain(&mut self, db: &mut dyn Read) -> anyhow::Result<&mut LedgerChain> {
        let chain = match self.0.take() {
            Some(chain) => chain,
            None => LedgerChain::read(db)?,
        };
        Ok(self.0.insert(chain))
    }

    /// Why what earlier runs took may not be known whole: it was asked for and can't be believed.
    pub(crate) fn doubt(&self) -> Option<String> {
        let chain = self.0.as_ref()?;
        let wrong = match (&chain.broken, chain.unbelieved.first()) {
            (Some(told), _) => format!("its chain is broken ({told})"),
            (None, Some(run_id)) => format!("the hashes of run {run_id} do not fit"),
            (None, None) => return None,
        };
        Some(format!(
            "the ledger can't tell what earlier runs took of the limits: {wrong}; `recert verify` says more"
        ))
    }

    /// What was asked for and can't be believed: a finding each.
    pub fn tell(&self, plan: &mut Plan) {
        let Some(chain) = &self.0 else { return };
        if let Some(told) = &chain.broken {
            let message = format!("no earlier run is believed: {told}; `recert verify` says more");
            plan.find("ledger_broken", "", message);
        }
        for run_id in &chain.unbelieved {
            plan.find(
                "run_not_believed",
                run_id,
                "its hashes do not fit, or the chain does not reach it; `recert verify` says more",
            );
        }
    }
}

fn fits(hash: Canonical, run: &LedgerRun) -> bool {
    hash.finish().as_slice() == run.sha256.as_bytes()
}

fn unbelievable(run_id: &str, why: &str) -> anyhow::Error {
    anyhow!("run {run_id} can't be believed ({why}); `recert verify` says more")
        .context(Exit::Evidence)
}
