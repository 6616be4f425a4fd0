//! The log: stderr, one line an event, as text or JSON; never personal data, never a secret.

use std::io::{self, IsTerminal as _};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// `--log-format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line a person reads
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

/// Starts the log. First of all, so that a bad config is heard.
pub fn start(format: LogFormat, verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::WARN,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // Libraries may log what passes through them, so only recert itself speaks.
    let filter = Targets::new().with_target("recert", level);
    let events = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_target(false);
    let layer = match format {
        LogFormat::Text => events.with_ansi(colour()).boxed(),
        LogFormat::Json => events.with_ansi(false).json().flatten_event(true).boxed(),
    };
    // A second start (tests in one process) keeps the first log.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}

/// Colour only on a terminal, and never with `NO_COLOR` (no-color.org).
fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
