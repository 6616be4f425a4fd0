//! `--metrics-file`, as Prometheus reads it.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use crate::harness::{World, skipped};

/// Runs recert with a metrics file, and returns the number it ended with.
fn run(world: &World, command: &str) -> i32 {
    let output = world.recert(command).output().unwrap();
    output.status.code().unwrap()
}

fn read(world: &World) -> String {
    std::fs::read_to_string(world.folder.path().join("recert.prom")).unwrap()
}

/// The value of a sample.
fn sample(text: &str, start: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(start))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn metrics_tell_of_the_run_its_counts_and_its_findings() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2");
    assert_eq!(run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom"), 0);
    let text = read(&world);
    let job = r#"{job="revoke"} "#;
    assert_eq!(sample(&text, &format!("recert_run_exit_code{job}")), Some(0.0), "{text}");
    assert_eq!(sample(&text, &format!("recert_run_findings{job}")), Some(1.0), "{text}");
    let counted = r#"recert_run_counts{job="revoke",kind="mappings_deleted"} "#;
    assert_eq!(sample(&text, counted), Some(1.0), "{text}");
    assert_eq!(
        sample(&text, r#"recert_run_findings_by_kind{job="revoke",kind="undated"} "#),
        Some(1.0),
        "{text}"
    );
    assert!(sample(&text, &format!("recert_run_duration_seconds{job}")).is_some(), "{text}");
    assert!(sample(&text, &format!("recert_last_success_timestamp_seconds{job}")) > Some(1.7e9));
    assert!(text.contains(r#"status="applied""#), "{text}");
}

#[test]
fn metrics_are_in_the_format_prometheus_reads() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2");
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    let text = read(&world);
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        let well_formed = line.starts_with("# HELP recert_")
            || line.starts_with("# TYPE recert_") && line.ends_with(" gauge")
            || line.starts_with("recert_")
                && line.rsplit(' ').next().unwrap().parse::<f64>().is_ok();
        assert!(well_formed, "{line}");
    }
    let promtool = Process::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        return skipped(
            "metrics_are_in_the_format_prometheus_reads, by promtool",
            "promtool (Debian package prometheus)",
        );
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

#[test]
fn metrics_of_a_failed_run_carry_the_last_success_over() {
    let world = World::sqlite();
    assert_eq!(run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom"), 0);
    let success = "recert_last_success_timestamp_seconds{job=\"revoke\"} ";
    // As if it were long ago.
    let path = world.folder.path().join("recert.prom");
    let old = read(&world)
        .lines()
        .map(|line| {
            if line.starts_with(success) {
                format!("{success}1700000000\n")
            } else {
                format!("{line}\n")
            }
        })
        .collect::<String>();
    std::fs::write(&path, old).unwrap();

    world.tamper("DROP TABLE recreate_response");
    assert_ne!(run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom"), 0);
    let text = read(&world);
    assert_eq!(sample(&text, success), Some(1_700_000_000.0), "{text}");
    assert!(sample(&text, "recert_run_exit_code{job=\"revoke\"} ") > Some(0.0), "{text}");
    assert!(text.contains(r#"status="failed""#), "{text}");
}

#[test]
fn metrics_of_a_preview_are_no_success_of_the_job() {
    let world = World::sqlite();
    assert_eq!(run(&world, "preview revoke --as-of 2026-01-31 --metrics-file recert.prom"), 0);
    assert!(!read(&world).contains("recert_last_success"));
}

#[test]
fn metrics_also_tell_of_a_run_that_never_began() {
    let world = World::sqlite();
    let output =
        world.recert("revoke --metrics-file recert.prom --config missing.toml").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let text = read(&world);
    assert_eq!(sample(&text, "recert_run_exit_code{job=\"revoke\"} "), Some(3.0), "{text}");
    assert!(!text.contains("recert_last_success"));
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn metrics_are_for_the_owner_alone_until_somebody_lets_the_collector_read_them() {
    let world = World::sqlite();
    let path = world.folder.path().join("recert.prom");
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    assert_eq!(mode(&path), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    assert_eq!(mode(&path), 0o644);
    // Reading is passed on, writing never is.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    assert_eq!(mode(&path), 0o644);
}

#[test]
fn metrics_replace_a_planted_link_instead_of_following_it() {
    let world = World::sqlite();
    let victim = world.folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    symlink(&victim, world.folder.path().join("recert.prom")).unwrap();
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert!(read(&world).contains("recert_run_info"));
}

#[test]
fn alerts_are_ones_that_prometheus_takes_and_ask_for_metrics_that_there_are() {
    let path = crate::control_m::repo("control-m/recert.rules.yml");
    let Ok(output) = Process::new("promtool").args(["check", "rules"]).arg(&path).output() else {
        return skipped("the alerts", "promtool (Debian package prometheus)");
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2");
    run(&world, "revoke --as-of 2026-01-31 --metrics-file recert.prom");
    let written = read(&world);
    let rules = std::fs::read_to_string(path).unwrap();
    for line in rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")) {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        for metric in words.filter(|word| word.starts_with("recert_")) {
            assert!(written.contains(&format!("# TYPE {metric} gauge")), "{metric}");
        }
    }
}
