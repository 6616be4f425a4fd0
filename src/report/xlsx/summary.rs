//! The first sheet: verdict, what needs somebody, removal, coverage, months, independence, exceptions, evidence;
//! on the left the figures, on the right their charts.

use rust_xlsxwriter::{Format as Style, FormatAlign, FormatBorder, Worksheet};

use super::charts::{self, ChartedRows};
use super::{HEADER_FILL, plain};
use crate::report::figures::{Figures, LocationFigures, TOP_LOCATIONS};
use crate::report::state::STATES;
use crate::report::verdict::{self, capital, oldest_days};
use crate::report::{ReportContent, ReportScope};

/// Columns the figures stand in.
const LAST_COLUMN: u16 = 7;
/// The charts begin behind them.
const CHART_COLUMN: u16 = LAST_COLUMN + 2;
/// Characters of a line across the columns behind the first.
const TOLD_CHARS: usize = 72;
/// Line managers named here; the next sheet has all.
const MANAGERS_SHOWN: usize = 10;
const COVERAGE: [&str; 6] =
    ["Approved", "Revoked, gone", "Still there", "Pending", "Other", "Never asked"];

/// Writes down the sheet from top to bottom.
struct Writer<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    styles: SummaryStyles,
}

struct SummaryStyles {
    title: Style,
    verdict: Style,
    faint: Style,
    alarm_text: Style,
    heading: Style,
    header: Style,
    header_right: Style,
    label: Style,
    number: Style,
    alarm: Style,
    wrapped: Style,
}

impl SummaryStyles {
    fn new() -> SummaryStyles {
        let header = Style::new()
            .set_bold()
            .set_font_color(0xFFFFFF_u32)
            .set_background_color(HEADER_FILL)
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter);
        let number = Style::new().set_num_format("#,##0").set_align(FormatAlign::VerticalCenter);
        let alarm_text = Style::new().set_bold().set_font_color(0x9C0006_u32).set_text_wrap();
        SummaryStyles {
            title: Style::new().set_bold().set_font_size(20).set_font_color(HEADER_FILL),
            verdict: Style::new()
                .set_bold()
                .set_font_size(12)
                .set_text_wrap()
                .set_align(FormatAlign::Top),
            faint: Style::new()
                .set_font_color(0x595959_u32)
                .set_text_wrap()
                .set_align(FormatAlign::Top),
            heading: Style::new()
                .set_bold()
                .set_font_size(13)
                .set_font_color(HEADER_FILL)
                .set_border_bottom(FormatBorder::Thin),
            header_right: header.clone().set_align(FormatAlign::Right),
            header,
            label: Style::new().set_align(FormatAlign::VerticalCenter),
            alarm: number
                .clone()
                .set_bold()
                .set_font_color(0x9C0006_u32)
                .set_background_color(0xFFC7CE_u32),
            alarm_text,
            number,
            wrapped: Style::new().set_text_wrap().set_align(FormatAlign::Top),
        }
    }
}

/// Fills the sheet.
pub(super) fn fill(sheet: &mut Worksheet, content: &ReportContent<'_>) -> anyhow::Result<()> {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 2);
    sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_footer("&L&F&RPage &P of &N").set_screen_gridlines(false);
    sheet.set_column_width(0, 46)?;
    for column in 1..=LAST_COLUMN {
        sheet.set_column_width(column, 11)?;
    }
    sheet.set_column_width(LAST_COLUMN + 1, 3)?;
    let mut writer = Writer { sheet, row: 0, styles: SummaryStyles::new() };
    writer.head(content)?;
    writer.needs(content)?;
    writer.states(content)?;
    writer.managers(content)?;
    let removal = writer.removal(content)?;
    let coverage = writer.coverage(content)?;
    let months = writer.months(content)?;
    writer.independence(content.figures)?;
    writer.exceptions(content.figures)?;
    writer.evidence(content)?;
    let rows = ChartedRows { removal, coverage, months };
    charts::place(sheet, CHART_COLUMN, content.scope, &rows, &COVERAGE)
}

impl Writer<'_> {
    fn text(
        &mut self,
        column: u16,
        text: &str,
        style: fn(&SummaryStyles) -> &Style,
    ) -> anyhow::Result<()> {
        let style = style(&self.styles);
        self.sheet.write_string_with_format(self.row, column, &*plain(text), style)?;
        Ok(())
    }

    fn number(&mut self, column: u16, n: u64, is_alarm: bool) -> anyhow::Result<()> {
        let style = if is_alarm { &self.styles.alarm } else { &self.styles.number };
        self.sheet.write_number_with_format(self.row, column, n as f64, style)?;
        Ok(())
    }

    /// A sentence across all columns; it is no table.
    fn sentence(&mut self, text: &str, style: fn(&SummaryStyles) -> &Style) -> anyhow::Result<()> {
        let lines = text.chars().count().div_ceil(110).max(1) as u32;
        self.sheet.set_row_height(self.row, 17 * lines)?;
        let style = style(&self.styles).clone();
        self.sheet.merge_range(self.row, 0, self.row, LAST_COLUMN, &plain(text), &style)?;
        self.row += 1;
        Ok(())
    }

    fn heading(&mut self, text: &str) -> anyhow::Result<()> {
        self.row += 1;
        self.sheet.set_row_height(self.row, 20)?;
        for column in 0..=LAST_COLUMN {
            self.text(column, if column == 0 { text } else { "" }, |styles| &styles.heading)?;
        }
        self.row += 1;
        Ok(())
    }

    fn header(&mut self, names: &[&str]) -> anyhow::Result<()> {
        self.sheet.set_row_height(self.row, 30)?;
        for (column, name) in (0..).zip(names) {
            if column == 0 {
                self.text(0, name, |styles| &styles.header)?;
            } else {
                self.text(column, name, |styles| &styles.header_right)?;
            }
        }
        self.row += 1;
        Ok(())
    }

    /// A name, and numbers behind it.
    fn figures(&mut self, name: &str, numbers: &[u64]) -> anyhow::Result<()> {
        self.text(0, name, |styles| &styles.label)?;
        for (column, n) in (1..).zip(numbers) {
            self.number(column, *n, false)?;
        }
        self.row += 1;
        Ok(())
    }

    fn head(&mut self, content: &ReportContent<'_>) -> anyhow::Result<()> {
        self.sheet.set_row_height(0, 30)?;
        self.text(0, &content.scope.title(), |styles| &styles.title)?;
        self.row = 1;
        self.sentence(&verdict::sentence(content), |styles| &styles.verdict)?;
        let is_proven = content.evidence.problems.is_empty();
        let style: fn(&SummaryStyles) -> &Style =
            if is_proven { |styles| &styles.faint } else { |styles| &styles.alarm_text };
        self.sentence(&verdict::proof(content), style)?;
        if let Some(note) = verdict::note(content) {
            self.sentence(&note, |styles| &styles.faint)?;
        }
        Ok(())
    }

    fn needs(&mut self, content: &ReportContent<'_>) -> anyhow::Result<()> {
        let figures = content.figures;
        self.heading("What needs somebody")?;
        for (name, n) in [
            ("Access that remains although revoked", figures.remains.n),
            ("Given again after a removal", figures.given_again.n),
            ("Unanswered past due", figures.unanswered.n),
            ("Never asked", figures.never_asked.n),
            ("Orphans: the user is not in USER_TAB", figures.orphans.n),
        ] {
            self.text(0, name, |styles| &styles.label)?;
            self.number(1, n, n > 0)?;
            self.text(2, if n > 0 { "  to do" } else { "  nothing to do" }, |styles| {
                &styles.label
            })?;
            self.row += 1;
        }
        Ok(())
    }

    fn states(&mut self, content: &ReportContent<'_>) -> anyhow::Result<()> {
        let tally = content.tally;
        self.heading("Responses by what became of them")?;
        self.header(&["State", "Approved", "Revoked", "Pending", "Other", "All"])?;
        for (place, (_, words)) in
            STATES.iter().enumerate().filter(|(place, _)| tally.in_state(*place) > 0)
        {
            let mut numbers: Vec<u64> = tally.states.iter().map(|states| states[place]).collect();
            numbers.push(tally.in_state(place));
            self.figures(&capital(words), &numbers)?;
        }
        let mut all: Vec<u64> = tally.states.iter().map(|states| states.iter().sum()).collect();
        all.push(tally.n_rows());
        self.figures("All of this report", &all)?;
        for (status, n) in &tally.others {
            self.figures(&format!("Other status: {status}"), &[*n])?;
        }
        for (year, n) in &tally.other_years {
            self.figures(&format!("In the report of {year}"), &[*n])?;
        }
        Ok(())
    }

    fn managers(&mut self, content: &ReportContent<'_>) -> anyhow::Result<()> {
        self.heading("Whom to ask")?;
        self.header(&["Line manager (of today)", "Answered", "Open", "Overdue", "Oldest, days"])?;
        let managers = content.figures.managers_to_ask();
        for (id, manager) in managers.iter().take(MANAGERS_SHOWN) {
            let name = match id.is_empty() {
                true => "nobody is known".to_owned(),
                false => format!("{} {id} {}", manager.name, manager.mail).trim().to_owned(),
            };
            let oldest = oldest_days(manager, content).and_then(|days| u64::try_from(days).ok());
            let numbers =
                [Some(manager.answered), Some(manager.open), Some(manager.overdue), oldest];
            self.figures(&name, &numbers.into_iter().flatten().collect::<Vec<_>>())?;
        }
        if managers.len() > MANAGERS_SHOWN {
            let all = format!("All {} stand in the sheet Managers.", managers.len());
            self.sentence(&all, |styles| &styles.faint)?;
        }
        Ok(())
    }

    /// Days and executions; first and last row are returned for the chart.
    fn removal(&mut self, content: &ReportContent<'_>) -> anyhow::Result<(u32, u32)> {
        self.heading("Removal")?;
        for (name, value) in verdict::figures(content).iter().filter(|(name, _)| *name != "note") {
            self.sentence(&format!("{}: {value}.", capital(name)), |styles| &styles.wrapped)?;
        }
        self.header(&["Days", "Removals"])?;
        let first = self.row;
        for bar in content.figures.removals.bars() {
            let days = if bar.in_time { bar.label } else { format!("{} (late)", bar.label) };
            self.figures(&days, &[bar.n])?;
        }
        Ok((first, self.row.max(first + 1) - 1))
    }

    fn coverage(&mut self, content: &ReportContent<'_>) -> anyhow::Result<(u32, u32)> {
        self.heading("Coverage by location")?;
        let mut names = vec!["Location"];
        names.extend(COVERAGE);
        names.push("All");
        self.header(&names)?;
        let first = self.row;
        let all = content.figures.locations_by_size();
        let (top, rest) = all.split_at(all.len().min(TOP_LOCATIONS));
        for (name, location) in top {
            self.figures(name, &coverage(location))?;
        }
        let last = self.row.max(first + 1) - 1;
        if !rest.is_empty() {
            let mut sum = [0; 7];
            for (_, location) in rest {
                sum.iter_mut().zip(coverage(location)).for_each(|(sum, n)| *sum += n);
            }
            self.figures(&format!("{} further locations", rest.len()), &sum)?;
        }
        Ok((first, last))
    }

    fn months(&mut self, content: &ReportContent<'_>) -> anyhow::Result<(u32, u32)> {
        let (heading, first) = match content.scope {
            ReportScope::Year(_) => ("Due by month", "Month"),
            ReportScope::All => ("Due by year", "Year"),
        };
        self.heading(heading)?;
        self.header(&[first, "In order", "Overdue", "All"])?;
        let first = self.row;
        for (period, figures) in &content.figures.periods {
            let all: u64 = figures.classes.iter().sum();
            self.figures(&period.to_string(), &[all - figures.overdue, figures.overdue, all])?;
        }
        Ok((first, self.row.max(first + 1) - 1))
    }

    fn independence(&mut self, figures: &Figures) -> anyhow::Result<()> {
        self.heading("Independence")?;
        for (name, n) in [
            ("Reportees who are their own line manager", figures.self_managed.n),
            ("Reportees whose line manager nobody knows", figures.unmanaged.n),
            ("Line managers who are not in USER_TAB", figures.departed_managers().len() as u64),
            ("Accesses both approved and revoked", figures.contradictory.n),
            (
                "Managers (of today) who approved all of 5 or more",
                figures.approvers_of_all().len() as u64,
            ),
        ] {
            self.figures(name, &[n])?;
        }
        Ok(())
    }

    fn exceptions(&mut self, figures: &Figures) -> anyhow::Result<()> {
        self.heading("Exceptions")?;
        if figures.exceptions.is_empty() {
            self.text(0, "None", |styles| &styles.label)?;
            self.row += 1;
        }
        for exception in &figures.exceptions {
            let told = format!(
                "{} by {}: {} (run {})",
                exception.what,
                exception.who,
                exception.reason(),
                exception.run
            );
            self.told(&format!("{} {}", exception.day, exception.job), &told)?;
        }
        Ok(())
    }

    /// A name, and a text across the columns behind it; it is no table.
    fn told(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        let lines = text.chars().count().div_ceil(TOLD_CHARS).max(1) as u32;
        self.sheet.set_row_height(self.row, 17 * lines)?;
        self.text(0, name, |styles| &styles.wrapped)?;
        let style = self.styles.wrapped.clone();
        self.sheet.merge_range(self.row, 1, self.row, LAST_COLUMN, &plain(text), &style)?;
        self.row += 1;
        Ok(())
    }

    fn evidence(&mut self, content: &ReportContent<'_>) -> anyhow::Result<()> {
        self.heading("Evidence")?;
        for (name, value) in content.evidence.lines(content.tally) {
            self.told(name, &value)?;
        }
        Ok(())
    }
}

fn coverage(location: &LocationFigures) -> [u64; 7] {
    let [approved, there, pending, other, never] = location.reviews;
    [approved, location.gone, there, pending, other, never, location.sum()]
}
