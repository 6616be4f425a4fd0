//! The sections that are charts: removal, coverage, what is due when.

use maud::{Markup, html};

use super::chart::{BarScale, Chart, ChartBar};
use super::text::{ShownText, section};
use crate::report::figures::{LocationFigures, TOP_LOCATIONS};
use crate::report::verdict::{self, capital, grouped, plural};
use crate::report::{ReportContent, ReportScope};

pub(super) fn removal(content: &ReportContent<'_>) -> Markup {
    let (tally, figures) = (content.tally, content.figures);
    let now = tally.revoked;
    let bar =
        |name: &str, n: u64, style| ChartBar { name: name.to_owned(), parts: vec![(style, n)] };
    let three = Chart {
        title: "Revoked, due, gone",
        first: "Responses",
        legend: &[("revoked", "Responses")],
        bars: vec![
            bar("Revoked", now.sum(), "revoked"),
            bar("Due", figures.revoked_due, "revoked"),
            bar("Gone", now.gone, "gone"),
        ],
    };
    let removals = figures.removals.bars();
    let mark = removals.iter().filter(|bar| bar.in_time).count();
    let bars = removals.iter().map(|removed| bar(&removed.label, removed.n, "gone")).collect();
    let days = Chart {
        title: "Days from the effective date to the removal",
        first: "Days",
        legend: &[("gone", "Removals")],
        bars,
    };
    let inner = html! {
        div.figures {
            (three.figure(BarScale::Lying))
            (days.figure(BarScale::Standing(Some((mark, "SLA")))))
        }
        @for (name, value) in verdict::figures(content).iter().filter(|(name, _)| *name != "note") {
            p { (capital(name)) ": " (value) "." }
        }
    };
    section("removal", "Removal", &inner)
}

const COVERAGE: [(&str, &str); 6] = [
    ("approved", "Approved"),
    ("gone", "Revoked and gone"),
    ("there", "Still there"),
    ("pending", "Pending"),
    ("other", "Other"),
    ("never", "Never asked"),
];

fn coverage_bar(name: &str, location: &LocationFigures) -> ChartBar {
    let review = |place: usize| location.reviews[place];
    let numbers = [review(0), location.gone, review(1), review(2), review(3), review(4)];
    let parts = COVERAGE.iter().zip(numbers).map(|((style, _), n)| (*style, n)).collect();
    ChartBar { name: name.to_owned(), parts }
}

pub(super) fn coverage(content: &ReportContent<'_>) -> Markup {
    let all = content.figures.locations_by_size();
    let (top, rest) = all.split_at(all.len().min(TOP_LOCATIONS));
    let bars = |of: &[(String, LocationFigures)]| -> Vec<ChartBar> {
        of.iter().map(|(name, location)| coverage_bar(name, location)).collect()
    };
    let chart = Chart {
        title: "Coverage by location",
        first: "Location",
        legend: &COVERAGE,
        bars: bars(top),
    };
    let n_rest: u64 = rest.iter().map(|(_, location)| location.sum()).sum();
    let never: u64 = rest.iter().map(|(_, location)| location.reviews[4]).sum();
    let inner = html! {
        p.note {
            "Accesses by their review"
            @if let ReportScope::Year(year) = content.scope { " in " (year) }
            ", as shares; the number is how many there are."
            @if !rest.is_empty() {
                " " (plural(rest.len() as u64, "further location has", "further locations have")) " " (grouped(n_rest)) ", of them " (grouped(never)) " never asked."
            }
        }
        (chart.figure(BarScale::Shares))
        @if !rest.is_empty() {
            details {
                summary { "The further locations" }
                table {
                    thead { tr { th scope="col" { "Location" } @for (_, meaning) in COVERAGE { th.n scope="col" { (meaning) } } th.n scope="col" { "All" } } }
                    tbody {
                        @for bar in bars(rest) {
                            tr { th scope="row" { (ShownText(&bar.name)) } @for (_, n) in &bar.parts { td.n { (grouped(*n)) } } td.n { (grouped(bar.sum())) } }
                        }
                    }
                }
            }
        }
    };
    section("coverage", "Coverage by location", &inner)
}

pub(super) fn months(content: &ReportContent<'_>) -> Markup {
    let bars = content
        .figures
        .periods
        .iter()
        .map(|(period, figures)| {
            let done = figures.classes.iter().sum::<u64>() - figures.overdue;
            ChartBar {
                name: period.to_string(),
                parts: vec![("approved", done), ("overdue", figures.overdue)],
            }
        })
        .collect();
    let (title, first) = match content.scope {
        ReportScope::Year(_) => ("Due by month", "Month"),
        ReportScope::All => ("Due by year", "Year"),
    };
    let legend = &[("approved", "In order"), ("overdue", "Overdue")];
    let chart = Chart { title, first, legend, bars };
    section("due", title, &chart.figure(BarScale::Standing(None)))
}
