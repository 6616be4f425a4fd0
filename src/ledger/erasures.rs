//! Which images are gone, and which of them may be: an erasing run says so, one of the two jobs that
//! may, and none that stands before the image in the chain.

use std::collections::HashMap;

use anyhow::Context as _;

use super::chain::{ChainLink, ChainOrder};
use crate::db::Read;
use crate::sql;

/// The changes of one run whose images are gone: from and to, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErasedImages(Vec<(i64, i64)>);

impl ErasedImages {
    /// One more, behind all others.
    pub(super) fn push(&mut self, seq: i64) {
        match self.0.last_mut() {
            Some((_, to)) if *to + 1 == seq => *to = seq,
            _ => self.0.push((seq, seq)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.0.iter().flat_map(|(from, to)| *from..=*to)
    }

    pub(super) fn contains(&self, seq: i64) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }

    /// `1-4,7`
    pub(super) fn write(&self) -> String {
        let range = |(from, to): &(i64, i64)| match from == to {
            true => from.to_string(),
            false => format!("{from}-{to}"),
        };
        self.0.iter().map(range).collect::<Vec<_>>().join(",")
    }

    /// Reads what [`ErasedImages::write`] wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let range = |part: &str| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some((from.parse::<i64>().ok()?, to.parse::<i64>().ok()?))
        };
        let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
        ranges
            .filter(|ranges| ranges.iter().all(|(from, to)| *from >= 1 && from <= to))
            .map(ErasedImages)
    }
}

/// What may be erased: up to which place in the chain, for each image that a purge names and each
/// run that was archived. Runs by their place among the links.
#[derive(Default)]
pub(super) struct Erasures {
    purged: HashMap<(usize, i64), usize>,
    archived: HashMap<usize, usize>,
}

impl Erasures {
    /// Reads what the erasing runs say. One that the chain does not reach allows nothing.
    pub(super) fn read(
        db: &mut dyn Read,
        links: &[ChainLink],
        order: &ChainOrder,
    ) -> anyhow::Result<Self> {
        let by_id: HashMap<&str, usize> =
            links.iter().enumerate().map(|(at, link)| (link.run_id.as_str(), at)).collect();
        let mut erasures = Erasures::default();
        db.each(&sql!("ledger/select_erasures"), &[], &mut |row| {
            let Some(&by) = by_id.get(row.text("RUN_ID")?.as_str()) else { return Ok(()) };
            let position = order.position[by];
            if position >= order.reached || links[by].status != "applied" {
                return Ok(());
            }
            let (action, key, why) = (row.text("ACTION")?, row.text("ROW_KEY")?, row.text("WHY")?);
            let at = match (links[by].job.as_str(), action.as_str(), key.split_once('/')) {
                (super::archive::JOB, "delete", None) if why.starts_with("archived; ") => {
                    by_id.get(key.as_str()).map(|run| erasures.archived.entry(*run).or_default())
                }
                ("import-users", "update", Some((run, seq))) if why.starts_with("purged; ") => {
                    by_id
                        .get(run)
                        .zip(seq.parse().ok())
                        .map(|(run, seq)| erasures.purged.entry((*run, seq)).or_default())
                }
                _ => None,
            };
            if let Some(at) = at {
                *at = position.max(*at);
            }
            Ok(())
        })
        .context("reading which images may be erased")?;
        Ok(erasures)
    }

    /// The place of the last run that erased this image, if one did that stands at `position` or later.
    pub(super) fn by(&self, link: usize, seq: i64, position: usize) -> Option<usize> {
        let erased_at = [self.archived.get(&link), self.purged.get(&(link, seq))];
        erased_at.into_iter().flatten().copied().max().filter(|at| *at >= position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erased_images_are_told_in_ranges_and_read_again() {
        let mut erased = ErasedImages::default();
        assert!(erased.is_empty());
        [1, 2, 3, 7, 9, 10].into_iter().for_each(|seq| erased.push(seq));
        assert!(!erased.is_empty());
        assert_eq!(erased.0, [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(erased.write(), "1-3,7,9-10");
        assert_eq!(ErasedImages::parse("1-3,7,9-10").as_ref(), Some(&erased));
        assert_eq!(erased.iter().collect::<Vec<_>>(), [1, 2, 3, 7, 9, 10]);
        let held: Vec<i64> = (0..12).filter(|seq| erased.contains(*seq)).collect();
        assert_eq!(held, [1, 2, 3, 7, 9, 10]);
        for wrong in ["", "0", "0-3", "3-1", "x", "1-", "1-2-3"] {
            assert_eq!(ErasedImages::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_an_erasing_run_that_does_not_stand_before_the_image_excuses_it() {
        let mut erasures = Erasures::default();
        erasures.purged.insert((0, 1), 4);
        erasures.archived.insert(0, 3);
        assert_eq!(erasures.by(0, 1, 4), Some(4));
        assert_eq!(erasures.by(0, 1, 5), None);
        assert_eq!(erasures.by(0, 2, 3), Some(3));
        assert_eq!(erasures.by(0, 2, 4), None);
        assert_eq!(erasures.by(1, 1, 0), None);
    }
}
