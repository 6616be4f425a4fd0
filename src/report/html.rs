//! One self-contained page: it asks for nothing else, reads without its script, and prints.
//!
//! All rows are in it, however many: nothing is cut. Related columns share a cell, so that a row
//! fits a screen and a sheet of paper.

mod chart;
mod sections;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::body::Body;
use super::entry::{Cell, Cells, State, at};
use super::{Format, Part, Told};

const TEMPLATE: &str = include_str!("html/template.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// A page under way.
pub(super) struct Html {
    body: Body,
    line: String,
    part: Part,
    n_in_part: u64,
}

/// Headings of a table of rows, and whether they stand above numbers.
const HEADINGS: [&str; 10] = [
    "Reportee",
    "Line manager",
    "Location",
    "Access level",
    "Status",
    "Active",
    "Manager's revoke date",
    "Recertification due",
    "Effective revoke date",
    "State",
];

impl Html {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Html> {
        let body = Body::new(folder)?;
        Ok(Html { body, line: String::with_capacity(1 << 11), part: Part::Dated, n_in_part: 0 })
    }

    fn close_table(&mut self) {
        self.line.push_str(if self.n_in_part > 0 {
            "</tbody></table></div>\n"
        } else {
            "<p class=\"none\">None.</p>\n"
        });
    }

    fn turn_to_undated(&mut self) {
        self.close_table();
        self.line.push_str(
            "</section>\n<section aria-labelledby=\"undated\">\n<h2 id=\"undated\">Without due date</h2>\n",
        );
        (self.part, self.n_in_part) = (Part::Undated, 0);
    }
}

impl Format for Html {
    fn row(&mut self, part: Part, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        if part != self.part {
            self.turn_to_undated();
        }
        if self.n_in_part == 0 {
            let id = if part == Part::Undated { "undated" } else { "responses" };
            open_table(id, &mut self.line);
        }
        self.n_in_part += 1;
        put_row(cells, &mut self.line);
        Ok(self.body.write_all(self.line.as_bytes())?)
    }

    fn finish(mut self: Box<Self>, told: &Told<'_>, out: &mut File) -> anyhow::Result<()> {
        self.line.clear();
        if self.part == Part::Dated {
            self.turn_to_undated();
        }
        self.close_table();
        let rows_end = std::mem::take(&mut self.line);
        let (head, foot) = TEMPLATE.split_once("{{rows}}").unwrap_or((TEMPLATE, ""));
        let csp = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
        );
        let head = head
            .replace("{{csp}}", &csp)
            .replace("{{style}}", STYLE)
            .replace("{{title}}", &escaped(&told.scope.title()))
            .replace("{{subtitle}}", &escaped(&sections::subtitle(told)))
            .replace("{{summary}}", &sections::summary(told));
        let foot = format!("{rows_end}{}", foot.replace("{{script}}", SCRIPT));
        self.body.finish(head.as_bytes(), foot.as_bytes(), out)
    }
}

/// What a Content-Security-Policy allows an inline element by.
fn csp_hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn open_table(labelled_by: &str, out: &mut String) {
    out.push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"");
    out.push_str(labelled_by);
    out.push_str("\"><table class=\"rows\" aria-labelledby=\"");
    out.push_str(labelled_by);
    out.push_str("\"><thead><tr>");
    for heading in HEADINGS {
        out.push_str("<th scope=\"col\">");
        escape(heading, out);
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
}

fn put_row(cells: &Cells, out: &mut String) {
    out.push_str("<tr><th scope=\"row\">");
    put_person(&cells[at::REPORTEE..=at::REPORTEE + 2], out);
    out.push_str("</th><td>");
    put_person(&cells[at::REPORTEE + 3..=at::REPORTEE + 5], out);
    out.push_str("</td>");
    for place in [at::LOCATION, at::LEVEL] {
        out.push_str("<td>");
        escape(&cells[place].to_string(), out);
        out.push_str("</td>");
    }
    out.push_str("<td>");
    let (class, status) = (cells[at::CLASS].to_string(), cells[at::STATUS].to_string());
    escape(&class, out);
    if !status.eq_ignore_ascii_case(&class) && !status.is_empty() {
        put_small(&status, out);
    }
    out.push_str("</td><td>");
    escape(&cells[at::ACTIVE].to_string(), out);
    out.push_str("</td>");
    for place in [at::BY_MANAGER, at::DUE, at::EFFECTIVE] {
        out.push_str("<td>");
        if let Cell::Day(day) = &cells[place] {
            out.push_str("<time>");
            out.push_str(&day.to_string());
            out.push_str("</time>");
        }
        out.push_str("</td>");
    }
    let state = cells[at::STATE].to_string();
    let word = State::WORDS.iter().find(|word| state.starts_with(**word)).unwrap_or(&"open");
    out.push_str("<td class=\"s-");
    out.push_str(word);
    out.push_str("\">");
    escape(&state, out);
    out.push_str("</td></tr>\n");
}

/// Id, name and mail of a person, as far as they are known: the name in front.
fn put_person(person: &[Cell], out: &mut String) {
    let [id, name, mail] = person else { return };
    match name {
        Cell::Empty => escape(&id.to_string(), out),
        name => {
            escape(&name.to_string(), out);
            put_small(&id.to_string(), out);
        }
    }
    if *mail != Cell::Empty {
        put_small(&mail.to_string(), out);
    }
}

/// The blank in front keeps the words apart for who reads the text alone.
fn put_small(text: &str, out: &mut String) {
    out.push_str(" <small>");
    escape(text, out);
    out.push_str("</small>");
}

/// Appends text as HTML: markup in it is shown, not meant.
fn escape(text: &str, out: &mut String) {
    let mut plain_from = 0;
    for (place, byte) in text.bytes().enumerate() {
        let entity = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            // Forbidden in HTML; shown as a sign that something was there.
            0..=8 | 11..=12 | 14..=31 | 127 => "\u{fffd}",
            _ => continue,
        };
        out.push_str(&text[plain_from..place]);
        out.push_str(entity);
        plain_from = place + 1;
    }
    out.push_str(&text[plain_from..]);
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(
            escaped("<b>\"O'Brien\" & \u{1}Žofie</b>"),
            "&lt;b&gt;&quot;O&#39;Brien&quot; &amp; \u{fffd}Žofie&lt;/b&gt;"
        );
    }

    #[test]
    fn style_and_script_cannot_end_their_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}
