//! The door: parse, start the log, run, return the number.

use std::process::ExitCode;

use clap::Parser as _;
use recert::cli::{self, Cli};
use recert::exit::Exit;

/// A large plan is millions of small texts; the system's allocator spends a fifth of a run on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(
                if error.use_stderr() { Exit::Usage } else { Exit::Done }.code(),
            );
        }
    };
    cli.start_log(); // First, so that a bad config is heard.
    let exit = cli::run(&cli).unwrap_or_else(|error| {
        tracing::error!(exit_code = Exit::of(&error).code(), "{}", Exit::tell(&error)); // The whole chain, on one line, once.
        Exit::of(&error)
    });
    ExitCode::from(exit.code())
}
