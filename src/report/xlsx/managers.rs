//! The second sheet: whom to ask.

use rust_xlsxwriter::{FormatAlign, Worksheet};

use super::{Styles, dress, put, put_header};
use crate::report::ReportContent;
use crate::report::row::{ReportColumn, RowCell};
use crate::report::verdict::oldest_days;

const fn column(name: &'static str, width: u8) -> ReportColumn {
    ReportColumn { name, label: name, width }
}

const MANAGER_COLUMNS: [ReportColumn; 7] = [
    column("Line manager", 14),
    column("Name", 32),
    column("Mail", 38),
    column("Answered", 11),
    column("Open", 11),
    column("Overdue", 11),
    column("Oldest, days", 11),
];

/// Fills the sheet: one line a manager, most overdue first.
pub(super) fn fill(
    sheet: &mut Worksheet,
    styles: &Styles,
    content: &ReportContent<'_>,
) -> anyhow::Result<()> {
    dress(sheet)?;
    sheet.set_freeze_panes(1, 2)?;
    put_header(sheet, styles, &MANAGER_COLUMNS)?;
    let right = styles.header.clone().set_align(FormatAlign::Right);
    for (place, column) in MANAGER_COLUMNS.iter().enumerate().skip(3) {
        sheet.write_string_with_format(0, place as u16, column.label, &right)?;
    }
    let managers = content.figures.managers_to_ask();
    for (row, (id, manager)) in (1_u32..).zip(&managers) {
        let id = if id.is_empty() { "nobody is known" } else { id };
        let oldest = oldest_days(manager, content);
        let cells = [
            RowCell::text(id),
            manager.name.clone(),
            manager.mail.clone(),
            RowCell::number(manager.answered),
            RowCell::number(manager.open),
            RowCell::number(manager.overdue),
            oldest.map_or(RowCell::Empty, |days| RowCell::Number(days.to_string().into())),
        ];
        for (place, cell) in cells.iter().enumerate() {
            put(sheet, row, place as u16, cell)?;
        }
    }
    sheet.autofilter(0, 0, managers.len() as u32, MANAGER_COLUMNS.len() as u16 - 1)?;
    Ok(())
}
