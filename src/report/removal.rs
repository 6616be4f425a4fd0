//! Days from the day access should have gone to the day it went: how many, how long, and the bars of their histogram.

use std::collections::BTreeMap;

/// From so many days on a bar of the histogram begins, where single days would be too many; the last one is open.
const BAR_STARTS: [i64; 12] = [0, 1, 2, 3, 4, 8, 15, 31, 61, 91, 181, 366];
/// Removals that all took no longer than this have a bar a day.
const SINGLE_DAYS_MAX: i64 = 14;

/// Executions by days from the effective date, and within how many they should be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemovalDays {
    /// `[report] sla_days`.
    pub(crate) sla_days: i64,
    executions: BTreeMap<i64, u64>,
}

/// One bar: `4–7`, and how many removals took so many days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemovalBar {
    pub(crate) label: String,
    pub(crate) n: u64,
    /// Whether they were in time; no bar holds both.
    pub(crate) in_time: bool,
}

impl RemovalDays {
    pub(super) fn new(sla_days: u32) -> RemovalDays {
        RemovalDays { sla_days: sla_days.into(), executions: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, days: i64) {
        *self.executions.entry(days).or_default() += 1;
    }

    /// Executions.
    pub(crate) fn n(&self) -> u64 {
        self.executions.values().sum()
    }

    /// The day by which this share of the executions had come: nearest rank.
    pub(crate) fn percentile(&self, percent: u64) -> Option<i64> {
        let rank = (self.n() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.executions.iter().find_map(|(days, n)| {
            seen += n;
            (seen >= rank).then_some(*days)
        })
    }

    pub(crate) fn longest(&self) -> Option<i64> {
        self.executions.keys().next_back().copied()
    }

    /// Executions within the days they should take.
    pub(crate) fn n_within_sla(&self) -> u64 {
        self.executions.range(..=self.sla_days).map(|(_, n)| n).sum()
    }

    /// The bars of the histogram, from the quickest to the slowest; what went before its day is in the first.
    pub(crate) fn bars(&self) -> Vec<RemovalBar> {
        let late = self.sla_days + 1;
        let longest = self.longest().unwrap_or_default().max(late);
        let mut starts: Vec<i64> = if longest <= SINGLE_DAYS_MAX {
            (0..=longest).collect()
        } else {
            BAR_STARTS.into_iter().filter(|start| *start <= longest).chain([late]).collect()
        };
        starts.sort_unstable();
        starts.dedup();
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([i64::MAX]);
        let is_cut = longest > SINGLE_DAYS_MAX;
        starts
            .iter()
            .zip(ends)
            .map(|(&start, end)| {
                let from = if start == 0 { i64::MIN } else { start };
                let label = match end {
                    i64::MAX if is_cut => format!("{start}+"),
                    end if end == start || end == i64::MAX => start.to_string(),
                    end => format!("{start}–{end}"),
                };
                let n = self.executions.range(from..=end).map(|(_, n)| n).sum();
                RemovalBar { label, n, in_time: end <= self.sla_days }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(sla_days: u32, days: &[i64]) -> String {
        let mut removals = RemovalDays::new(sla_days);
        days.iter().for_each(|days| removals.add(*days));
        assert_eq!(
            removals.bars().iter().map(|bar| bar.n).sum::<u64>(),
            days.len() as u64,
            "each removal is in one bar"
        );
        let told = |bar: &RemovalBar| {
            format!("{}{}={}", bar.label, if bar.in_time { "" } else { "!" }, bar.n)
        };
        removals.bars().iter().map(told).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn removals_of_two_weeks_have_a_bar_a_day() {
        assert_eq!(bars(1, &[]), "0=0 1=0 2!=0");
        assert_eq!(bars(1, &[-3, 0, 1, 4]), "0=2 1=1 2!=0 3!=0 4!=1");
    }

    #[test]
    fn longer_ones_share_bars_and_none_holds_both_sides_of_the_promise() {
        assert_eq!(
            bars(5, &[0, 5, 6, 7, 40]),
            "0=1 1=0 2=0 3=0 4–5=1 6–7!=2 8–14!=0 15–30!=0 31+!=1"
        );
        assert_eq!(
            bars(0, &[900]),
            "0=0 1!=0 2!=0 3!=0 4–7!=0 8–14!=0 15–30!=0 31–60!=0 61–90!=0 91–180!=0 181–365!=0 366+!=1"
        );
        assert_eq!(bars(30, &[20]), "0=0 1=0 2=0 3=0 4–7=0 8–14=0 15–30=1 31+!=0");
    }
}
