//! The container and its CronJob: what the numbers mean to Kubernetes, and that nothing of Oracle's is shipped.

use recert::door::exit::Exit;

use crate::control_m::{parsed, text};

const CRON_JOB: &str = "control-m/container/cronjob.yaml";

/// The numbers in a rule's `values: […]`, by the rule's action.
fn numbers(action: &str) -> Vec<u8> {
    let text = text(CRON_JOB);
    let rule = text.split("- action: ").find(|rule| rule.starts_with(action)).unwrap();
    let values = rule.split_once("values: [").unwrap().1.split_once(']').unwrap().0;
    values.split(", ").map(|number| number.parse().unwrap()).collect()
}

#[test]
fn kubernetes_fails_where_a_person_must_look_and_tries_again_from_75_on() {
    let people = Exit::ALL.map(Exit::code).into_iter().filter(|code| (1..10).contains(code));
    assert_eq!(numbers("FailJob"), people.collect::<Vec<_>>());
    let again = Exit::ALL.map(Exit::code).into_iter().filter(|code| *code >= 75);
    assert_eq!(numbers("Count"), again.collect::<Vec<_>>());
}

#[test]
fn the_cron_job_is_shut_in_and_never_beside_itself() {
    let text = text(CRON_JOB);
    for line in [
        "apiVersion: batch/v1",
        "kind: CronJob",
        "concurrencyPolicy: Forbid",
        "restartPolicy: Never", // podFailurePolicy asks for it.
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "capabilities: {drop: [ALL]}",
        "automountServiceAccountToken: false",
    ] {
        assert!(text.lines().any(|is| is.trim() == line), "{line}");
    }
    assert!(!text.contains("env:"), "a secret is a file");
}

#[test]
fn the_cron_job_makes_the_folders_that_it_writes_to_because_a_new_volume_is_empty() {
    let text = text(CRON_JOB);
    let line = |key: &str| text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
    let made: Vec<String> = serde_json::from_str(line("command: ")).unwrap();
    let args: Vec<String> = serde_json::from_str(line("args: ")).unwrap();
    let written: Vec<&str> = args
        .iter()
        .filter(|arg| arg.starts_with('/'))
        .filter_map(|arg| Some(arg.rsplit_once('/')?.0))
        .collect();
    assert_eq!(written.len(), 2);
    for folder in written {
        assert!(made.iter().any(|made| made == folder), "{folder}");
    }
}

#[test]
fn the_cron_jobs_arguments_are_ones_that_recert_takes() {
    let text = text(CRON_JOB);
    let args = text.lines().find_map(|line| line.trim().strip_prefix("args: ")).unwrap();
    let args: Vec<String> = serde_json::from_str(args).unwrap();
    assert!(parsed(&format!("recert {}", args.join(" "))).global.quiet);
}

#[test]
fn the_container_is_debian_and_holds_nothing_of_oracles() {
    let text = text("control-m/container/Containerfile");
    assert!(text.contains("\nFROM debian:"), "Oracle's client needs glibc");
    assert!(text.contains("\nUSER recert\n"));
    let copied: Vec<&str> = text.lines().filter(|line| line.starts_with("COPY")).collect();
    assert_eq!(copied, ["COPY recert.deb /tmp/recert.deb"]);
}
