//! The text of an error, taken apart: which lines may be told, and which one is the cause.

use super::numbers;

/// Lines of an error that say something, each with its number.
#[derive(Debug)]
pub(super) struct ErrorText {
    lines: Vec<ErrorLine>,
}

#[derive(Debug)]
struct ErrorLine {
    number: Option<i32>,
    said: String,
}

impl ErrorText {
    /// Keeps every line that begins with a number of Oracle's, but for those that hold values.
    pub(super) fn read(text: &str) -> Self {
        let text = text.strip_prefix("OCI Error: ").unwrap_or(text);
        let text = text.strip_prefix("DPI Error: ").unwrap_or(text);
        let mut lines: Vec<ErrorLine> = Vec::new();
        for line in text.lines().map(clean) {
            let number = number_behind("ORA-", line);
            // ODPI-C names the error that closed the line in words.
            let closed_by =
                || line.split_once("closed by ").and_then(|(_, by)| number_behind("ORA-", by));
            if number.is_none() && (line.is_empty() || !lines.is_empty()) {
                continue; // Help addresses, and what the driver repeats.
            }
            // 23ai: `ORA-03301: (ORA-00001 details) row with column values (EMAIL:'…') …`.
            if !line.contains(" details) ") {
                let number = number.or_else(closed_by);
                lines.push(ErrorLine { number, said: without_values(number, line) });
            }
        }
        ErrorText { lines }
    }

    /// The number that decides: the first that is no wrapper and is known, else the first that is
    /// no wrapper, else the wrapper.
    pub(super) fn cause(&self) -> Option<i32> {
        let numbers = || self.lines.iter().filter_map(|line| line.number);
        let bare = || numbers().filter(|number| !numbers::is_wrapper(*number));
        let known = bare().find(|number| {
            numbers::is_lost(*number) || numbers::of_number(*number, false).is_some()
        });
        known.or_else(|| bare().next()).or_else(|| numbers().next())
    }

    /// On one line.
    pub(super) fn told(&self) -> String {
        let mut told: Vec<&str> = Vec::new();
        for line in &self.lines {
            if !told.contains(&line.said.as_str()) {
                told.push(&line.said);
            }
        }
        told.join("; ")
    }
}

/// The driver's own number, where the text begins with one.
pub(super) fn driver_number(text: &str) -> Option<i32> {
    number_behind("DPI-", text)
}

/// A line up to where the driver's own buffer may end in broken bytes.
fn clean(line: &str) -> &str {
    let end = line.find(|c: char| c == '\u{fffd}' || (c.is_control() && c != '\t'));
    line[..end.unwrap_or(line.len())].trim()
}

fn number_behind(prefix: &str, text: &str) -> Option<i32> {
    let digits = text.strip_prefix(prefix)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The line without what it quotes of people's data: later releases name the value that was wrong.
fn without_values(number: Option<i32>, line: &str) -> String {
    let line = match number {
        Some(1438) => match line.split_once(" greater than ") {
            Some((_, behind)) => format!("ORA-01438: a value is greater than {behind}"),
            None => line.to_owned(),
        },
        // Conversions quote the text; constraints, triggers and tablespaces are names.
        Some(1722 | 1830..=1862 | 6502) => mask_quoted(line),
        _ => line.to_owned(),
    };
    let is_address = |word: &str| {
        word.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    if !line.split_whitespace().any(is_address) {
        return line;
    }
    let words = line.split(' ').map(|word| if is_address(word) { "…@…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn mask_quoted(line: &str) -> String {
    let pieces = line.split('\'').enumerate();
    pieces.map(|(at, piece)| if at % 2 == 1 { "…" } else { piece }).collect::<Vec<_>>().join("'")
}
