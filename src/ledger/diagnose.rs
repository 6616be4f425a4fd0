//! What was done to a row that does not fit, as far as the hashes of others can tell.

use super::chain::ChainLink;
use super::read;
use super::row::LedgerChange;
use crate::db::Read;

/// What is wrong, as far as the walk can tell; the rest is found out for the first one only.
pub(super) enum SuspectedFault {
    Told(String),
    Run(usize),
    Change { link: usize, change: LedgerChange<'static> },
}

/// Finds out what was done; of each run it is known how many changes it has.
pub(super) fn diagnose(
    suspect: SuspectedFault,
    links: &[ChainLink],
    n_changes: &[i64],
    db: &mut dyn Read,
) -> anyhow::Result<String> {
    match suspect {
        SuspectedFault::Told(told) => Ok(told),
        SuspectedFault::Change { link, change } => {
            Ok(diagnose_change(link, &change, links, n_changes))
        }
        SuspectedFault::Run(link) => diagnose_run(&links[link], n_changes[link], db),
    }
}

/// Whether a change's hash fits if it stood elsewhere.
fn belongs_to(change: &LedgerChange<'_>, run_id: &str, seq: i64) -> bool {
    let seq = seq.to_string();
    LedgerChange { run_id: run_id.into(), seq: seq.into(), ..change.clone() }.fits()
}

fn diagnose_change(
    link: usize,
    change: &LedgerChange<'_>,
    links: &[ChainLink],
    n_changes: &[i64],
) -> String {
    let here = format!("change {} of run {}", change.seq, links[link].run_id);
    // Only as far as there are changes, whatever numbers were written into them.
    let fits_in =
        |at: usize| (1..=n_changes[at] + 1).find(|seq| belongs_to(change, &links[at].run_id, *seq));
    if let Some(seq) = fits_in(link) {
        return format!("{here} was reordered: it was change {seq}");
    }
    match (0..links.len()).find(|other| fits_in(*other).is_some()) {
        Some(other) => format!("{here} was moved there from run {}", links[other].run_id),
        None => format!("{here} was edited"),
    }
}

fn diagnose_run(link: &ChainLink, n_changes: i64, db: &mut dyn Read) -> anyhow::Result<String> {
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
             its columns and its {n_changes} changes",
            link.run_id
        ),
    })
}
