//! Holds the ledger against its hashes, and names the first thing that is wrong with it.
//!
//! One pass over the runs, one over the changes with their images: what is kept in memory grows
//! with the runs (some hundred bytes each) and the images purged (some dozen each), not with the changes.

use std::collections::HashMap;

use anyhow::Context as _;

use super::canonical::Canonical;
use super::chain::{self, ChainLink, ChainOrder};
use super::diagnose::{SuspectedFault, diagnose};
use super::erasures::{ErasedImages, Erasures};
use super::heads::{DatabaseHeads, Head, compare};
use super::read;
use super::row::{ImageState, LedgerChange, LedgerEntry, LedgerRun};
use super::since_heads;
use super::time_order::TimeOrder;
use crate::db::{Read, Unreadable};
use crate::plan::Finding;
use crate::sql;

/// What a verification found.
#[derive(Debug, Default)]
pub(crate) struct Verified {
    /// Runs in the chain.
    pub runs: u64,
    pub changes: u64,
    /// Images that are kept.
    pub images: u64,
    /// Images that were erased, as a run recorded.
    pub erased: u64,
    /// The first thing that is wrong.
    pub problem: Option<String>,
    /// How many things are wrong.
    pub problems: u64,
    /// What a person should look at, although every hash fits.
    pub findings: Vec<Finding>,
    /// The hash of every run, in the order of the chain: for keeping elsewhere.
    pub heads: Vec<Head>,
    /// Runs with erased images, and which: for keeping beside their hashes.
    pub erased_of: Vec<(String, String)>,
    /// Of every run, in the order in which they are read: its place in the chain, if it may be believed, with all
    /// its changes and what is left of their images.
    pub places: Vec<Option<u32>>,
}

/// Who looks on while the ledger is verified, so that nobody reads it twice. Whether what was seen may be
/// believed is known at the end: [`Verified::places`].
pub(crate) trait LedgerWitness {
    /// A run; `place` counts them as they are read.
    fn run(&mut self, place: usize, run: &LedgerRun);
    /// A change of the run at this place.
    fn change(&mut self, place: usize, entry: &LedgerEntry<'_>);
}

/// Nobody.
struct Unseen;

impl LedgerWitness for Unseen {
    fn run(&mut self, _: usize, _: &LedgerRun) {}
    fn change(&mut self, _: usize, _: &LedgerEntry<'_>) {}
}

/// Walks the whole ledger; with heads that were kept elsewhere, holds it against them too.
///
/// # Errors
/// What the database says, classed (`Exit`). A ledger that is wrong is no error here.
pub(crate) fn verify(
    db: &mut dyn Read,
    against: Option<&DatabaseHeads>,
) -> anyhow::Result<Verified> {
    verify_seeing(db, against, &mut Unseen)
}

/// The same, with somebody who looks on.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_seeing(
    db: &mut dyn Read,
    against: Option<&DatabaseHeads>,
    witness: &mut dyn LedgerWitness,
) -> anyhow::Result<Verified> {
    match walk_all(db, against, witness) {
        // What recert writes can be read: bytes that are no text were written by others.
        Err(error) if error.downcast_ref::<Unreadable>().is_some() => {
            let problem =
                Some(format!("a value can't be read: {}", crate::exit::Exit::tell(&error)));
            Ok(Verified { problem, problems: 1, ..Verified::default() })
        }
        walked => walked,
    }
}

/// The chain's end is read first, and what may be erased last: a run committed meanwhile is no tampering.
fn walk_all(
    db: &mut dyn Read,
    against: Option<&DatabaseHeads>,
    witness: &mut dyn LedgerWitness,
) -> anyhow::Result<Verified> {
    let head = read::head(db)?;
    let (links, mut walked, mut times) = read_links(db, witness)?;
    let order = chain::order(&links, head.as_deref());
    times.check(&order);
    let mut walk = ChainWalk::new(&links, &mut walked, &order);
    read::each_change(db, &mut |entry| {
        if let Some(place) = walk.change(entry) {
            witness.change(place, entry);
        }
        Ok(())
    })?;
    walk.end_runs();
    walk.orphan_images(db)?;
    let erasures = Erasures::read(db, &links, &order)?;
    walk.erased_images(&erasures);
    let ChainWalk { mut found, mut counted, unfit, untrue, .. } = walk;
    for broken in &order.breaks {
        // A run that does not follow because it was edited is told as edited.
        let edited = broken.link.filter(|link| unfit[*link]);
        let place = (broken.position, 0);
        found.note(place, || match edited {
            Some(link) => SuspectedFault::Run(link),
            None => SuspectedFault::Told(broken.told.clone()),
        });
    }
    let reached = &order.order[..order.reached];
    counted.heads = reached
        .iter()
        .map(|at| Head(links[*at].run_id.clone(), links[*at].sha256.clone()))
        .collect();
    let gone = |at: &&usize| !walked[**at].erased.is_empty();
    let erased_of = |at: &usize| (links[*at].run_id.clone(), walked[*at].erased.write());
    counted.erased_of = reached.iter().filter(gone).map(erased_of).collect();
    counted.findings = times.findings;
    if let Some(kept) = against {
        let ids = links.iter().map(|link| link.run_id.as_str()).collect();
        // Before the chain's own break there: the kept heads know which runs are gone.
        if let Some((position, told)) = compare(&counted.heads, &kept.runs, &ids) {
            found.note((position, -1), || SuspectedFault::Told(told));
        }
        let erased = |at: usize| &walked[reached[at]].erased;
        let by = |at: usize, seq| erasures.by(reached[at], seq, at);
        let since = since_heads::images(kept, &counted.heads, &erased, &by);
        counted.findings.extend(since.findings);
        for (place, told) in since.problems {
            found.note(place, || SuspectedFault::Told(told));
        }
    }
    counted.places = places(&links, &order, head.as_deref(), |at| !unfit[at] && !untrue[at]);
    counted.problems = found.n;
    if let Some((_, suspect)) = found.first.take() {
        let n_changes: Vec<i64> = walked.iter().map(|run| run.n_changes).collect();
        counted.problem = Some(diagnose(suspect, &links, &n_changes, db)?);
    }
    Ok(Verified { runs: links.len() as u64, ..counted })
}

/// From its beginning to its end: a chain that does not lead there has no member.
fn places(
    links: &[ChainLink],
    order: &ChainOrder,
    head: Option<&str>,
    fits: impl Fn(usize) -> bool,
) -> Vec<Option<u32>> {
    let reached = &order.order[..order.reached];
    let is_end = |at: &usize| Some(links[*at].sha256.as_str()) == head;
    let n_members = reached.iter().position(is_end).map_or(0, |end| end + 1);
    let mut places = vec![None; links.len()];
    for (position, at) in reached.iter().take(n_members).enumerate() {
        places[*at] = fits(*at).then_some(position as u32);
    }
    places
}

/// What the walk knows of a run.
struct WalkedRun {
    /// The hash of its own columns; its changes are added as they come.
    hash: Canonical,
    /// How many of its changes were seen.
    n_changes: i64,
    /// The number of the last one.
    last_seq: i64,
    /// Images that are gone.
    erased: ErasedImages,
}

fn read_links(
    db: &mut dyn Read,
    witness: &mut dyn LedgerWitness,
) -> anyhow::Result<(Vec<ChainLink>, Vec<WalkedRun>, TimeOrder)> {
    let (mut links, mut walked, mut times) = (Vec::new(), Vec::new(), TimeOrder::default());
    read::each_run(db, &mut |run| {
        witness.run(links.len(), &run);
        times.push(&run);
        let (hash, erased) = (run.begin_hash(), ErasedImages::default());
        walked.push(WalkedRun { hash, n_changes: 0, last_seq: 0, erased });
        let LedgerRun { run_id, job, status, previous_sha256: previous, sha256, .. } = run;
        links.push(ChainLink { run_id, job, status, previous, sha256 });
        Ok(())
    })?;
    Ok((links, walked, times))
}

/// The first of all problems, by place in the chain and in the run.
#[derive(Default)]
struct FirstFault {
    first: Option<((usize, i64), SuspectedFault)>,
    n: u64,
}

impl FirstFault {
    fn note(&mut self, place: (usize, i64), suspect: impl FnOnce() -> SuspectedFault) {
        self.n += 1;
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, suspect()));
        }
    }
}

struct ChainWalk<'a> {
    links: &'a [ChainLink],
    walked: &'a mut [WalkedRun],
    by_id: HashMap<String, usize>,
    order: &'a ChainOrder,
    found: FirstFault,
    counted: Verified,
    unfit: Vec<bool>,
    /// Runs of which a change or an image is not as it was written.
    untrue: Vec<bool>,
    /// The run whose changes are coming.
    current: Option<(String, Option<usize>)>,
}

impl<'a> ChainWalk<'a> {
    fn new(links: &'a [ChainLink], walked: &'a mut [WalkedRun], order: &'a ChainOrder) -> Self {
        let by_id = links.iter().enumerate().map(|(at, link)| (link.run_id.clone(), at)).collect();
        let (unfit, untrue) = (vec![false; links.len()], vec![false; links.len()]);
        let (found, counted) = (FirstFault::default(), Verified::default());
        ChainWalk { links, walked, by_id, order, found, counted, unfit, untrue, current: None }
    }

    /// Takes one change; returns whose it is.
    fn change(&mut self, entry: &LedgerEntry<'_>) -> Option<usize> {
        let change = &entry.change;
        self.counted.changes += 1;
        let link = match &self.current {
            Some((run_id, link)) if *run_id == change.run_id => *link,
            _ => {
                let link = self.by_id.get(&*change.run_id).copied();
                self.current = Some((change.run_id.to_string(), link));
                link
            }
        };
        let Some(link) = link else {
            let told = || {
                SuspectedFault::Told(format!(
                    "change {} of run {} stands without its run: the run was removed, or the change inserted",
                    change.seq, change.run_id
                ))
            };
            self.found.note((self.order.reached, 1), told);
            return None;
        };
        let position = self.order.position[link];
        let of = &mut self.walked[link];
        of.hash.text(&change.sha256);
        of.n_changes += 1;
        of.last_seq += 1;
        let seq = change.number();
        let place = (position, seq);
        if !change.fits() {
            self.untrue[link] = true;
            self.found
                .note(place, || SuspectedFault::Change { link, change: change.to_owned_row() });
        } else if seq != of.last_seq {
            // Told once for a gap: from here on the numbers count.
            let expected = of.last_seq;
            of.last_seq = seq;
            self.untrue[link] = true;
            let what = if seq > expected { "was removed" } else { "was inserted" };
            let told = format!("change {} of run {} {what}", expected.min(seq), change.run_id);
            self.found.note((position, expected.min(seq)), || SuspectedFault::Told(told));
        }
        self.image(entry, link, place);
        Some(link)
    }

    fn image(&mut self, entry: &LedgerEntry<'_>, link: usize, place: (usize, i64)) {
        let what = match entry.image_is() {
            ImageState::Kept => {
                self.counted.images += 1;
                return;
            }
            ImageState::Erased => {
                self.walked[link].erased.push(place.1);
                return;
            }
            ImageState::Edited => "was edited",
            ImageState::Missing => "was removed with its row",
        };
        let LedgerChange { seq, run_id, .. } = &entry.change;
        let told =
            || SuspectedFault::Told(format!("the image of change {seq} of run {run_id} {what}"));
        self.untrue[link] = true;
        self.found.note(place, told);
    }

    /// An image may be gone if a run says so that came with it or later, and may.
    fn erased_images(&mut self, erasures: &Erasures) {
        for (at, link) in self.links.iter().enumerate() {
            let position = self.order.position[at];
            for seq in self.walked[at].erased.iter() {
                if erasures.by(at, seq, position).is_some() {
                    self.counted.erased += 1;
                    continue;
                }
                let run_id = &link.run_id;
                let told = || {
                    SuspectedFault::Told(format!(
                        "the image of change {seq} of run {run_id} was erased, and no run recorded that"
                    ))
                };
                self.untrue[at] = true;
                self.found.note((position, seq), told);
            }
        }
    }

    /// All changes were seen: every run's hash must fit now.
    fn end_runs(&mut self) {
        for (at, (link, walked)) in self.links.iter().zip(&*self.walked).enumerate() {
            if walked.hash.clone().finish().as_slice() != link.sha256.as_bytes() {
                self.unfit[at] = true;
                self.found.note((self.order.position[at], i64::MAX), || SuspectedFault::Run(at));
            }
        }
    }

    fn orphan_images(&mut self, db: &mut dyn Read) -> anyhow::Result<()> {
        let (by_id, order, found) = (&self.by_id, self.order, &mut self.found);
        db.each(&sql!("ledger/select_orphan_images"), &[], &mut |row| {
            let (run_id, seq) = (row.text("RUN_ID")?, row.int("SEQ")?.unwrap_or_default());
            let place = by_id.get(&run_id).map_or((order.reached, 2), |at| (order.position[*at], seq));
            found.note(place, || {
                SuspectedFault::Told(format!(
                    "change {seq} of run {run_id} was removed and its image left behind, or the image inserted"
                ))
            });
            Ok(())
        })
        .context("looking for images without a change")
    }
}
