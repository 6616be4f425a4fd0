//! The log: one line an event, to stderr as text or JSON, and to `[log] file` as JSON; never
//! personal data, never a secret. Every line tells the job and the run.

mod line;

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, anyhow};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::Config;
use crate::exit::Exit;
use crate::files::{NONBLOCK, is_same_file};

use line::LogLine;

/// `--log-format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line a person reads
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

/// What is the same on every line.
#[derive(Clone, Debug, Default)]
pub struct LogOrigin {
    /// The job.
    pub job: String,
    /// The run's id.
    pub run_id: String,
}

/// A log that was started; its file comes later, for the config names it.
#[derive(Clone)]
pub struct LogHandle(Arc<LogSinks>);

struct LogSinks {
    format: LogFormat,
    coloured: bool,
    origin: LogOrigin,
    stderr_level: LevelFilter,
    /// What `-v` asks for, whatever `-q` says.
    asked_level: LevelFilter,
    file: Mutex<Option<(File, LevelFilter)>>,
}

/// Starts the log. First of all, so that a bad config is heard.
pub fn start(format: LogFormat, verbose: u8, quiet: bool, origin: LogOrigin) -> LogHandle {
    let asked_level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let stderr_level = if quiet { LevelFilter::WARN } else { asked_level };
    let file = Mutex::new(None);
    let coloured = colour();
    let sinks = LogSinks { format, coloured, origin, stderr_level, asked_level, file };
    let handle = LogHandle(Arc::new(sinks));
    // A second start (tests in one process) keeps the first log.
    let _ = tracing_subscriber::registry().with(LogLayer(handle.0.clone())).try_init();
    handle
}

/// Colour only on a terminal, and never with `NO_COLOR` (no-color.org).
fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

impl LogHandle {
    /// Appends every event from here on to `[log] file`, too. It is opened afresh for each run, so
    /// that logrotate may move it.
    ///
    /// # Errors
    /// `Exit::Config`: it can't be written to, or is something that a run needs.
    pub(super) fn add_file(&self, config: &Config) -> anyhow::Result<()> {
        let Some(path) = &config.log.file else { return Ok(()) };
        let file = open(path, config)
            .with_context(|| format!("opening the log file `{}`", path.display()))
            .context(Exit::Config)?;
        let as_with_v = self.0.asked_level.max(LevelFilter::DEBUG);
        let level = config.log.level.map_or(as_with_v, LevelFilter::from);
        *self.0.file.lock().unwrap_or_else(PoisonError::into_inner) = Some((file, level));
        tracing::callsite::rebuild_interest_cache();
        Ok(())
    }
}

fn open(path: &Path, config: &Config) -> anyhow::Result<File> {
    let files = config.files();
    let taken = files.iter().find(|(what, file)| what != LOG_FILE && is_same_file(path, file));
    if let Some((what, _)) = taken {
        return Err(anyhow!("it is {what}"));
    }
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).mode(0o600).custom_flags(NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(anyhow!("it is no regular file"));
    }
    Ok(file)
}

/// What [`Config::files`] calls it.
const LOG_FILE: &str = "the log file";

struct LogLayer(Arc<LogSinks>);

impl LogLayer {
    fn file_level(&self) -> LevelFilter {
        let file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_ref().map_or(LevelFilter::OFF, |(_, level)| *level)
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        // Libraries may log what passes through them, so only recert itself speaks.
        metadata.target().split("::").next() == Some("recert")
            && *metadata.level() <= self.0.stderr_level.max(self.file_level())
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let line = LogLine::of(event, &self.0.origin);
        let level: Level = *event.metadata().level();
        // A log that can't be written can't say so anywhere.
        if level <= self.0.stderr_level {
            let text = match self.0.format {
                LogFormat::Text => line.text(self.0.coloured),
                LogFormat::Json => line.json(),
            };
            let _ = io::stderr().write_all(text.as_bytes());
        }
        let mut file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((file, _)) = file.as_mut().filter(|(_, most)| level <= *most) {
            let _ = file.write_all(line.json().as_bytes());
        }
    }
}
