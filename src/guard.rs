//! What must not leave the process: its memory, and what a defect would print.
//!
//! A core file holds passwords and people; a panic's message may quote a row. So there is no core
//! file, and a panic says where it happened and nothing else.

use std::panic::{self, AssertUnwindSafe};

use anyhow::anyhow;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::exit::Exit;

/// Forbids core files, and other processes of the same account to look into this one's memory.
///
/// As far as it goes: where the system has neither, a run is still worth more than none.
pub fn keep_memory_private() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Carries out `work`; a panic in it becomes an error like any other, and one line in the log.
///
/// Whatever was not committed is undone, since its connection is dropped on the way.
///
/// # Errors
/// What `work` says; `Exit::Failed` after a panic.
pub fn against_defects<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    panic::set_hook(Box::new(|panic| {
        // Not the payload: nobody knows what was put into it.
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "a defect in recert itself; please report this line");
    }));
    let ended = panic::catch_unwind(AssertUnwindSafe(work));
    let _ = panic::take_hook();
    ended.unwrap_or_else(|_| {
        Err(anyhow!(
            "recert met a defect of its own and gave up; what was not committed is undone, and `recert history` says what was"
        )
        .context(Exit::Failed))
    })
}
