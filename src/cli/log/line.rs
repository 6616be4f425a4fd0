//! One event as one line: as a person reads it, or as JSON.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::LogOrigin;
use crate::text::plain;

/// Which object a line of JSON is.
const SCHEMA: &str = "recert/log/1";

/// One event. Its own fields stand beside these.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) struct LogLine {
    schema: &'static str,
    /// When: RFC 3339, UTC.
    timestamp: String,
    /// ERROR, WARN, INFO, DEBUG or TRACE.
    level: &'static str,
    /// The job, or the command that is none.
    job: String,
    run_id: String,
    message: String,
    #[serde(flatten)]
    fields: Map<String, Json>,
}

impl LogLine {
    pub(super) fn of(event: &Event<'_>, origin: &LogOrigin) -> LogLine {
        let mut fields = EventFields::default();
        event.record(&mut fields);
        let mut fields = fields.0;
        // Some events know better whose they are: `demo` holds several runs.
        let mut take = |name: &str| match fields.shift_remove(name) {
            Some(Json::String(text)) => Some(text),
            _ => None,
        };
        LogLine {
            schema: SCHEMA,
            timestamp: now(),
            level: word(*event.metadata().level()),
            job: take("job").unwrap_or_else(|| origin.job.clone()),
            run_id: take("run_id").unwrap_or_else(|| origin.run_id.clone()),
            message: take("message").unwrap_or_default(),
            fields,
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).map(|line| line + "\n").unwrap_or_default()
    }

    /// `2026-11-26T01:00:00.000000Z  WARN [revoke 01a2…] message name=value`
    pub(super) fn text(&self, coloured: bool) -> String {
        let level = match (coloured, self.level) {
            (true, "ERROR") => "\u{1b}[31mERROR\u{1b}[0m",
            (true, "WARN") => "\u{1b}[33m WARN\u{1b}[0m",
            (true, "INFO") => "\u{1b}[32m INFO\u{1b}[0m",
            (_, "WARN") => " WARN",
            (_, "INFO") => " INFO",
            (_, level) => level,
        };
        let mut line = format!("{} {level} ", self.timestamp);
        if !self.run_id.is_empty() {
            let _ = write!(line, "[{} {}] ", plain(&self.job), plain(&self.run_id));
        }
        line.push_str(&plain(&self.message));
        for (name, value) in &self.fields {
            let _ = match value {
                Json::String(text) if is_word(text) => write!(line, " {name}={}", plain(text)),
                Json::String(text) => write!(line, " {name}={:?}", plain(text)),
                value => write!(line, " {name}={value}"),
            };
        }
        line.push('\n');
        line
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "\"'=\\".contains(c))
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

fn now() -> String {
    crate::cli::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

#[derive(Default)]
struct EventFields(Map<String, Json>);

impl EventFields {
    fn put(&mut self, field: &Field, value: impl Into<Json>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for EventFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_job_and_run_and_steers_no_terminal() {
        let mut fields = Map::new();
        fields.insert("kind".to_owned(), "undated".into());
        fields.insert("says".to_owned(), "a \u{1b}[31mb".into());
        fields.insert("n".to_owned(), 3.into());
        let line = LogLine {
            schema: SCHEMA,
            timestamp: "2026-01-31T02:00:00.000000Z".to_owned(),
            level: "WARN",
            job: "revoke".to_owned(),
            run_id: "01a2".to_owned(),
            message: "x\ny\u{202e}".to_owned(),
            fields,
        };
        let text = line.text(false);
        assert!(text.starts_with("2026-01-31T02:00:00.000000Z  WARN [revoke 01a2] x\\ny\\u{202e}"));
        assert!(text.contains(" kind=undated") && text.contains(" n=3"), "{text}");
        assert!(!text.contains('\u{1b}') && text.matches('\n').count() == 1, "{text}");
        let json: Json = serde_json::from_str(&line.json()).unwrap();
        assert_eq!((&json["job"], &json["n"]), (&"revoke".into(), &3.into()));
    }
}
