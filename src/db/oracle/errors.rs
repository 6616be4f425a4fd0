//! What Oracle's errors mean for a run: which number it ends with, whether another try may help,
//! and what a person does about it.

mod numbers;
mod text;

use anyhow::anyhow;

use self::numbers::{CALL_TIMEOUT, DRIVER_CLOSED, NumberMeaning};
use self::text::ErrorText;
use super::super::{FailedRow, TakenKey};
use crate::db::{CallTimedOut, Transient};
use crate::exit::Exit;

/// What the driver knows of an error.
struct DriverError {
    text: ErrorText,
    /// The driver's own number (DPI-…), where it is its own error.
    driver: Option<i32>,
    /// The row of an array DML that failed, from 0.
    row: Option<usize>,
}

impl DriverError {
    fn of(error: &oracle::Error) -> Self {
        if let Some(first) = error.batch_errors().and_then(|errors| errors.first()) {
            let row = usize::try_from(first.offset()).ok();
            let driver = text::driver_number(first.message());
            return DriverError { text: ErrorText::read(first.message()), driver, row };
        }
        let text = ErrorText::read(&error.to_string());
        DriverError { text, driver: error.dpi_code(), row: None }
    }

    /// What it means, at a login (`at_login`) or later.
    fn meaning(&self, at_login: bool) -> NumberMeaning {
        let number = self.text.cause();
        if self.is_call_timeout() {
            return numbers::of_driver(CALL_TIMEOUT).unwrap_or(numbers::UNFORESEEN);
        }
        let own = self.driver.and_then(numbers::of_driver);
        let by_number = || number.and_then(|number| numbers::of_number(number, at_login));
        own.or_else(by_number)
            .or_else(|| self.is_lost().then_some(numbers::LINE_LOST))
            .unwrap_or(numbers::UNFORESEEN)
    }

    /// A call that took too long, and may have taken the session along.
    fn is_call_timeout(&self) -> bool {
        let closed_by = || matches!(self.text.cause(), Some(3136 | 3156 | 12161));
        self.driver == Some(CALL_TIMEOUT) || self.driver == Some(DRIVER_CLOSED) && closed_by()
    }

    fn is_lost(&self) -> bool {
        self.driver.is_some_and(numbers::is_driver_lost)
            || self.text.cause().is_some_and(numbers::is_lost)
    }

    fn classed(&self, at_login: bool) -> anyhow::Error {
        let NumberMeaning { exit, again, advice } = self.meaning(at_login);
        let said = self.text.told();
        let advice = numbers::of_missing_file(&said).unwrap_or(advice);
        let mut error =
            if advice.is_empty() { anyhow!(said) } else { anyhow!("{said} ({advice})") };
        if let Some(row) = self.row.filter(|_| exit == Exit::Failed) {
            error = error.context(FailedRow(row));
        }
        if self.text.cause() == Some(1) {
            error = error.context(TakenKey);
        }
        if self.is_call_timeout() {
            error = error.context(CallTimedOut);
        }
        if again && !at_login {
            error = error.context(Transient);
        }
        error.context(exit)
    }
}

/// Whether the server may not have heard the call, or its answer did not get here.
pub(super) fn is_lost(error: &oracle::Error) -> bool {
    DriverError::of(error).is_lost()
}

/// Gives an error of the driver's its exit code and, where it is known, what to do about it.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn classed(error: oracle::Error) -> anyhow::Error {
    DriverError::of(&error).classed(false)
}

/// The same of an error of an array DML of rows from `start` on: with the row that failed.
pub(super) fn classed_row(error: &oracle::Error, start: usize, n_rows: usize) -> anyhow::Error {
    let error = DriverError::of(error);
    let only = (n_rows == 1).then_some(0);
    let row = error.row.or(only).map(|row| start + row);
    DriverError { row, ..error }.classed(false)
}

/// The same of a statement that defines something, for which a table in use is no lock of a run.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn classed_definition(error: oracle::Error) -> anyhow::Error {
    let error = DriverError::of(&error);
    match error.text.cause() {
        Some(54 | 4021 | 30006) => {
            let advice = "another session is using the table; run it again when that is over";
            anyhow!("{} ({advice})", error.text.told()).context(Exit::Unavailable)
        }
        _ => error.classed(false),
    }
}

/// The same of an error while logging in: what a log-on trigger says is no mistake in data, and a
/// wrong password is never tried again.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn classed_login(error: oracle::Error) -> anyhow::Error {
    let error = DriverError::of(&error);
    let NumberMeaning { again, .. } = error.meaning(true);
    let classed = error.classed(true);
    if !again {
        return classed;
    }
    // Nobody was let in, so nothing was counted against the account.
    let exit = Exit::of(&classed);
    classed.context(Transient).context(exit)
}

#[cfg(test)]
mod tests;
