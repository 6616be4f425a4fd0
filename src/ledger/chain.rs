//! The order of the runs: each follows the one whose hash it names.

use std::collections::HashMap;

use super::canonical::GENESIS;

/// A run as the chain needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct ChainLink {
    pub(super) run_id: String,
    pub(super) job: String,
    pub(super) status: String,
    pub(super) previous: String,
    pub(super) sha256: String,
}

/// The runs in order, and what is wrong with that order.
pub(super) struct ChainOrder {
    /// Indices of the links: the chain from its beginning, then what is no part of it.
    pub(super) order: Vec<usize>,
    /// Where each link stands in `order`.
    pub(super) position: Vec<usize>,
    /// How many links the chain reaches.
    pub(super) reached: usize,
    /// Breaks, with the position they are at.
    pub(super) breaks: Vec<ChainBreak>,
}

pub(super) struct ChainBreak {
    pub(super) position: usize,
    /// The run that does not follow, if it is about one.
    pub(super) link: Option<usize>,
    pub(super) told: String,
}

/// Follows the chain from its genesis.
pub(super) fn order(links: &[ChainLink], head: Option<&str>) -> ChainOrder {
    let mut followers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, link) in links.iter().enumerate() {
        followers.entry(link.previous.as_str()).or_default().push(at);
    }
    let (mut order, mut breaks, mut reached) =
        (Vec::with_capacity(links.len()), Vec::new(), vec![false; links.len()]);
    let mut end = GENESIS;
    // Each hash is followed once, so that a ring ends too.
    while let Some(mut next) = followers.remove(end) {
        let chosen = choose(&mut next, links, &followers, head);
        for other in next {
            let told = format!(
                "run {} was inserted: it and run {} both follow the same run",
                links[other].run_id, links[chosen].run_id
            );
            breaks.push(ChainBreak { position: order.len(), link: Some(other), told });
        }
        reached[chosen] = true;
        order.push(chosen);
        end = &links[chosen].sha256;
    }
    let n_reached = order.len();
    breaks.extend(find_break(links, &order, &reached, end, head));
    let mut rest: Vec<usize> = (0..links.len()).filter(|at| !reached[*at]).collect();
    rest.sort_by(|a, b| links[*a].run_id.cmp(&links[*b].run_id));
    order.extend(rest);
    let mut position = vec![0; links.len()];
    for (place, at) in order.iter().enumerate() {
        position[*at] = place;
    }
    ChainOrder { order, position, reached: n_reached, breaks }
}

/// Of several runs that follow the same one, the one whose branch leads to the head, else the first.
fn choose(
    next: &mut Vec<usize>,
    links: &[ChainLink],
    followers: &HashMap<&str, Vec<usize>>,
    head: Option<&str>,
) -> usize {
    next.sort_by(|a, b| links[*a].run_id.cmp(&links[*b].run_id));
    let leads_to_head = |from: usize| {
        let mut at = from;
        for _ in 0..=links.len() {
            if Some(links[at].sha256.as_str()) == head {
                return true;
            }
            match followers.get(links[at].sha256.as_str()).and_then(|next| next.first()) {
                Some(next) => at = *next,
                None => return false,
            }
        }
        false
    };
    let chosen = if next.len() == 1 {
        0
    } else {
        next.iter().position(|at| leads_to_head(*at)).unwrap_or(0)
    };
    next.remove(chosen)
}

/// What is wrong where the chain ends.
fn find_break(
    links: &[ChainLink],
    chain: &[usize],
    reached: &[bool],
    end: &str,
    head: Option<&str>,
) -> Option<ChainBreak> {
    let position = chain.len();
    let last =
        chain.last().map_or("its beginning".to_owned(), |at| format!("run {}", links[*at].run_id));
    let hashes: std::collections::HashSet<&str> =
        links.iter().map(|link| link.sha256.as_str()).collect();
    let root = links
        .iter()
        .enumerate()
        // Who follows the beginning beside the first run was told as such.
        .filter(|(at, link)| {
            !reached[*at] && link.previous != GENESIS && !hashes.contains(link.previous.as_str())
        })
        .min_by(|(_, a), (_, b)| a.run_id.cmp(&b.run_id));
    let told = match (root, head) {
        (_, None) => "RECERT_LOCK has no row `ledger`, or no hash in it, which the chain is to end with: it was removed".to_owned(),
        (Some((_, root)), Some(head)) if head == end => format!(
            "run {} was inserted: the chain leads to its head without it",
            root.run_id
        ),
        (Some((_, root)), Some(_)) => format!(
            "between {last} and run {} a run was removed, or the one before was edited and hashed anew: \
             no run has the hash that run {} follows",
            root.run_id, root.run_id
        ),
        (None, Some(head)) if head != end && hashes.contains(head) => {
            format!("the chain goes on behind its head: RECERT_LOCK was edited, or the runs behind it were inserted; the last is {last}")
        }
        (None, Some(head)) if head != end => format!(
            "the chain was cut at its end, or its last run was edited and hashed anew: it ends with {last}, \
             and no run has the hash that RECERT_LOCK holds for its end"
        ),
        (None, Some(_)) => return None,
    };
    Some(ChainBreak { position, link: root.map(|(at, _)| at), told })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `previous > id`: each run's hash is its id.
    fn links(follows: &[(&str, &str)]) -> Vec<ChainLink> {
        let link = |(previous, id): &(&str, &str)| ChainLink {
            run_id: (*id).to_owned(),
            previous: if previous.is_empty() { GENESIS.to_owned() } else { (*previous).to_owned() },
            sha256: (*id).to_owned(),
            ..ChainLink::default()
        };
        follows.iter().map(link).collect()
    }

    /// The runs that the chain reaches, in order, and what is said of each break.
    fn walked(follows: &[(&str, &str)], head: &str) -> (String, Vec<String>) {
        let links = links(follows);
        let ChainOrder { order, reached, breaks, .. } = order(&links, Some(head));
        let ids = order[..reached].iter().map(|at| links[*at].run_id.as_str()).collect();
        (ids, breaks.into_iter().map(|broken| broken.told).collect())
    }

    #[test]
    fn of_two_runs_that_follow_the_same_one_the_chain_goes_by_the_one_that_leads_to_its_end() {
        for (inserted, branch) in [("a", "mz"), ("y", "mz")] {
            let (ids, told) = walked(&[("", "m"), ("m", "z"), ("", inserted)], "z");
            assert_eq!(ids, branch);
            assert!(told[0].starts_with(&format!("run {inserted} was inserted")), "{told:?}");
            assert_eq!(told.len(), 1);
        }
        let (ids, told) = walked(&[("", "b"), ("", "a")], "elsewhere");
        assert_eq!(ids, "a", "where none leads there, the first");
        assert!(told[0].starts_with("run b was inserted"), "{told:?}");
    }

    #[test]
    fn what_is_wrong_at_the_chains_end_is_told_by_what_is_there() {
        for (follows, head, says) in [
            (&[("", "a"), ("x", "b")][..], "a", "run b was inserted"),
            (&[("", "a"), ("x", "b")], "b", "between run a and run b a run was removed"),
            (&[("x", "b")], "b", "between its beginning and run b a run was removed"),
            (&[("", "a"), ("a", "b")], "a", "the chain goes on behind its head"),
            (&[("", "a")], "b", "the chain was cut at its end"),
        ] {
            let (_, told) = walked(follows, head);
            assert!(told.iter().any(|told| told.contains(says)), "{follows:?} {head}: {told:?}");
        }
        assert_eq!(walked(&[("", "a"), ("a", "b")], "b"), ("ab".to_owned(), Vec::new()));
        assert!(order(&links(&[("", "a")]), None).breaks[0].told.contains("no row `ledger`"));
    }
}
