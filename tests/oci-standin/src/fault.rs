//! Faults on demand: `OCI_STANDIN_FAULT=<nth>:<where>:<what>[,…]`.
//!
//! `where` is `connect`, `execute`, `fetch`, `commit`, `rollback` or `ping`; `execute/TEXT` counts only statements that
//! contain TEXT. `what` is `kill-before`, `kill-after`, `exit`, `exit-after`, `pause`, an ORA number
//! or a stack of them (`604+20001`). `nth` counts from 1
//! within the process; `*` means every time. Changing the variable starts the counting anew.

use std::sync::Mutex;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The line drops before the server got the call.
    KillBefore,
    /// The server carried the call out, the answer is lost.
    KillAfter,
    /// The process is killed before the call, as by `kill -9`.
    Exit,
    /// The process is killed once the server has answered.
    ExitAfter,
    /// The call waits until somebody says go, and is then made: others may be at work meanwhile.
    Pause,
    /// The call fails with these errors, the first the outermost; nothing reaches the server.
    Ora(Vec<i32>),
}

#[derive(Debug, PartialEq, Eq)]
struct Fault {
    nth: Option<u64>,
    place: String,
    text: String,
    what: What,
    seen: u64,
}

struct Plan {
    source: String,
    faults: Vec<Fault>,
}

static PLAN: Mutex<Plan> = Mutex::new(Plan { source: String::new(), faults: Vec::new() });

fn parse(source: &str) -> Result<Vec<Fault>, String> {
    source.split(',').map(str::trim).filter(|s| !s.is_empty()).map(parse_one).collect()
}

fn parse_one(source: &str) -> Result<Fault, String> {
    let wrong = || format!("oci-standin: `{source}` in OCI_STANDIN_FAULT is no <nth>:<where>:<what>");
    let (nth, rest) = source.split_once(':').ok_or_else(wrong)?;
    let (place, what) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let (place, text) = place.split_once('/').unwrap_or((place, ""));
    if !["connect", "execute", "fetch", "commit", "rollback", "ping"].contains(&place) {
        return Err(wrong());
    }
    let what = match what {
        "kill-before" => What::KillBefore,
        "kill-after" => What::KillAfter,
        "exit" => What::Exit,
        "exit-after" => What::ExitAfter,
        "pause" => What::Pause,
        codes => What::Ora(codes.split('+').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?),
    };
    let nth = if nth == "*" { None } else { Some(nth.parse().map_err(|_| wrong())?) };
    Ok(Fault { nth, place: place.to_owned(), text: text.to_uppercase(), what, seen: 0 })
}

/// The fault due at this call, if any. `sql` is the statement at hand, or empty.
pub fn due(place: &str, sql: &str) -> Option<What> {
    let source = std::env::var("OCI_STANDIN_FAULT").unwrap_or_default();
    let mut plan = PLAN.lock().ok()?;
    if plan.source != source {
        // A typo must not turn a test of faults into a test of nothing.
        plan.faults = parse(&source).unwrap_or_else(|message| {
            eprintln!("{message}");
            std::process::abort()
        });
        plan.source = source;
    }
    let mut due = None;
    for fault in &mut plan.faults {
        if fault.place == place && (fault.text.is_empty() || sql.to_uppercase().contains(&fault.text)) {
            fault.seen += 1;
            if due.is_none() && fault.nth.is_none_or(|nth| nth == fault.seen) {
                due = Some(fault.what.clone());
            }
        }
    }
    drop(plan);
    match due {
        Some(What::Exit) => die(),
        Some(What::Pause) => {
            pause(sql);
            None
        }
        due => due,
    }
}

/// Puts the statement at hand into `paused` in the folder `OCI_STANDIN_PAUSE`, and waits for a file `go` there.
fn pause(sql: &str) {
    let folder = std::path::PathBuf::from(std::env::var_os("OCI_STANDIN_PAUSE").unwrap_or_default());
    let written = std::fs::write(folder.join("paused"), sql);
    for _ in 0..60_000 {
        if written.is_err() || folder.join("go").exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // Whoever never said go, or named no folder, is not to take what follows for undisturbed.
    if !folder.join("go").exists() {
        eprintln!("oci-standin: nobody said go in `{}`", folder.display());
        std::process::abort()
    }
}

/// Ends the process as `kill -9` would: nothing is flushed, closed or rolled back by it.
pub fn die() -> ! {
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
        libc::pause();
    }
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_in_all_their_forms() {
        let faults = parse("1:commit:kill-after, *:execute/INSERT INTO a:8177,3:fetch:exit").unwrap();
        assert_eq!(faults.len(), 3);
        assert_eq!((faults[0].nth, faults[0].what.clone()), (Some(1), What::KillAfter));
        assert_eq!((faults[1].nth, faults[1].what.clone()), (None, What::Ora(vec![8177])));
        assert_eq!(faults[1].text, "INSERT INTO A");
        assert_eq!(parse("1:connect:604+20001").unwrap()[0].what, What::Ora(vec![604, 20001]));
        assert_eq!(faults[2].what, What::Exit);
        assert_eq!(parse("2:execute:pause").unwrap()[0].what, What::Pause);
    }

    #[test]
    fn a_typo_in_a_fault_is_refused() {
        for source in ["1:comit:exit", "x:commit:exit", "1:commit", "1:commit:boom"] {
            assert!(parse(source).is_err(), "{source}");
        }
    }
}
