//! `password_command`: what a vault's own client says. No shell, ten seconds, the first line.
//!
//! What it writes to stderr goes into the log; what it writes to stdout goes nowhere else.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::BYTES_MAX;
use crate::config::must_not_be_open;
use crate::text::plain;

const PATIENCE: Duration = Duration::from_secs(10);

/// Lines of its stderr that are logged.
const LINES_MAX: usize = 20;

/// Runs the program, and returns what it said.
pub(super) fn run(words: &[String]) -> anyhow::Result<String> {
    run_for(words, PATIENCE)
}

fn run_for(words: &[String], patience: Duration) -> anyhow::Result<String> {
    let [program, arguments @ ..] = words else { return Err(anyhow!("it names no program")) };
    let told = || format!("asking `{}` (`password_command`) for the password", plain(program));
    // One without a path is found along PATH, which is whoever's that starts recert.
    if program.contains('/') {
        must_not_be_open(Path::new(program)).with_context(told)?;
    }
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0) // So that what it started goes with it.
        .spawn()
        .with_context(told)?;
    let said = child.stdout.take().map(read);
    let complained = child.stderr.take().map(read);
    let by = Instant::now() + patience;
    let ended = wait(&mut child, by);
    if ended.is_none() {
        end(&mut child);
    }
    log(complained, by);
    let text = said.and_then(|said| received(&said, by));
    match ended {
        None => Err(anyhow!("it has not answered within {} s", patience.as_secs_f32()))
            .with_context(told),
        Some(status) if !status.success() => {
            Err(anyhow!("it ended with {status}")).with_context(told)
        }
        Some(_) => {
            let text =
                text.ok_or_else(|| anyhow!("it has not closed its output")).with_context(told)?;
            String::from_utf8(text)
                .map_err(|_| anyhow!("what it says is not UTF-8 text"))
                .with_context(told)
        }
    }
}

fn wait(child: &mut Child, by: Instant) -> Option<std::process::ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < by => thread::sleep(Duration::from_millis(10)),
            _ => return None,
        }
    }
}

/// With all that it has started.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads on a thread of its own: a program that fills one pipe must not wait for the other.
fn read(from: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut from = from;
        let _ = from.by_ref().take(BYTES_MAX).read_to_end(&mut bytes);
        let _ = send.send(bytes);
        let _ = std::io::copy(&mut from, &mut std::io::sink()); // Or it would wait for a reader.
    });
    receive
}

/// A child of its own may hold the pipe open after it: not for longer than we wait anyway.
fn received(from: &Receiver<Vec<u8>>, by: Instant) -> Option<Vec<u8>> {
    let left = by.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
    from.recv_timeout(left).ok()
}

fn log(complained: Option<Receiver<Vec<u8>>>, by: Instant) {
    let Some(bytes) = complained.and_then(|from| received(&from, by)) else { return };
    for line in BufReader::new(&*bytes).lines().map_while(Result::ok).take(LINES_MAX) {
        tracing::info!("the program of `password_command` says: {}", plain(&line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration) -> anyhow::Result<String> {
        run_for(&["sh".to_owned(), "-c".to_owned(), script.to_owned()], patience)
    }

    #[test]
    fn the_program_is_run_without_a_shell_and_what_it_says_is_the_password() {
        let words = ["printf", "%s\n", "$HOME; a b"].map(str::to_owned);
        assert_eq!(run(&words).unwrap(), "$HOME; a b\n");
        assert_eq!(sh("echo secret; echo hello >&2", PATIENCE).unwrap(), "secret\n");
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_is_told_without_what_it_said() {
        for script in ["echo secret; exit 3", "echo secret; kill -9 $$"] {
            let said = format!("{:#}", sh(script, PATIENCE).unwrap_err());
            assert!(!said.contains("secret") && said.contains("password_command"), "{said}");
        }
        assert!(run(&["/nowhere/vault".to_owned()]).is_err());
    }

    #[test]
    fn a_program_that_the_world_may_write_is_not_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("vault");
        // Not written by this process: what it starts meanwhile would hold the file open.
        assert!(Command::new("cp").arg("/bin/echo").arg(&program).status().unwrap().success());
        let words = [program.display().to_string(), "secret".to_owned()];
        let allow = |mode| {
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        allow(0o755);
        assert_eq!(run(&words).unwrap(), "secret\n");
        allow(0o757);
        let said = format!("{:#}", run(&words).unwrap_err());
        assert!(said.contains("is not safe to act on") && !said.contains("secret"), "{said}");
    }

    #[test]
    fn a_program_that_never_answers_is_ended_with_all_it_started() {
        let began = Instant::now();
        let error = sh("sleep 60 & sleep 60", Duration::from_millis(300)).unwrap_err();
        assert!(format!("{error:#}").contains("has not answered"), "{error:#}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn more_than_a_pipe_holds_does_not_hold_it_up() {
        let said = sh("echo secret; yes | head -c 300000; yes | head -c 300000 >&2", PATIENCE);
        assert!(said.unwrap().starts_with("secret\n"));
    }
}
