//! `[log]`: the log file for the audit.

use std::path::PathBuf;

use serde::Deserialize;

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LogConfig {
    /// File that every event is appended to as JSON, whatever `-q` says.
    pub file: Option<PathBuf>,
    /// How much goes there; without it, as much as `-v` tells, or what `-vv` asks for.
    pub level: Option<LogLevel>,
}

/// `[log] level`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// And what a person should know of.
    Warn,
    /// And what was done.
    Info,
    /// And how, as with `-v`.
    Debug,
    /// And every statement, as with `-vv`.
    Trace,
}

impl From<LogLevel> for tracing::level_filters::LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}
