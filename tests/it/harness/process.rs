//! The binary, about to be started; whatever it then says as JSON is held against its schemas.

use std::ffi::OsStr;
use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A [`Command`] whose [`output`](RecertProcess::output) must be what `recert schema` says.
pub(crate) struct RecertProcess(Command);

impl RecertProcess {
    pub(super) fn new() -> Self {
        RecertProcess(Command::new(env!("CARGO_BIN_EXE_recert")))
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn output(&mut self) -> io::Result<Output> {
        let output = self.0.output()?;
        crate::schema::must_fit(&output);
        Ok(output)
    }

    pub(crate) fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Self {
        self.0.args(args);
        self
    }

    pub(crate) fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.0.env_remove(name);
        self
    }

    pub(crate) fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.0.current_dir(folder);
        self
    }

    pub(crate) fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.0.stdin(stdin);
        self
    }

    pub(crate) fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.0.stdout(stdout);
        self
    }
}

/// For what is not about its output: `spawn`, `status`.
impl Deref for RecertProcess {
    type Target = Command;

    fn deref(&self) -> &Command {
        &self.0
    }
}

impl DerefMut for RecertProcess {
    fn deref_mut(&mut self) -> &mut Command {
        &mut self.0
    }
}
