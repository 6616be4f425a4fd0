//! The first sheet: what is overdue, what adds up, the evidence, and the figures behind the charts.

use rust_xlsxwriter::{
    Chart, ChartDataLabel, ChartFont, ChartLegendPosition, ChartType, Format as Style, FormatAlign,
    FormatBorder, Worksheet,
};

use super::HEADER_FILL;
use crate::report::entry::{Cell, Class, State};
use crate::report::tally::{ByClass, TOP_LOCATIONS};
use crate::report::{STATES_MEAN, Scope, Told};

/// Columns the figures stand in; the charts begin behind them.
const LAST_COLUMN: u16 = 5;
const CHART_COLUMN: u16 = 7;
/// Characters that fit beside each other in the evidence's values.
const VALUE_WIDTH: usize = 68;
/// Approved, revoked, pending, other.
const COLORS: [u32; 4] = [0x2E7D5B, 0xB3403A, 0xC98A1B, 0x6B7280];

/// Writes down the sheet from top to bottom.
struct Writer<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    styles: Styles,
}

struct Styles {
    title: Style,
    faint: Style,
    heading: Style,
    header: Style,
    header_right: Style,
    label: Style,
    number: Style,
    total: Style,
    alarm: Style,
    day: Style,
    value: Style,
    note: Style,
}

impl Styles {
    fn new() -> Styles {
        let header = Style::new()
            .set_bold()
            .set_font_color(0xFFFFFF_u32)
            .set_background_color(HEADER_FILL)
            .set_align(FormatAlign::VerticalCenter);
        let number = Style::new().set_num_format("#,##0");
        Styles {
            title: Style::new().set_bold().set_font_size(20).set_font_color(HEADER_FILL),
            faint: Style::new().set_font_color(0x595959_u32),
            heading: Style::new().set_bold().set_font_size(13).set_font_color(HEADER_FILL),
            header_right: header.clone().set_align(FormatAlign::Right),
            header,
            label: Style::new().set_align(FormatAlign::Top),
            total: number.clone().set_bold().set_border_top(FormatBorder::Thin),
            alarm: number
                .clone()
                .set_bold()
                .set_font_color(0x9C0006_u32)
                .set_background_color(0xFFC7CE_u32),
            number,
            day: Style::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            note: Style::new()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_font_color(0x595959_u32),
            value: Style::new()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_align(FormatAlign::Left),
        }
    }
}

/// Fills the sheet.
pub(super) fn fill(sheet: &mut Worksheet, told: &Told<'_>) -> anyhow::Result<()> {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_footer("&L&F&RPage &P of &N").set_screen_gridlines(false);
    sheet.set_column_width(0, 30)?;
    for column in 1..=LAST_COLUMN {
        sheet.set_column_width(column, 13)?;
    }
    sheet.set_column_width(LAST_COLUMN + 1, 3)?;
    let mut writer = Writer { sheet, row: 0, styles: Styles::new() };
    writer.head(told)?;
    writer.overdue(told)?;
    let classes = writer.classes(told)?;
    writer.reconciliation(told)?;
    writer.evidence(told)?;
    let periods = writer.table(&period_table(told))?;
    let locations = writer.table(&location_table(told))?;
    writer.others(told)?;
    writer.charts(told, classes, periods, locations)
}

/// A table of figures by class.
struct ClassTable {
    heading: &'static str,
    first: &'static str,
    rows: Vec<(String, ByClass)>,
}

fn period_table(told: &Told<'_>) -> ClassTable {
    let (heading, first) = match told.scope {
        Scope::Year(_) => ("Due by month", "Month"),
        Scope::All => ("Due by year", "Year"),
    };
    let rows =
        told.tally.periods.iter().map(|(period, classes)| (period.to_string(), *classes)).collect();
    ClassTable { heading, first, rows }
}

fn location_table(told: &Told<'_>) -> ClassTable {
    let rows = told.tally.top_locations(TOP_LOCATIONS);
    ClassTable { heading: "By location", first: "Location", rows }
}

impl Writer<'_> {
    fn head(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        self.sheet.set_row_height(0, 30)?;
        self.sheet.write_string_with_format(0, 0, told.scope.title(), &self.styles.title)?;
        let line = format!(
            "As of {}. {} responses{}.",
            told.summary.as_of,
            told.tally.population,
            match told.tally.undated {
                0 => String::new(),
                n => format!(", and {n} without a due date, which stand apart"),
            }
        );
        self.sheet.write_string_with_format(1, 0, line, &self.styles.faint)?;
        self.row = 3;
        Ok(())
    }

    fn heading(&mut self, text: &str) -> anyhow::Result<()> {
        self.sheet.set_row_height(self.row, 20)?;
        self.sheet.write_string_with_format(self.row, 0, text, &self.styles.heading)?;
        self.row += 1;
        Ok(())
    }

    /// A header row; the first column's name on the left, the others above their numbers.
    fn header(&mut self, first: &str, others: &[&str], text: bool) -> anyhow::Result<()> {
        self.sheet.write_string_with_format(self.row, 0, first, &self.styles.header)?;
        let style = if text { &self.styles.header } else { &self.styles.header_right };
        for (place, other) in others.iter().enumerate() {
            self.sheet.write_string_with_format(self.row, place as u16 + 1, *other, style)?;
        }
        self.row += 1;
        Ok(())
    }

    fn overdue(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        let tally = told.tally;
        self.heading("Overdue")?;
        let overdue = State::Overdue.place();
        for (name, class) in [
            ("Revoked, and the access is still there", Class::Revoked),
            ("Pending, and the due date has passed", Class::Pending),
        ] {
            let n = tally.states[class as usize][overdue];
            let style = if n > 0 { &self.styles.alarm } else { &self.styles.number };
            self.sheet.write_string_with_format(self.row, 0, name, &self.styles.label)?;
            self.sheet.write_number_with_format(self.row, 3, n as f64, style)?;
            self.row += 1;
        }
        if !tally.longest.is_empty() {
            self.row += 1;
            self.header(
                "Overdue longest: reportee",
                &["Name", "", "Location", "Class", "Since"],
                true,
            )?;
        }
        for late in &tally.longest {
            for (column, cell) in [0_u16, 1, 3, 4].into_iter().zip(&late.shown) {
                if *cell != Cell::Empty {
                    self.sheet.write_string(self.row, column, cell.to_string())?;
                }
            }
            super::put(self.sheet, self.row, LAST_COLUMN, &Cell::Day(late.since))?;
            self.sheet.set_cell_format(self.row, LAST_COLUMN, &self.styles.day)?;
            self.row += 1;
        }
        self.row += 1;
        Ok(())
    }

    /// Classes and states; the table's first row is returned for the chart.
    fn classes(&mut self, told: &Told<'_>) -> anyhow::Result<u32> {
        self.heading("Population")?;
        self.header("Class", &["Overdue", "Scheduled", "Executed", "Open", "Responses"], false)?;
        let first = self.row;
        for class in Class::ALL {
            let states = told.tally.states[class as usize];
            self.figures(class.word(), &states, Some(states.iter().sum()), false)?;
        }
        let states: Vec<u64> = (0..4).map(|state| told.tally.in_state(state)).collect();
        self.figures("All of this report", &states, Some(told.tally.n_rows()), true)?;
        self.sheet.set_row_height(self.row, 34)?;
        self.sheet.merge_range(
            self.row,
            0,
            self.row,
            LAST_COLUMN,
            STATES_MEAN,
            &self.styles.note,
        )?;
        self.row += 1;
        self.row += 1;
        Ok(first)
    }

    fn figures(
        &mut self,
        name: &str,
        numbers: &[u64],
        sum: Option<u64>,
        total: bool,
    ) -> anyhow::Result<()> {
        let style = if total { &self.styles.total } else { &self.styles.number };
        self.sheet.write_string_with_format(self.row, 0, name, style)?;
        for (column, n) in (1..).zip(numbers.iter().copied().chain(sum)) {
            self.sheet.write_number_with_format(self.row, column, n as f64, style)?;
        }
        self.row += 1;
        Ok(())
    }

    fn reconciliation(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        self.heading("Reconciliation")?;
        for sum in told.tally.equations() {
            let verdict = if sum.holds() { "adds up" } else { "DOES NOT ADD UP" };
            self.value(verdict, &sum.to_string())?;
        }
        self.row += 1;
        Ok(())
    }

    fn evidence(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        self.heading("Evidence")?;
        let lines = told.evidence.lines(told.tally);
        for (name, value) in lines.iter().filter(|(name, _)| *name != "reconciliation") {
            self.value(name, value)?;
        }
        self.row += 1;
        Ok(())
    }

    /// A name, and a value across the other columns, over as many lines as it needs.
    fn value(&mut self, name: &str, value: &str) -> anyhow::Result<()> {
        let lines = value.chars().count().div_ceil(VALUE_WIDTH).max(1);
        self.sheet.set_row_height(self.row, 15 * lines as u32)?;
        self.sheet.write_string_with_format(self.row, 0, name, &self.styles.label)?;
        self.sheet.merge_range(self.row, 1, self.row, LAST_COLUMN, value, &self.styles.value)?;
        self.row += 1;
        Ok(())
    }

    /// Figures by class; first and last row are returned for the chart.
    fn table(&mut self, table: &ClassTable) -> anyhow::Result<(u32, u32)> {
        self.heading(table.heading)?;
        self.header(table.first, &["Approved", "Revoked", "Pending", "Other", "All"], false)?;
        let first = self.row;
        for (name, classes) in &table.rows {
            self.figures(name, classes, Some(classes.iter().sum()), false)?;
        }
        let last = self.row.max(first + 1) - 1;
        self.row += 1;
        Ok((first, last))
    }

    fn others(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        let tally = told.tally;
        let years = tally.other_years.iter().map(|(year, n)| (year.to_string(), *n));
        let years: Vec<(String, u64)> = years.collect();
        let mut statuses: Vec<(String, u64)> =
            tally.others.iter().map(|(status, n)| (status.clone(), *n)).collect();
        if tally.others_unnamed > 0 {
            statuses.push(("yet others".to_owned(), tally.others_unnamed));
        }
        for (heading, first, rows) in [
            ("Responses of other years", "Year", years),
            ("Statuses of the class Other", "Status", statuses),
        ] {
            if rows.is_empty() {
                continue;
            }
            self.heading(heading)?;
            self.header(first, &["Responses"], false)?;
            for (name, n) in rows {
                self.figures(&name, &[n], None, false)?;
            }
            self.row += 1;
        }
        Ok(())
    }

    fn charts(
        &mut self,
        told: &Told<'_>,
        classes: u32,
        periods: (u32, u32),
        locations: (u32, u32),
    ) -> anyhow::Result<()> {
        let mut split = Chart::new(ChartType::Doughnut);
        split.title().set_name("Answers").set_font(&title_font());
        split
            .add_series()
            .set_categories(("Summary", classes, 0, classes + 3, 0))
            .set_values(("Summary", classes, 5, classes + 3, 5))
            .set_point_colors(&COLORS)
            .set_data_label(ChartDataLabel::new().show_percentage().set_font(&label_font()));
        split.set_hole_size(50);
        self.place(split, 0, 240, "Responses by class")?;

        let over = if told.scope == Scope::All { "Due by year" } else { "Due by month" };
        let months = by_class(ChartType::ColumnStacked, over, periods);
        self.place(months, 252, 260, "Responses by due date and class")?;

        let mut bars = by_class(ChartType::BarStacked, "By location", locations);
        bars.y_axis().set_reverse(); // The first row of the table on top.
        self.place(bars, 524, 360, "Responses by location and class")
    }

    fn place(
        &mut self,
        mut chart: Chart,
        below: u32,
        height: u32,
        alt: &str,
    ) -> anyhow::Result<()> {
        chart.set_width(560).set_height(height);
        chart.legend().set_position(ChartLegendPosition::Bottom);
        chart.set_alt_text(format!("Chart: {alt}. The figures stand in the tables of this sheet."));
        self.sheet.insert_chart_with_offset(3, CHART_COLUMN, &chart, 0, below)?;
        Ok(())
    }
}

fn by_class(kind: ChartType, title: &str, (first, last): (u32, u32)) -> Chart {
    let mut chart = Chart::new(kind);
    chart.title().set_name(title).set_font(&title_font());
    for (class, color) in Class::ALL.into_iter().zip(COLORS) {
        let column = class as u16 + 1;
        chart
            .add_series()
            .set_name(class.word())
            .set_categories(("Summary", first, 0, last, 0))
            .set_values(("Summary", first, column, last, column))
            .set_format(
                rust_xlsxwriter::ChartFormat::new()
                    .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(color)),
            )
            .set_gap(60);
    }
    chart.y_axis().set_major_gridlines(true).set_num_format("#,##0");
    chart
}

fn title_font() -> ChartFont {
    let mut font = ChartFont::new();
    font.set_bold().set_size(12).set_color(HEADER_FILL);
    font
}

fn label_font() -> ChartFont {
    let mut font = ChartFont::new();
    font.set_bold().set_color(0xFFFFFF_u32);
    font
}
