//! One self-contained page: it asks for nothing else, reads without its script, and prints.
//!
//! All rows are in it, however many: nothing is cut. Related columns share a cell, so that a row fits a screen and a
//! sheet of paper. What stands above the rows is `sections`, those of them with a chart `charted`, the bars `chart`; all know `text`.

mod chart;
mod charted;
mod sections;
mod text;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::body::BodyFile;
use super::row::{ACCESS_COLUMNS, AccessCells, Cells, RowCell, at};
use super::{ReportContent, ReportFormat, ReportPart};
use text::{escape, escaped};

const TEMPLATE: &str = include_str!("html/template.html");
const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// A page under way.
pub(super) struct Html {
    body: BodyFile,
    accesses: BodyFile,
    line: String,
    part: ReportPart,
    n_in_part: u64,
    n_accesses: u64,
}

/// How a reader narrows a table down by a column: not at all, by its values, or by what they begin with (a state is
/// told with its day, its run or its reason).
#[derive(Clone, Copy)]
enum Pick {
    None,
    Value,
    Kind,
}

/// Headings of a table of responses.
const HEADINGS: [(&str, Pick); 10] = [
    ("Reportee", Pick::None),
    ("Line manager", Pick::Value),
    ("Location", Pick::Value),
    ("Access level", Pick::None),
    ("Status", Pick::Value),
    ("Active", Pick::None),
    ("Access now", Pick::None),
    ("Due", Pick::None),
    ("Goes on", Pick::None),
    ("State", Pick::Kind),
];

impl Html {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Html> {
        Ok(Html {
            body: BodyFile::new(folder)?,
            accesses: BodyFile::new(folder)?,
            line: String::with_capacity(1 << 11),
            part: ReportPart::Dated,
            n_in_part: 0,
            n_accesses: 0,
        })
    }

    fn close_table(&mut self) {
        self.line.push_str(if self.n_in_part > 0 { TABLE_END } else { NONE });
    }

    fn turn_to_undated(&mut self) {
        self.close_table();
        self.line.push_str(
            "</section>\n<section aria-labelledby=\"undated\">\n<h2 id=\"undated\">Responses without a due date</h2>\n",
        );
        (self.part, self.n_in_part) = (ReportPart::Undated, 0);
    }
}

const TABLE_END: &str = "</tbody></table></div>\n";
const NONE: &str = "<p class=\"none\">None.</p>\n";

impl ReportFormat for Html {
    fn row(&mut self, part: ReportPart, cells: &Cells) -> anyhow::Result<()> {
        self.line.clear();
        if part != self.part {
            self.turn_to_undated();
        }
        if self.n_in_part == 0 {
            let id = if part == ReportPart::Undated { "undated" } else { "responses" };
            open_table(id, &HEADINGS, &mut self.line);
        }
        self.n_in_part += 1;
        put_row(cells, &mut self.line);
        Ok(self.body.write_all(self.line.as_bytes())?)
    }

    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()> {
        self.line.clear();
        if self.n_accesses == 0 {
            let label = |place: usize, pick| (ACCESS_COLUMNS[place].label, pick);
            let headings = [
                label(0, Pick::None),
                ("Line manager", Pick::Value),
                label(6, Pick::None),
                label(7, Pick::None),
                label(8, Pick::Value),
                label(9, Pick::Value),
            ];
            open_table("accesses", &headings, &mut self.line);
        }
        self.n_accesses += 1;
        self.line.push_str("<tr><th scope=\"row\">");
        put_person(&cells[0..3], &mut self.line);
        self.line.push_str("</th><td>");
        put_person(&cells[3..6], &mut self.line);
        self.line.push_str("</td>");
        for cell in &cells[6..] {
            self.line.push_str("<td>");
            escape(&cell.to_string(), &mut self.line);
            self.line.push_str("</td>");
        }
        self.line.push_str("</tr>\n");
        Ok(self.accesses.write_all(self.line.as_bytes())?)
    }

    fn finish(
        mut self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        _: Option<&mut File>,
    ) -> anyhow::Result<()> {
        self.line.clear();
        if self.part == ReportPart::Dated {
            self.turn_to_undated();
        }
        self.close_table();
        let rows_end = std::mem::take(&mut self.line);
        let (head, rest) = TEMPLATE.split_once("{{rows}}").unwrap_or((TEMPLATE, ""));
        let (middle, foot) = rest.split_once("{{accesses}}").unwrap_or((rest, ""));
        let csp = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
            csp_hash(STYLE),
            csp_hash(SCRIPT)
        );
        let head = head
            .replace("{{csp}}", &csp)
            .replace("{{style}}", STYLE)
            .replace("{{title}}", &escaped(&content.scope.title()))
            .replace("{{summary}}", &sections::summary(content));
        self.body.finish(head.as_bytes(), format!("{rows_end}{middle}").as_bytes(), out)?;
        let accesses_end = if self.n_accesses > 0 { TABLE_END } else { NONE };
        let foot = format!("{accesses_end}{}", foot.replace("{{script}}", SCRIPT));
        self.accesses.finish(b"", foot.as_bytes(), out)
    }
}

/// What a Content-Security-Policy allows an inline element by.
fn csp_hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn open_table(labelled_by: &str, headings: &[(&str, Pick)], out: &mut String) {
    out.push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"");
    out.push_str(labelled_by);
    out.push_str("\"><table class=\"rows\" aria-labelledby=\"");
    out.push_str(labelled_by);
    out.push_str("\"><thead><tr>");
    for (heading, pick) in headings {
        out.push_str(match pick {
            Pick::None => "<th scope=\"col\">",
            Pick::Value => "<th scope=\"col\" data-pick>",
            Pick::Kind => "<th scope=\"col\" data-pick=\"kind\">",
        });
        escape(heading, out);
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
}

fn put_row(cells: &Cells, out: &mut String) {
    out.push_str("<tr><th scope=\"row\">");
    put_person(&cells[at::REPORTEE..=at::REPORTEE + 2], out);
    // Numbers count managers by their id, however their names are written.
    out.push_str("</th><td data-id=\"");
    escape(cells[at::MANAGER].as_text(), out);
    out.push_str("\">");
    put_person(&cells[at::MANAGER..=at::MANAGER + 2], out);
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
    out.push_str("</td>");
    for place in [at::ACTIVE, at::ACCESS] {
        out.push_str("<td>");
        escape(&cells[place].to_string(), out);
        out.push_str("</td>");
    }
    for place in [at::DUE, at::EFFECTIVE] {
        out.push_str("<td>");
        if let RowCell::Day(day) = &cells[place] {
            out.push_str("<time>");
            out.push_str(&day.to_string());
            out.push_str("</time>");
        }
        out.push_str("</td>");
    }
    let state = cells[at::STATE].to_string();
    let needs = ["access remains", "given again", "unanswered", "left alone"];
    let done = ["executed", "already absent", "gone", "closed"];
    let begins = |words: &[&str]| words.iter().any(|word| state.starts_with(word));
    out.push_str(if begins(&needs) {
        "<td class=\"s-overdue\">"
    } else if begins(&done) {
        "<td class=\"s-executed\">"
    } else {
        "<td>"
    });
    escape(&state, out);
    out.push_str("</td></tr>\n");
}

/// Id, name and mail of a person, as far as they are known: the name in front.
fn put_person(person: &[RowCell], out: &mut String) {
    let [id, name, mail] = person else { return };
    match name {
        RowCell::Empty => escape(&id.to_string(), out),
        name => {
            escape(&name.to_string(), out);
            put_small(&id.to_string(), out);
        }
    }
    if *mail != RowCell::Empty {
        put_small(&mail.to_string(), out);
    }
}

/// The blank in front keeps the words apart for who reads the text alone.
fn put_small(text: &str, out: &mut String) {
    out.push_str(" <small>");
    escape(text, out);
    out.push_str("</small>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
    }
}
