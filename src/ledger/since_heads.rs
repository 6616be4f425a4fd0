//! What became, since the heads were kept, of the images that they cover.

use std::collections::HashMap;

use super::erasures::ErasedImages;
use super::heads::{DatabaseHeads, Head};
use crate::plan::Finding;

#[derive(Default)]
pub(super) struct SinceHeads {
    pub(super) findings: Vec<Finding>,
    /// By place in the chain and in the run.
    pub(super) problems: Vec<((usize, i64), String)>,
}

/// Of each run under the heads: images that went since are told, with the run that says so; it must
/// be one behind the heads, as those that are under them had erased theirs by then.
pub(super) fn images<'a>(
    kept: &DatabaseHeads,
    heads: &[Head],
    erased: &dyn Fn(usize) -> &'a ErasedImages,
    by: &dyn Fn(usize, i64) -> Option<usize>,
) -> SinceHeads {
    let mut since = SinceHeads::default();
    let Some(was_erased) = &kept.erased else { return since };
    let was_erased: HashMap<&str, ErasedImages> = was_erased
        .iter()
        .filter_map(|(run, ranges)| Some((run.as_str(), ErasedImages::parse(ranges)?)))
        .collect();
    let none = ErasedImages::default();
    let n_kept = kept.runs.len().min(heads.len());
    for (at, Head(run_id, _)) in heads.iter().enumerate().take(n_kept) {
        let was = was_erased.get(run_id.as_str()).unwrap_or(&none);
        let mut went: HashMap<usize, u64> = HashMap::new();
        for seq in erased(at).iter().filter(|seq| !was.contains(*seq)) {
            match by(at, seq) {
                Some(eraser) if eraser >= kept.runs.len() => *went.entry(eraser).or_default() += 1,
                Some(_) => since.problems.push((
                    (at, seq),
                    format!("the image of change {seq} of run {run_id} was erased after the heads were kept, and no run since recorded that"),
                )),
                None => {}
            }
        }
        for (eraser, n) in went {
            let message = format!(
                "{n} images that were there when the heads were kept were erased since, as run {} says: \
                 nothing protects that run, make sure that it was meant",
                heads[eraser].0
            );
            since.findings.push(Finding { kind: "erased_since", key: run_id.clone(), message });
        }
    }
    since
}
