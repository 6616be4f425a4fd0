//! What stands above the rows: overdue, population, charts, reconciliation, evidence.

use super::chart::{self, Bar};
use super::{escape, escaped};
use crate::report::entry::{Class, State};
use crate::report::tally::{ByClass, Period, TOP_LOCATIONS, Tally};
use crate::report::{STATES_MEAN, Scope, Told};

pub(super) fn subtitle(told: &Told<'_>) -> String {
    format!(
        "As of {}. {} responses{}.",
        told.summary.as_of,
        grouped(told.tally.population),
        match told.tally.undated {
            0 => String::new(),
            n => format!(", and {} without a due date, which stand apart", grouped(n)),
        }
    )
}

pub(super) fn summary(told: &Told<'_>) -> String {
    let mut out = String::new();
    overdue(told.tally, &mut out);
    population(told.tally, &mut out);
    charts(told, &mut out);
    reconciliation(told.tally, &mut out);
    evidence(told, &mut out);
    out
}

fn overdue(tally: &Tally, out: &mut String) {
    section("overdue", "Overdue", out);
    out.push_str("<ul class=\"cards\">\n");
    for (class, what) in [
        (Class::Revoked, "revoked, and the access is still there"),
        (Class::Pending, "pending, and the due date has passed"),
    ] {
        let n = tally.states[class as usize][State::Overdue.place()];
        card(if n > 0 { "alarm" } else { "well" }, n, what, out);
    }
    out.push_str("</ul>\n");
    if !tally.longest.is_empty() {
        out.push_str("<table>\n<caption>Overdue longest</caption>\n<thead><tr>");
        for heading in ["Since", "Reportee", "Name", "Location", "Class"] {
            out.push_str(&format!("<th scope=\"col\">{heading}</th>"));
        }
        out.push_str("</tr></thead><tbody>\n");
        for late in &tally.longest {
            out.push_str(&format!("<tr><td><time>{}</time></td>", late.since));
            for (place, cell) in late.shown.iter().enumerate() {
                let text = escaped(&cell.to_string());
                out.push_str(&match place {
                    0 => format!("<th scope=\"row\">{text}</th>"),
                    _ => format!("<td>{text}</td>"),
                });
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody></table>\n");
    }
    out.push_str("</section>\n");
}

fn population(tally: &Tally, out: &mut String) {
    section("population", "Population", out);
    out.push_str("<ul class=\"cards\">\n");
    card("", tally.population, "responses", out);
    for class in Class::ALL {
        card(css(class), tally.classes[class as usize], &class.word().to_lowercase(), out);
    }
    card("", tally.undated, "without a due date, apart", out);
    out.push_str("</ul>\n<table>\n<caption>All responses of this report, with those that have no due date, by class and state</caption>\n");
    head_row("Class", &["Overdue", "Scheduled", "Executed", "Open", "All"], out);
    out.push_str("<tbody>\n");
    for class in Class::ALL {
        let states = tally.states[class as usize];
        number_row(class.word(), states.iter().copied().chain([states.iter().sum()]), out);
    }
    out.push_str("</tbody><tfoot>\n");
    let states = (0..4).map(|state| tally.in_state(state));
    number_row("All", states.chain([tally.n_rows()]), out);
    out.push_str("</tfoot></table>\n");
    out.push_str(&format!("<p class=\"note\">{STATES_MEAN}</p>\n"));
    others(tally, out);
    out.push_str("</section>\n");
}

fn others(tally: &Tally, out: &mut String) {
    let mut parts: Vec<String> =
        tally.others.iter().map(|(status, n)| format!("{status}: {}", grouped(*n))).collect();
    if tally.others_unnamed > 0 {
        parts.push(format!("yet others: {}", grouped(tally.others_unnamed)));
    }
    if !parts.is_empty() {
        out.push_str(&format!("<p>Other statuses: {}.</p>\n", escaped(&parts.join(", "))));
    }
    let years: Vec<String> =
        tally.other_years.iter().map(|(year, n)| format!("{year}: {}", grouped(*n))).collect();
    if !years.is_empty() {
        out.push_str(&format!("<p>In the reports of other years: {}.</p>\n", years.join(", ")));
    }
}

fn charts(told: &Told<'_>, out: &mut String) {
    let tally = told.tally;
    section("charts", "Charts", out);
    out.push_str("<div class=\"figures\">\n");
    let split: Vec<Bar> = Class::ALL
        .into_iter()
        .map(|class| {
            let mut classes = ByClass::default();
            classes[class as usize] = tally.classes[class as usize];
            Bar { name: class.word().to_owned(), classes }
        })
        .collect();
    figure("Answers", "Class", &split, false, out);

    let name = |period: &Period| match period.month {
        0 => period.year.to_string(),
        month => format!("{}-{month:02}", period.year),
    };
    let bar =
        |(period, classes): (&Period, &ByClass)| Bar { name: name(period), classes: *classes };
    let periods: Vec<Bar> = tally.periods.iter().map(bar).collect();
    let (title, first) = match told.scope {
        Scope::Year(_) => ("Due by month", "Month"),
        Scope::All => ("Due by year", "Year"),
    };
    figure(title, first, &periods, true, out);

    let locations: Vec<Bar> = tally
        .top_locations(TOP_LOCATIONS)
        .into_iter()
        .map(|(name, classes)| Bar { name, classes })
        .collect();
    figure("By location", "Location", &locations, false, out);
    out.push_str("</div>\n</section>\n");
}

/// A chart, its legend, and the same figures as a table.
fn figure(title: &str, first: &str, bars: &[Bar], upright: bool, out: &mut String) {
    out.push_str(&format!("<figure>\n<h3>{title}</h3>\n"));
    if bars.iter().all(|bar| bar.sum() == 0) {
        out.push_str("<p class=\"none\">Nothing to show.</p>\n</figure>\n");
        return;
    }
    if upright {
        chart::columns(title, bars, out)
    } else {
        chart::bars(title, bars, out)
    }
    out.push_str("<ul class=\"legend\">");
    for class in Class::ALL {
        out.push_str(&format!(
            "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{}\" width=\"10\" height=\"10\"/></svg>{}</li>",
            css(class),
            class.word()
        ));
    }
    out.push_str("</ul>\n<details><summary>Figures</summary>\n<table>\n");
    head_row(first, &["Approved", "Revoked", "Pending", "Other", "All"], out);
    out.push_str("<tbody>\n");
    for bar in bars {
        number_row(&bar.name, bar.classes.into_iter().chain([bar.sum()]), out);
    }
    out.push_str("</tbody></table>\n</details>\n</figure>\n");
}

fn reconciliation(tally: &Tally, out: &mut String) {
    section("reconciliation", "Reconciliation", out);
    out.push_str("<p>Every row of the table is in exactly one place:</p>\n<ul>\n");
    for sum in tally.equations() {
        out.push_str(&format!("<li>{}</li>\n", escaped(&sum.to_string())));
    }
    out.push_str("</ul>\n</section>\n");
}

fn evidence(told: &Told<'_>, out: &mut String) {
    section("evidence", "Evidence", out);
    out.push_str("<table class=\"evidence\"><tbody>\n");
    let lines = told.evidence.lines(told.tally);
    for (name, value) in lines.iter().filter(|(name, _)| *name != "reconciliation") {
        let (name, value) = (escaped(name), escaped(value));
        out.push_str(&format!("<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>\n"));
    }
    out.push_str("</tbody></table>\n</section>\n");
}

fn section(id: &str, heading: &str, out: &mut String) {
    out.push_str(&format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n"));
}

fn card(class: &str, n: u64, what: &str, out: &mut String) {
    out.push_str(&format!(
        "<li class=\"{class}\"><data value=\"{n}\">{}</data> {what}</li>\n",
        grouped(n)
    ));
}

fn head_row(first: &str, others: &[&str], out: &mut String) {
    out.push_str(&format!("<thead><tr><th scope=\"col\">{first}</th>"));
    for other in others {
        out.push_str(&format!("<th scope=\"col\" class=\"n\">{other}</th>"));
    }
    out.push_str("</tr></thead>\n");
}

fn number_row(name: &str, numbers: impl Iterator<Item = u64>, out: &mut String) {
    out.push_str("<tr><th scope=\"row\">");
    escape(name, out);
    out.push_str("</th>");
    for n in numbers {
        out.push_str(&format!("<td class=\"n\">{}</td>", grouped(n)));
    }
    out.push_str("</tr>\n");
}

pub(super) fn css(class: Class) -> &'static str {
    match class {
        Class::Approved => "approved",
        Class::Revoked => "revoked",
        Class::Pending => "pending",
        Class::Other => "other",
    }
}

/// A number with a comma before every three digits.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), text);
        }
    }
}
