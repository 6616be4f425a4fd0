//! Stacked bars as inline SVG: each chart has a name and a description for who can't see it.

use std::fmt::Write as _;

use super::escaped;
use super::sections::{css, grouped};
use crate::report::entry::Class;
use crate::report::tally::ByClass;

/// One bar, stacked of the classes.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) classes: ByClass,
}

impl Bar {
    pub(super) fn sum(&self) -> u64 {
        self.classes.iter().sum()
    }
}

const WIDTH: f64 = 560.0;
/// Characters of a bar's name that fit beside it.
const NAME_CHARS: usize = 16;

/// Bars that lie: a name each on the left, the number on the right.
pub(super) fn bars(title: &str, bars: &[Bar], out: &mut String) {
    let (step, left, right) = (30.0, 130.0, 80.0);
    let scale = (WIDTH - left - right) / most(bars);
    begin(title, bars, step * bars.len() as f64 + 6.0, out);
    for (place, bar) in bars.iter().enumerate() {
        let y = step * place as f64 + 4.0;
        let name = escaped(&shortened(&bar.name));
        let _ = write!(
            out,
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            left - 8.0,
            y + 16.0
        );
        let mut x = left;
        for (class, n) in Class::ALL.into_iter().zip(bar.classes).filter(|(_, n)| *n > 0) {
            let width = n as f64 * scale;
            segment(class, [x, y, width, 22.0], out);
            x += width;
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 6.0,
            y + 16.0,
            grouped(bar.sum())
        );
    }
    out.push_str("</svg>\n");
}

/// Bars that stand: a name each below, the number on top.
pub(super) fn columns(title: &str, bars: &[Bar], out: &mut String) {
    let (top, height, bottom) = (22.0, 230.0, 26.0);
    let step = WIDTH / bars.len().max(1) as f64;
    let width = (step * 0.72).min(56.0);
    let scale = height / most(bars);
    let ground = top + height;
    // Where every name finds no room, some are left out; the table below has them all.
    let every = (44.0 / step).ceil().max(1.0) as usize;
    begin(title, bars, ground + bottom, out);
    for (place, bar) in bars.iter().enumerate() {
        let middle = step * (place as f64 + 0.5);
        let mut y = ground;
        for (class, n) in Class::ALL.into_iter().zip(bar.classes).filter(|(_, n)| *n > 0) {
            let tall = n as f64 * scale;
            y -= tall;
            segment(class, [middle - width / 2.0, y, width, tall], out);
        }
        if every == 1 && bar.sum() > 0 {
            let n = grouped(bar.sum());
            let _ = write!(
                out,
                "<text class=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\">{n}</text>",
                y - 5.0
            );
        }
        if place % every == 0 {
            let name = escaped(bar.name.rsplit('-').next().unwrap_or_default());
            let _ = writeln!(
                out,
                "<text class=\"middle\" x=\"{middle:.1}\" y=\"{:.1}\">{name}</text>",
                ground + 18.0
            );
        }
    }
    let _ = writeln!(out, "<path class=\"axis\" d=\"M0 {ground:.1}H{WIDTH:.1}\"/></svg>");
}

fn begin(title: &str, bars: &[Bar], height: f64, out: &mut String) {
    let id = title.to_lowercase().replace(' ', "-");
    let told: Vec<String> =
        bars.iter().map(|bar| format!("{} {}", bar.name, grouped(bar.sum()))).collect();
    let _ = writeln!(
        out,
        "<svg role=\"img\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{}</desc>",
        escaped(&told.join("; "))
    );
}

fn segment(class: Class, [x, y, width, height]: [f64; 4], out: &mut String) {
    let _ = write!(
        out,
        "<rect class=\"{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
        css(class)
    );
}

fn most(bars: &[Bar]) -> f64 {
    bars.iter().map(Bar::sum).max().unwrap_or_default().max(1) as f64
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS - 1).chain(['…']).collect()
}
