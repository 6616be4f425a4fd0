//! The charts of the first sheet: coverage, what is due when, days to removal.

use rust_xlsxwriter::{
    Chart, ChartFont, ChartFormat, ChartLegendPosition, ChartPatternFill, ChartPatternFillType,
    ChartSolidFill, ChartType, Worksheet,
};

use super::HEADER_FILL;
use crate::report::ReportScope;

const ALARM: u32 = 0xB3403A;
const COLORS: [u32; 6] = [0x2E7D5B, 0x3D6EA5, ALARM, 0xC98A1B, 0x6B7280, 0x1B2430];

/// The first and last row of each table that has a chart.
pub(super) struct ChartedRows {
    pub(super) removal: (u32, u32),
    pub(super) coverage: (u32, u32),
    pub(super) months: (u32, u32),
}

/// Puts them below one another into a column; `reviews` names what the coverage tells apart.
pub(super) fn place(
    sheet: &mut Worksheet,
    column: u16,
    scope: ReportScope,
    rows: &ChartedRows,
    reviews: &[&str],
) -> anyhow::Result<()> {
    let mut put = |mut chart: Chart, below: u32, height: u32, alt: &str| -> anyhow::Result<()> {
        chart.set_width(560).set_height(height);
        chart.legend().set_position(ChartLegendPosition::Bottom);
        chart.set_alt_text(format!("Chart: {alt}. The figures stand in the tables of this sheet."));
        sheet.insert_chart_with_offset(3, column, &chart, 0, below)?;
        Ok(())
    };
    let kind = ChartType::BarPercentStacked;
    let mut shares = stacked(kind, "Coverage by location", rows.coverage, reviews, &COLORS);
    shares.y_axis().set_reverse(); // The first row of the table on top.
    put(shares, 0, 380, "Accesses by location and review, as shares")?;
    let over = if scope == ReportScope::All { "Due by year" } else { "Due by month" };
    let colors = [COLORS[0], COLORS[2]];
    let due =
        stacked(ChartType::ColumnStacked, over, rows.months, &["In order", "Overdue"], &colors);
    put(due, 392, 260, "Responses by due date, and what is overdue")?;
    let title = "Days to removal";
    let days = stacked(ChartType::Column, title, rows.removal, &["Removals"], &[COLORS[1]]);
    put(days, 664, 260, "Removals by days from the effective date")
}

/// What is overdue or still there is hatched: people print in grey.
fn fill_of(color: u32) -> ChartFormat {
    let mut format = ChartFormat::new();
    if color == ALARM {
        format.set_pattern_fill(
            ChartPatternFill::new()
                .set_pattern(ChartPatternFillType::DiagonalStripesWideUpwards)
                .set_foreground_color(color)
                .set_background_color(0xFFFFFF_u32),
        );
    } else {
        format.set_solid_fill(ChartSolidFill::new().set_color(color));
    }
    format
}

fn stacked(
    kind: ChartType,
    title: &str,
    (first, last): (u32, u32),
    names: &[&str],
    colors: &[u32],
) -> Chart {
    let mut chart = Chart::new(kind);
    let mut font = ChartFont::new();
    font.set_bold().set_size(12).set_color(HEADER_FILL);
    chart.title().set_name(title).set_font(&font);
    for (column, (name, color)) in (1..).zip(names.iter().zip(colors)) {
        chart
            .add_series()
            .set_name(*name)
            .set_categories(("Summary", first, 0, last, 0))
            .set_values(("Summary", first, column, last, column))
            .set_format(&mut fill_of(*color))
            .set_gap(60);
    }
    chart.y_axis().set_major_gridlines(true);
    chart
}
