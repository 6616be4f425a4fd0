//! Bars as inline SVG: each chart has a name and a description for who can't see it, and its figures as a table.

use maud::{Markup, html};

use super::text::ShownText;
use crate::report::verdict::grouped;

/// A part of a bar: its style, and how much.
pub(super) type BarPart = (&'static str, u64);

/// One bar, stacked.
pub(super) struct ChartBar {
    pub(super) name: String,
    pub(super) parts: Vec<BarPart>,
}

impl ChartBar {
    pub(super) fn sum(&self) -> u64 {
        self.parts.iter().map(|(_, n)| n).sum()
    }
}

/// A chart, what its colours mean, and what its table is called.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    pub(super) first: &'a str,
    /// Style and meaning of each part.
    pub(super) legend: &'a [(&'static str, &'static str)],
    pub(super) bars: Vec<ChartBar>,
}

const WIDTH: f64 = 560.0;
/// Characters of a bar's name that fit beside it.
const NAME_CHARS: usize = 16;

/// How the bars stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BarScale {
    /// Lying, of one scale.
    Lying,
    /// Lying, all of the same length: shares.
    Shares,
    /// Standing, of one scale; `mark`: a line in front of this bar, and what it says.
    Standing(Option<(usize, &'static str)>),
}

impl Chart<'_> {
    /// The chart, its legend, and the same figures as a table.
    pub(super) fn figure(&self, scale: BarScale) -> Markup {
        html! {
            figure {
                h3 { (self.title) }
                @if self.bars.iter().all(|bar| bar.sum() == 0) {
                    p.none { "Nothing to show." }
                } @else {
                    @match scale {
                        BarScale::Standing(mark) => (self.standing(mark)),
                        _ => (self.lying(scale == BarScale::Shares)),
                    }
                    @if self.legend.len() > 1 {
                        ul.legend {
                            @for (style, meaning) in self.legend {
                                li { svg viewBox="0 0 10 10" aria-hidden="true" { rect class=(style) width="10" height="10" {} } (meaning) }
                            }
                        }
                    }
                    (self.table())
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            details {
                summary { "Figures" }
                table {
                    thead { tr {
                        th scope="col" { (self.first) }
                        @for (_, meaning) in self.legend { th.n scope="col" { (meaning) } }
                        @if self.legend.len() > 1 { th.n scope="col" { "All" } }
                    } }
                    tbody {
                        @for bar in &self.bars {
                            tr {
                                th scope="row" { (ShownText(&bar.name)) }
                                @for (_, n) in &bar.parts { td.n { (grouped(*n)) } }
                                @if self.legend.len() > 1 { td.n { (grouped(bar.sum())) } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn svg(&self, height: f64, drawn: &Markup) -> Markup {
        let id = self.title.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "-");
        let told: Vec<String> =
            self.bars.iter().map(|bar| format!("{} {}", bar.name, grouped(bar.sum()))).collect();
        html! {
            svg role="img" viewBox=(format!("0 0 {WIDTH:.0} {height:.0}")) aria-labelledby=(format!("{id}-title {id}-desc")) {
                title id=(format!("{id}-title")) { (self.title) }
                desc id=(format!("{id}-desc")) { (ShownText(&told.join("; "))) }
                (drawn)
            }
        }
    }

    fn most(&self) -> f64 {
        self.bars.iter().map(ChartBar::sum).max().unwrap_or_default().max(1) as f64
    }

    /// Bars that lie: a name each on the left, the number on the right.
    fn lying(&self, shares: bool) -> Markup {
        let (step, left, right) = (30.0, 130.0, 70.0);
        let room = WIDTH - left - right;
        let drawn = html! {
            @for (place, bar) in self.bars.iter().enumerate() {
                @let y = step * place as f64 + 4.0;
                @let all = if shares { bar.sum().max(1) as f64 } else { self.most() };
                text.end x=(left - 8.0) y=(y + 16.0) { (ShownText(&shortened(&bar.name))) }
                @for (style, from, width) in stack(bar, room / all) {
                    rect class=(style) x=(px(left + from)) y=(px(y)) width=(px(width)) height="22" {}
                }
                @let x = left + bar.sum() as f64 * room / all;
                text x=(px(x + 6.0)) y=(y + 16.0) { (grouped(bar.sum())) }
            }
        };
        self.svg(step * self.bars.len() as f64 + 6.0, &drawn)
    }

    /// Bars that stand: a name each below, the number on top.
    fn standing(&self, mark: Option<(usize, &'static str)>) -> Markup {
        let (top, height, bottom) = (26.0, 226.0, 26.0);
        let step = WIDTH / self.bars.len().max(1) as f64;
        let width = (step * 0.72).min(56.0);
        let scale = height / self.most();
        let ground = top + height;
        // Where every name finds no room, some are left out; the table below has them all.
        let every = (44.0 / step).ceil().max(1.0) as usize;
        let drawn = html! {
            @for (place, bar) in self.bars.iter().enumerate() {
                @let middle = step * (place as f64 + 0.5);
                @for (style, from, tall) in stack(bar, scale) {
                    rect class=(style) x=(px(middle - width / 2.0)) y=(px(ground - from - tall)) width=(px(width)) height=(px(tall)) {}
                }
                @let y = ground - bar.sum() as f64 * scale;
                @if every == 1 && bar.sum() > 0 {
                    text.middle x=(px(middle)) y=(px(y - 5.0)) { (grouped(bar.sum())) }
                }
                @if place % every == 0 {
                    text.middle x=(px(middle)) y=(ground + 18.0) { (ShownText(short_label(&bar.name))) }
                }
            }
            path.axis d=(format!("M0 {ground:.1}H{WIDTH:.1}")) {}
            @if let Some((place, says)) = mark {
                @let x = step * place as f64;
                path.mark d=(format!("M{x:.1} 4V{ground:.1}")) {}
                text x=(px(x + 5.0)) y="14" { (says) }
            }
        };
        self.svg(ground + bottom, &drawn)
    }
}

/// The parts of a bar that are there: style, where it begins, and how long it is.
fn stack(bar: &ChartBar, scale: f64) -> Vec<(&'static str, f64, f64)> {
    let mut from = 0.0;
    let part = |(style, n): &BarPart| {
        let (begins, length) = (from, *n as f64 * scale);
        from += length;
        (*style, begins, length)
    };
    bar.parts.iter().filter(|(_, n)| *n > 0).map(part).collect()
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}

/// Of a month of the year, the month.
fn short_label(name: &str) -> &str {
    match name.split_once('-') {
        Some((year, month)) if year.len() == 4 => month,
        _ => name,
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS - 1).chain(['…']).collect()
}
