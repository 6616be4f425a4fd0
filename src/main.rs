//! The door: parse, start the log, run, return the number.

use std::process::ExitCode;

use recert::door::cli::{self, Cli};
use recert::door::exit::Exit;
use recert::door::guard;

/// A large plan is millions of small texts; the system's allocator spends a fifth of a run on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    guard::keep_memory_private(); // First, before there is a secret in it.
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(
                if error.use_stderr() { Exit::Usage } else { Exit::Done }.code(),
            );
        }
    };
    cli::find_client_library(&cli);
    ExitCode::from(cli::run(&cli).code())
}
