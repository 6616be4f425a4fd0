//! Holds the ledger against its hashes, and names the first thing that is wrong with it.
//!
//! One pass over the runs, one over the changes with their images: what is kept in memory grows
//! with the runs (some hundred bytes each) and the images purged (some dozen each), not with the changes.

use std::collections::HashMap;

use anyhow::Context as _;

use super::canonical::Canonical;
use super::chain::{self, Link, Order};
use super::heads::{Head, compare};
use super::read;
use super::row::{ImageState, LedgerChange, LedgerEntry, LedgerRun};
use crate::db::Read;
use crate::sql;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Runs in the chain.
    pub runs: u64,
    /// Changes.
    pub changes: u64,
    /// Images that are kept.
    pub images: u64,
    /// Images that were erased, as a run recorded.
    pub erased: u64,
    /// The first thing that is wrong.
    pub problem: Option<String>,
    /// How many things are wrong.
    pub problems: u64,
    /// The hash of every run, in the order of the chain: for keeping elsewhere.
    pub heads: Vec<Head>,
}

/// Walks the whole ledger; with heads that were kept elsewhere, holds it against them too.
///
/// # Errors
/// What the database says, classed (`Exit`). A ledger that is wrong is no error here.
pub fn verify(db: &mut dyn Read, against: Option<&[Head]>) -> anyhow::Result<Verified> {
    let head = read::head(db)?;
    let (links, mut walked) = read_links(db)?;
    let order = chain::order(&links, head.as_deref());
    let erasures = read_erasures(db, &links, &order)?;
    let mut walk = Walk::new(&links, &mut walked, &order, erasures);
    read::each_change(db, &mut |entry| {
        walk.change(entry);
        Ok(())
    })?;
    walk.end_runs();
    walk.orphan_images(db)?;
    let Walk { mut found, counted, unfit, .. } = walk;
    for broken in &order.breaks {
        // A run that does not follow because it was edited is told as edited.
        let edited = broken.link.filter(|link| unfit[*link]);
        let place = (broken.position, 0);
        found.note(place, || match edited {
            Some(link) => Suspect::Run(link),
            None => Suspect::Told(broken.told.clone()),
        });
    }
    let heads: Vec<Head> = order
        .order
        .iter()
        .take(order.reached)
        .map(|at| Head(links[*at].run_id.clone(), links[*at].sha256.clone()))
        .collect();
    if let Some((position, told)) = against.and_then(|kept| compare(&heads, kept)) {
        found.note((position, i64::MAX), || Suspect::Told(told));
    }
    let problem = match found.first.take() {
        Some((_, suspect)) => Some(diagnose(suspect, &links, &walked, db)?),
        None => None,
    };
    Ok(Verified { runs: links.len() as u64, problem, problems: found.n, heads, ..counted })
}

/// What the walk knows of a run.
struct Walked {
    /// The hash of its own columns; its changes are added as they come.
    hash: Canonical,
    /// How many of its changes were seen.
    n_changes: i64,
    /// The number of the last one.
    last_seq: i64,
}

fn read_links(db: &mut dyn Read) -> anyhow::Result<(Vec<Link>, Vec<Walked>)> {
    let (mut links, mut walked) = (Vec::new(), Vec::new());
    read::each_run(db, &mut |run| {
        walked.push(Walked { hash: run.begin_hash(), n_changes: 0, last_seq: 0 });
        let LedgerRun { run_id, job, status, finished_at, previous_sha256, sha256, .. } = run;
        links.push(Link { run_id, job, status, finished_at, previous: previous_sha256, sha256 });
        Ok(())
    })?;
    Ok((links, walked))
}

/// What may be erased: up to which place in the chain, for each image that a purge names and each
/// run that was archived. Runs by their place among the links.
#[derive(Default)]
struct Erasures {
    purged: HashMap<(usize, i64), usize>,
    archived: HashMap<usize, usize>,
}

impl Erasures {
    /// Whether a run at `position` or later recorded that this image was erased.
    fn cover(&self, link: usize, seq: i64, position: usize) -> bool {
        let erased_at = [self.archived.get(&link), self.purged.get(&(link, seq))];
        erased_at.into_iter().flatten().any(|at| *at >= position)
    }
}

fn read_erasures(db: &mut dyn Read, links: &[Link], order: &Order) -> anyhow::Result<Erasures> {
    let by_id: HashMap<&str, usize> =
        links.iter().enumerate().map(|(at, link)| (link.run_id.as_str(), at)).collect();
    let mut erasures = Erasures::default();
    db.each(&sql!("ledger/select_erasures"), &[], &mut |row| {
        let (by, key) = (row.text("RUN_ID")?, row.text("ROW_KEY")?);
        let Some(&by) = by_id.get(by.as_str()) else { return Ok(()) };
        let position = order.position[by];
        let at = match key.split_once('/') {
            None if links[by].job == super::archive::JOB => {
                by_id.get(key.as_str()).map(|run| erasures.archived.entry(*run).or_default())
            }
            None => None,
            Some((run, seq)) => by_id
                .get(run)
                .zip(seq.parse().ok())
                .map(|(run, seq)| erasures.purged.entry((*run, seq)).or_default()),
        };
        if let Some(at) = at {
            *at = position.max(*at);
        }
        Ok(())
    })
    .context("reading which images may be erased")?;
    Ok(erasures)
}

/// What is wrong, as far as the walk can tell; the rest is found out for the first one only.
enum Suspect {
    Told(String),
    Run(usize),
    Change { link: usize, change: LedgerChange<'static> },
}

/// The first of all problems, by place in the chain and in the run.
#[derive(Default)]
struct Found {
    first: Option<((usize, i64), Suspect)>,
    n: u64,
}

impl Found {
    fn note(&mut self, place: (usize, i64), suspect: impl FnOnce() -> Suspect) {
        self.n += 1;
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, suspect()));
        }
    }
}

struct Walk<'a> {
    links: &'a [Link],
    walked: &'a mut [Walked],
    by_id: HashMap<String, usize>,
    order: &'a Order,
    erasures: Erasures,
    found: Found,
    counted: Verified,
    unfit: Vec<bool>,
    /// The run whose changes are coming.
    current: Option<(String, Option<usize>)>,
}

impl<'a> Walk<'a> {
    fn new(
        links: &'a [Link],
        walked: &'a mut [Walked],
        order: &'a Order,
        erasures: Erasures,
    ) -> Self {
        let by_id = links.iter().enumerate().map(|(at, link)| (link.run_id.clone(), at)).collect();
        let unfit = vec![false; links.len()];
        let (found, counted) = (Found::default(), Verified::default());
        Walk { links, walked, by_id, order, erasures, found, counted, unfit, current: None }
    }

    fn change(&mut self, entry: &LedgerEntry<'_>) {
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
                Suspect::Told(format!(
                    "change {} of run {} stands without its run: the run was removed, or the change inserted",
                    change.seq, change.run_id
                ))
            };
            return self.found.note((self.order.reached, 1), told);
        };
        let position = self.order.position[link];
        let of = &mut self.walked[link];
        of.hash.text(&change.sha256);
        of.n_changes += 1;
        of.last_seq += 1;
        let seq = change.number();
        let place = (position, seq);
        if !change.fits() {
            self.found.note(place, || Suspect::Change { link, change: change.to_owned_row() });
        } else if seq != of.last_seq {
            // Told once for a gap: from here on the numbers count.
            let expected = of.last_seq;
            of.last_seq = seq;
            let what = if seq > expected { "was removed" } else { "was inserted" };
            let told = format!("change {} of run {} {what}", expected.min(seq), change.run_id);
            self.found.note((position, expected.min(seq)), || Suspect::Told(told));
        }
        self.image(entry, link, place);
    }

    fn image(&mut self, entry: &LedgerEntry<'_>, link: usize, place: (usize, i64)) {
        let what = match entry.image_is() {
            ImageState::Kept => {
                self.counted.images += 1;
                return;
            }
            ImageState::Erased if self.erasures.cover(link, place.1, place.0) => {
                self.counted.erased += 1;
                return;
            }
            ImageState::Edited => "was edited",
            ImageState::Erased => "was erased, and no run recorded that",
            ImageState::Missing => "was removed with its row",
        };
        let LedgerChange { seq, run_id, .. } = &entry.change;
        let told = || Suspect::Told(format!("the image of change {seq} of run {run_id} {what}"));
        self.found.note(place, told);
    }

    /// All changes were seen: every run's hash must fit now.
    fn end_runs(&mut self) {
        for (at, (link, walked)) in self.links.iter().zip(&*self.walked).enumerate() {
            if walked.hash.clone().finish().as_slice() != link.sha256.as_bytes() {
                self.unfit[at] = true;
                self.found.note((self.order.position[at], i64::MAX), || Suspect::Run(at));
            }
        }
    }

    fn orphan_images(&mut self, db: &mut dyn Read) -> anyhow::Result<()> {
        let (by_id, order, found) = (&self.by_id, self.order, &mut self.found);
        db.each(&sql!("ledger/select_orphan_images"), &[], &mut |row| {
            let (run_id, seq) = (row.text("RUN_ID")?, row.int("SEQ")?.unwrap_or(-1));
            let place = by_id.get(&run_id).map_or((order.reached, 2), |at| (order.position[*at], seq));
            found.note(place, || {
                Suspect::Told(format!(
                    "change {seq} of run {run_id} was removed and its image left behind, or the image inserted"
                ))
            });
            Ok(())
        })
        .context("looking for images without a change")
    }
}

/// Whether a change's hash fits if it stood elsewhere.
fn belongs_to(change: &LedgerChange<'_>, run_id: &str, seq: i64) -> bool {
    let seq = seq.to_string();
    LedgerChange { run_id: run_id.into(), seq: seq.into(), ..change.clone() }.fits()
}

/// Finds out what was done, where the hashes of others can tell.
fn diagnose(
    suspect: Suspect,
    links: &[Link],
    walked: &[Walked],
    db: &mut dyn Read,
) -> anyhow::Result<String> {
    match suspect {
        Suspect::Told(told) => Ok(told),
        Suspect::Change { link, change } => Ok(diagnose_change(link, &change, links, walked)),
        Suspect::Run(link) => diagnose_run(&links[link], &walked[link], db),
    }
}

fn diagnose_change(
    link: usize,
    change: &LedgerChange<'_>,
    links: &[Link],
    walked: &[Walked],
) -> String {
    let here = format!("change {} of run {}", change.seq, links[link].run_id);
    // Only as far as there are changes, whatever numbers were written into them.
    let fits_in = |at: usize| {
        (1..=walked[at].n_changes + 1).find(|seq| belongs_to(change, &links[at].run_id, *seq))
    };
    if let Some(seq) = fits_in(link) {
        return format!("{here} was reordered: it was change {seq}");
    }
    match (0..links.len()).find(|other| fits_in(*other).is_some()) {
        Some(other) => format!("{here} was moved there from run {}", links[other].run_id),
        None => format!("{here} was edited"),
    }
}

fn diagnose_run(link: &Link, walked: &Walked, db: &mut dyn Read) -> anyhow::Result<String> {
    // An id that was tampered with need not lead to one run: then there is no more to say of it.
    let mut hash = read::find_run(&link.run_id, db).ok().flatten().map(|run| run.begin_hash());
    let mut fits_after = None;
    read::each_change_of(&link.run_id, db, &mut |entry| {
        if let Some(hash) = &mut hash
            && fits_after.is_none()
        {
            if hash.clone().finish().as_slice() == link.sha256.as_bytes() {
                fits_after = Some(entry.change.number());
            }
            hash.text(&entry.change.sha256);
        }
        Ok(())
    })?;
    Ok(match fits_after {
        Some(seq) => {
            format!("change {seq} of run {} was inserted: its hash fits without it", link.run_id)
        }
        None => format!(
            "run {} was edited, or changes of it were edited or removed and hashed anew: its hash does not fit \
             its columns and its {} changes",
            link.run_id, walked.n_changes
        ),
    })
}
