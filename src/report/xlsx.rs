//! A workbook: a summary with charts, and every row on sheets that can be filtered, with real dates.
//!
//! Row sheets go to disk as they are written (`constant_memory`). A full sheet is followed by
//! another: nothing is cut.

mod charts;
mod managers;
mod summary;

use std::borrow::Cow;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use chrono::{Datelike as _, NaiveDate};
use rust_xlsxwriter::{
    ConditionalFormatText, ConditionalFormatTextRule, DocProperties, Format as Style, FormatAlign,
    FormatBorder, Workbook, Worksheet,
};

use super::row::{
    ACCESS_COLUMNS, AccessCells, COLUMNS, Cells, N_COLUMNS, ReportColumn, RowCell, at,
};
use super::{ReportContent, ReportFormat, ReportPart};

/// Rows of a sheet, without its header.
const SHEET_ROWS: u32 = 1_048_575;
/// Digits of a number that a spreadsheet keeps; longer ones are written as text.
const EXACT_DIGITS: usize = 15;
/// Fast rather than small: a sheet's XML shrinks to a tenth all the same.
const COMPRESSION: u8 = 2;
/// XML of a sheet from which the file needs the format's extension for large files (ZIP64), which
/// older readers (LibreOffice 7) refuse: four GiB are the limit, and what is counted is an estimate.
const LARGE: u64 = 3 << 30;
/// What a cell takes besides its text, in bytes of XML.
const CELL_BYTES: u64 = 60;
/// Points of a line of text, and the most that a row may hold (409 points).
const ROW_HEIGHT: u32 = 15;
const LINES_MAX: usize = 27;
/// Rows of a sheet whose height is told: each costs memory until the file is closed. Behind them the program that
/// opens the file finds out by itself, or shows their first line.
const HEIGHTS_MAX: u32 = 20_000;
const HEADER_FILL: u32 = 0x1F3A5F;

/// A workbook under way. Its sheets are the summary, the managers, the responses, those without a due date, and the
/// accesses that somebody should look at.
pub(super) struct Xlsx {
    workbook: Workbook,
    sheet: Worksheet,
    accesses: Vec<Worksheet>,
    next_access: u32,
    styles: Styles,
    part: ReportPart,
    /// Sheets of the part, the one under way included.
    n_sheets: u32,
    /// The header counts as one.
    next_row: u32,
    sheet_rows: u32,
    /// XML of the sheet under way, and of the largest one, as estimated.
    sheet_bytes: u64,
    most_bytes: u64,
}

struct Styles {
    header: Style,
    text: Style,
    day: Style,
    middle: Style,
    overdue: Style,
}

impl Styles {
    fn new() -> Styles {
        let header = Style::new()
            .set_bold()
            .set_font_color(0xFFFFFF_u32)
            .set_background_color(HEADER_FILL)
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap()
            .set_border_bottom(FormatBorder::Thin);
        let overdue =
            Style::new().set_bold().set_font_color(0x9C0006_u32).set_background_color(0xFFC7CE_u32);
        let text = Style::new().set_align(FormatAlign::Top).set_text_wrap();
        let middle = Style::new().set_align(FormatAlign::Center).set_align(FormatAlign::Top);
        Styles { header, text, day: middle.clone().set_num_format("yyyy-mm-dd"), middle, overdue }
    }
}

impl Xlsx {
    pub(super) fn begin(folder: &Path) -> anyhow::Result<Xlsx> {
        Xlsx::with_sheets_of(SHEET_ROWS, folder)
    }

    fn with_sheets_of(sheet_rows: u32, folder: &Path) -> anyhow::Result<Xlsx> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(folder)?.set_zip_compression_level(COMPRESSION);
        workbook.add_worksheet().set_name("Summary")?;
        workbook.add_worksheet().set_name("Managers")?;
        let styles = Styles::new();
        let sheet = open_rows(&mut workbook, &styles, ReportPart::Dated, 1)?;
        let accesses = vec![open_accesses(&mut workbook, &styles, 1)?];
        Ok(Xlsx {
            workbook,
            sheet,
            accesses,
            next_access: 1,
            styles,
            part: ReportPart::Dated,
            n_sheets: 1,
            next_row: 1,
            sheet_rows,
            sheet_bytes: 0,
            most_bytes: 0,
        })
    }

    /// Closes the sheet under way and opens the next.
    fn turn(&mut self, part: ReportPart, n: u32) -> anyhow::Result<()> {
        let next = open_rows(&mut self.workbook, &self.styles, part, n)?;
        let full = std::mem::replace(&mut self.sheet, next);
        self.close(full)?;
        (self.part, self.n_sheets, self.next_row, self.sheet_bytes) = (part, n, 1, 0);
        Ok(())
    }

    fn close(&mut self, mut sheet: Worksheet) -> anyhow::Result<()> {
        let (last_row, last_column) = (self.next_row - 1, N_COLUMNS as u16 - 1);
        sheet.autofilter(0, 0, last_row, last_column)?;
        if last_row > 0 {
            for begin in ["access remains", "given again", "unanswered", "left alone"] {
                let rule = ConditionalFormatTextRule::BeginsWith(begin.to_owned());
                let overdue =
                    ConditionalFormatText::new().set_rule(rule).set_format(&self.styles.overdue);
                let state = at::STATE as u16;
                sheet.add_conditional_format(1, state, last_row, state, &overdue)?;
            }
        }
        self.workbook.push_worksheet(sheet);
        Ok(())
    }
}

/// A sheet of rows: header in place, ready to be printed.
fn open_sheet(
    workbook: &mut Workbook,
    styles: &Styles,
    name: &str,
    columns: &[ReportColumn],
) -> anyhow::Result<Worksheet> {
    let mut sheet = workbook.new_worksheet_with_constant_memory()?;
    sheet.set_name(name)?;
    sheet.set_freeze_panes(1, 2)?;
    dress(&mut sheet)?;
    put_header(&mut sheet, styles, columns)?;
    Ok(sheet)
}

/// Landscape, as wide as the paper, its first row on every page.
fn dress(sheet: &mut Worksheet) -> anyhow::Result<()> {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.set_margins(0.4, 0.4, 0.6, 0.6, 0.3, 0.3);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_header("&L&A").set_footer("&L&F&RPage &P of &N");
    Ok(())
}

fn put_header(
    sheet: &mut Worksheet,
    styles: &Styles,
    columns: &[ReportColumn],
) -> anyhow::Result<()> {
    sheet.set_row_height(0, 32)?;
    for (place, column) in columns.iter().enumerate() {
        let place = place as u16;
        sheet.set_column_width(place, column.width)?;
        sheet.set_column_format(place, &styles.text)?;
        sheet.write_string_with_format(0, place, column.label, &styles.header)?;
    }
    Ok(())
}

fn open_rows(
    workbook: &mut Workbook,
    styles: &Styles,
    part: ReportPart,
    n: u32,
) -> anyhow::Result<Worksheet> {
    let name =
        numbered(if part == ReportPart::Undated { "Without due date" } else { "Responses" }, n);
    let mut sheet = open_sheet(workbook, styles, &name, &COLUMNS)?;
    for place in [at::BY_MANAGER, at::DUE, at::EFFECTIVE, at::EXECUTED_ON] {
        sheet.set_column_format(place as u16, &styles.day)?;
    }
    for place in [at::LOCATION, at::ACTIVE, at::ACCESS] {
        sheet.set_column_format(place as u16, &styles.middle)?;
    }
    Ok(sheet)
}

fn open_accesses(workbook: &mut Workbook, styles: &Styles, n: u32) -> anyhow::Result<Worksheet> {
    open_sheet(workbook, styles, &numbered("Accesses", n), &ACCESS_COLUMNS)
}

fn numbered(name: &str, n: u32) -> String {
    if n == 1 { name.to_owned() } else { format!("{name} {n}") }
}

impl ReportFormat for Xlsx {
    fn row(&mut self, part: ReportPart, cells: &Cells) -> anyhow::Result<()> {
        if part != self.part {
            self.turn(part, 1)?;
        } else if self.next_row > self.sheet_rows {
            self.turn(part, self.n_sheets + 1)?;
        }
        set_height(&mut self.sheet, self.next_row, &COLUMNS, cells)?;
        for (place, cell) in cells.iter().enumerate() {
            if let RowCell::Text(text) = cell {
                self.sheet_bytes += text.len() as u64;
            }
            put(&mut self.sheet, self.next_row, place as u16, cell).with_context(|| {
                let [reportee, location] = [&cells[at::REPORTEE], &cells[at::LOCATION]];
                format!(
                    "xlsx, response of `{reportee}/{location}`, column `{}`",
                    COLUMNS[place].name
                )
            })?;
        }
        self.next_row += 1;
        self.sheet_bytes += CELL_BYTES * N_COLUMNS as u64;
        self.most_bytes = self.most_bytes.max(self.sheet_bytes);
        Ok(())
    }

    fn access(&mut self, cells: &AccessCells) -> anyhow::Result<()> {
        if self.next_access > self.sheet_rows {
            let n = self.accesses.len() as u32 + 1;
            self.accesses.push(open_accesses(&mut self.workbook, &self.styles, n)?);
            self.next_access = 1;
        }
        let Some(sheet) = self.accesses.last_mut() else { return Ok(()) };
        set_height(sheet, self.next_access, &ACCESS_COLUMNS, cells)?;
        for (place, cell) in cells.iter().enumerate() {
            put(sheet, self.next_access, place as u16, cell)
                .with_context(|| format!("xlsx, access of `{}/{}`", cells[0], cells[6]))?;
        }
        self.next_access += 1;
        Ok(())
    }

    fn finish(
        mut self: Box<Self>,
        content: &ReportContent<'_>,
        out: &mut File,
        _: Option<&mut File>,
    ) -> anyhow::Result<()> {
        self.close_all()?;
        let properties = DocProperties::new()
            .set_title(content.scope.title())
            .set_subject("Recertification of access")
            .set_comment(format!("Report {}", content.evidence.origin.report_id))
            .set_author(&content.evidence.origin.os_user);
        self.workbook.set_properties(&properties);
        summary::fill(self.workbook.worksheet_from_index(0)?, content)?;
        managers::fill(self.workbook.worksheet_from_index(1)?, &self.styles, content)?;
        self.workbook.use_zip_large_file(self.most_bytes > LARGE);
        self.workbook.save_to_writer(BufWriter::with_capacity(1 << 16, out))?;
        Ok(())
    }
}

impl Xlsx {
    /// The last sheet of responses, and all of accesses.
    fn close_all(&mut self) -> anyhow::Result<()> {
        let last = std::mem::replace(&mut self.sheet, Worksheet::new());
        self.close(last)?;
        let (n, last_column) = (self.accesses.len(), ACCESS_COLUMNS.len() as u16 - 1);
        for (place, mut sheet) in std::mem::take(&mut self.accesses).into_iter().enumerate() {
            let rows = if place + 1 == n { self.next_access - 1 } else { self.sheet_rows };
            sheet.autofilter(0, 0, rows, last_column)?;
            self.workbook.push_worksheet(sheet);
        }
        Ok(())
    }
}

/// How high a row must be for its texts to wrap in it: a program that opens the file does not find out by itself.
fn set_height(
    sheet: &mut Worksheet,
    row: u32,
    columns: &[ReportColumn],
    cells: &[RowCell],
) -> anyhow::Result<()> {
    if row > HEIGHTS_MAX {
        return Ok(());
    }
    let lines = |(column, cell): (&ReportColumn, &RowCell)| match cell {
        RowCell::Text(text) => {
            let width = usize::from(column.width).max(1);
            text.lines().map(|line| line.chars().count().div_ceil(width).max(1)).sum::<usize>()
        }
        _ => 1,
    };
    let most = columns.iter().zip(cells).map(lines).max().unwrap_or(1);
    if most > 1 {
        sheet.set_row_height(row, ROW_HEIGHT * most.min(LINES_MAX) as u32)?;
    }
    Ok(())
}

/// Writes one cell as what it is: never as a formula.
fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: &RowCell) -> anyhow::Result<()> {
    match cell {
        RowCell::Empty => {}
        RowCell::Text(text) => put_text(sheet, row, column, text)?,
        RowCell::Number(text) => match text.parse::<f64>() {
            Ok(number) if text.len() <= EXACT_DIGITS => {
                sheet.write_number(row, column, number)?;
            }
            _ => put_text(sheet, row, column, text)?,
        },
        RowCell::Day(day) if is_sheet_day(*day) => {
            sheet.write_datetime(row, column, day)?;
        }
        RowCell::Day(day) => put_text(sheet, row, column, &day.to_string())?,
    }
    Ok(())
}

fn put_text(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> anyhow::Result<()> {
    sheet.write_string(row, column, text).map(|_| ()).map_err(|error| match error {
        rust_xlsxwriter::XlsxError::MaxStringLengthExceeded => {
            anyhow!(
                "a sheet's cell holds 32767 characters, and the text is longer; take csv or json"
            )
        }
        other => other.into(),
    })
}

/// Without the characters that a sheet's XML can't hold; a line break stays.
fn plain(text: &str) -> Cow<'_, str> {
    let is_forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_forbidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").replace(is_forbidden, "\u{fffd}"))
}

/// A spreadsheet counts its days from 1900 to 9999.
fn is_sheet_day(day: NaiveDate) -> bool {
    (1900..=9999).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use calamine::{Data, Reader as _, Xlsx as Book, open_workbook};

    use super::*;

    #[test]
    fn a_full_sheet_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let mut xlsx = Xlsx::with_sheets_of(2, folder.path()).unwrap();
        for n in 0..5 {
            let mut cells = Cells::default();
            cells[0] = RowCell::text(format!("E{n}"));
            xlsx.row(if n < 4 { ReportPart::Dated } else { ReportPart::Undated }, &cells).unwrap();
        }
        for n in 0..3 {
            let mut cells = AccessCells::default();
            cells[0] = RowCell::text(format!("A{n}"));
            xlsx.access(&cells).unwrap();
        }
        xlsx.close_all().unwrap();
        let path = folder.path().join("book.xlsx");
        xlsx.workbook.save(&path).unwrap();
        let mut book: Book<_> = open_workbook(&path).unwrap();
        assert_eq!(
            book.sheet_names(),
            [
                "Summary",
                "Managers",
                "Responses",
                "Responses 2",
                "Without due date",
                "Accesses",
                "Accesses 2",
            ]
        );
        for (sheet, ids) in [
            ("Responses", vec!["E0", "E1"]),
            ("Responses 2", vec!["E2", "E3"]),
            ("Without due date", vec!["E4"]),
        ] {
            let range = book.worksheet_range(sheet).unwrap();
            let found: Vec<String> = range.rows().skip(1).map(|row| row[0].to_string()).collect();
            assert_eq!(found, ids, "{sheet}");
            assert_eq!(range.get_value((0, 0)), Some(&Data::String("Reportee".to_owned())));
        }
    }
}
