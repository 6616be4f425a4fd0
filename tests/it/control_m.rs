//! The job definitions in `control-m/`: written in Control-M's own words, every command line one that
//! recert takes, every number it can end with taken care of.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use recert::door::cli::{Cli, Command};
use recert::door::exit::Exit;
use serde_json::{Map, Value as Json};

type Object = Map<String, Json>;

const OPERATIONS: &str = "recert-operations@example.com";
const OWNER: &str = "recert-owner@example.com";

pub(crate) fn repo(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(repo(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Json {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The command line as recert's own parser takes it; fails with its words when it does not.
pub(crate) fn parsed(line: &str) -> Cli {
    let words = line.split_whitespace().skip(1);
    Cli::try_parse_from(std::iter::once("recert").chain(words))
        .unwrap_or_else(|error| panic!("`{line}`: {error}"))
}

/// The parts of a shell line that call recert, without what the shell adds.
pub(crate) fn recert_calls(line: &str) -> Vec<String> {
    line.split("&&")
        .flat_map(|part| part.split(" || "))
        .map(|part| part.split('>').next().unwrap_or_default().trim())
        .filter_map(|part| {
            let at = part.find("recert --").or_else(|| part.find("/usr/bin/recert "))?;
            Some(part[at..].to_owned())
        })
        .collect()
}

/// One job of the folders, with its name.
struct Job<'a> {
    name: &'a str,
    folder: &'a str,
    is: &'a Object,
}

impl Job<'_> {
    fn text(&self, key: &str) -> &str {
        self.is.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// The command, if it is recert's.
    fn command(&self) -> Option<Cli> {
        let command = self.text("Command");
        // The imports look whether their file is there first; `verify` puts its new heads in the old ones' place.
        let call = command.rsplit(" || ").next()?.split(" && ").next()?;
        call.starts_with("/usr/bin/recert ").then(|| parsed(call))
    }

    fn writes(&self) -> bool {
        matches!(self.command(), Some(Cli { command: Command::Job(_), .. }))
    }

    /// The objects of a type in it, by name.
    fn all<'a>(&'a self, kind: &str) -> Vec<&'a Object> {
        objects(self.is).filter(|(_, object)| object["Type"] == kind).map(|(_, is)| is).collect()
    }

    /// What is done when it ends with a number: the actions of all blocks for it.
    fn actions(&self, code: &str) -> Vec<&Object> {
        self.all("If:CompletionStatus")
            .into_iter()
            .filter(|block| block["CompletionStatus"] == code)
            .flat_map(|block| objects(block).map(|(_, action)| action))
            .collect()
    }
}

/// The objects with a `Type` below one.
fn objects(of: &Object) -> impl Iterator<Item = (&String, &Object)> {
    of.iter()
        .filter_map(|(name, value)| Some((name, value.as_object()?)))
        .filter(|(_, object)| object.contains_key("Type"))
}

fn jobs(folders: &Json) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    for (folder, is) in objects(folders.as_object().unwrap()) {
        for (name, is) in
            objects(is).filter(|(_, is)| is["Type"].as_str().unwrap().starts_with("Job:"))
        {
            jobs.push(Job { name, folder, is });
        }
    }
    jobs
}

#[test]
fn control_m_definitions_use_only_words_control_m_knows() {
    let vocabulary = json("tests/data/control_m_vocabulary.json");
    let folders = json("control-m/recert.json");
    for (name, folder) in folders.as_object().unwrap() {
        let folder = folder.as_object().unwrap();
        assert_eq!(folder["Type"], "Folder", "{name}");
        speaks(folder, vocabulary.as_object().unwrap(), name);
    }
}

/// What may stand in what.
fn may_hold(outer: &str, inner: &str) -> bool {
    match outer.split(':').next() {
        Some("Folder") => inner.starts_with("Job:"),
        Some("Job") => ["If:", "Notify:", "Resource:"].iter().any(|kind| inner.starts_with(kind)),
        Some("If") => inner.starts_with("Action:"),
        _ => false,
    }
}

fn speaks(object: &Object, vocabulary: &Object, path: &str) {
    let kind = object["Type"].as_str().unwrap();
    let known = vocabulary.get(kind).and_then(Json::as_object);
    let known = known.unwrap_or_else(|| panic!("{path}: Control-M has no type `{kind}`"));
    for (key, value) in object.iter().filter(|(key, _)| *key != "Type") {
        let path = format!("{path}/{key}");
        match (known.get(key), value.as_object().filter(|inner| inner.contains_key("Type"))) {
            (Some(shape), _) => assert!(fits(value, shape), "{path}: {value} is not {shape}"),
            (None, Some(inner)) => {
                let inner_kind = inner["Type"].as_str().unwrap();
                assert!(may_hold(kind, inner_kind), "{path}: a {kind} holds no {inner_kind}");
                speaks(inner, vocabulary, &path);
            }
            (None, None) => panic!("{path}: a {kind} has no such key"),
        }
    }
}

fn fits(value: &Json, shape: &Json) -> bool {
    if let Some(word) = shape.as_str() {
        return match word {
            "text" => value.is_string() || value.is_number(),
            "flag" => value.is_boolean(),
            "map" => value.as_object().is_some_and(|map| map.values().all(Json::is_string)),
            _ => false,
        };
    }
    let shape = shape.as_object().unwrap();
    if let Some(one_of) = shape.get("enum") {
        return one_of.as_array().unwrap().contains(value);
    }
    if let Some(inner) = shape.get("list") {
        return value.as_array().is_some_and(|list| list.iter().all(|value| fits(value, inner)));
    }
    let keys = shape["object"].as_object().unwrap();
    value.as_object().is_some_and(|object| {
        object.iter().all(|(key, value)| keys.get(key).is_some_and(|shape| fits(value, shape)))
    })
}

#[test]
fn control_m_command_lines_are_ones_that_recert_takes() {
    let folders = json("control-m/recert.json");
    let calls = jobs(&folders).iter().filter(|job| job.command().is_some()).count();
    assert!(calls >= 9, "only {calls} of the jobs call recert");
}

#[test]
fn control_m_covers_every_job_the_spec_schedules() {
    let folders = json("control-m/recert.json");
    let jobs = jobs(&folders);
    let of =
        |name: &str| jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("{name}"));
    for hourly in ["recert-revoke", "recert-disable-inactive"] {
        assert_eq!(of(hourly).is["Rerun"]["Every"], "1");
        assert_eq!(of(hourly).is["Rerun"]["Units"], "Hours");
    }
    assert!(of("recert-sync-managers").is["When"]["FromTime"].is_string());
    assert_eq!(of("recert-report").is["When"]["MonthDays"], serde_json::json!(["1"]));
    assert_eq!(of("recert-verify").is["When"]["WeekDays"], serde_json::json!(["SUN"]));
    for import in ["recert-import-users", "recert-import-availability"] {
        assert_eq!(
            (&of(import).is["Rerun"]["Every"], &of(import).is["Rerun"]["Units"]),
            (&"10".into(), &"Minutes".into())
        );
        let command = of(import).text("Command");
        let file = command.split_whitespace().last().unwrap();
        assert!(
            command.starts_with(&format!("test -z \"$(find {file} -mmin +1 ")),
            "{import}: {command}"
        );
        assert!(command.contains(" --claim-into "), "{import} takes its file before it reads it");
    }
}

/// With a New Day time of 06:00, a cyclic job from midnight on would run till six, and no more.
#[test]
fn control_m_cycles_all_day_whenever_the_day_begins() {
    let folders = json("control-m/recert.json");
    for job in jobs(&folders) {
        let from = job.is.get("When").and_then(|when| when.get("FromTime")).and_then(Json::as_str);
        match job.is.get("Rerun") {
            Some(_) => assert_eq!(from, None, "{}", job.name),
            None => {
                assert!(from.is_none_or(|from| from >= "0700" || from == "0130"), "{}", job.name)
            }
        }
    }
}

#[test]
fn control_m_names_only_jobs_that_are_there() {
    let folders = json("control-m/recert.json");
    let jobs = jobs(&folders);
    let named: BTreeSet<(&str, &str)> = jobs.iter().map(|job| (job.folder, job.name)).collect();
    assert_eq!(named.len(), jobs.len());
    for job in &jobs {
        for block in job.all("If:CompletionStatus") {
            for (_, action) in objects(block).filter(|(_, action)| action["Type"] == "Action:Run") {
                let target = (action["Folder"].as_str().unwrap(), action["Job"].as_str().unwrap());
                assert!(named.contains(&target), "{} runs {target:?}", job.name);
            }
        }
    }
}

#[test]
fn control_m_lets_no_two_writers_run_at_once() {
    let folders = json("control-m/recert.json");
    let writers: Vec<_> = jobs(&folders).into_iter().filter(Job::writes).collect();
    assert!(!writers.is_empty());
    for job in writers {
        let lock = job.is.get("RECERT-WRITER").and_then(Json::as_object);
        let lock = lock.unwrap_or_else(|| panic!("{} holds no lock", job.name));
        assert_eq!(
            (&lock["Type"], &lock["LockType"]),
            (&"Resource:Lock".into(), &"Exclusive".into())
        );
        // A run that failed must not keep the others out.
        assert_eq!(lock["IfFail"], "Release");
    }
}

/// How many mails a night of eight hours brings when every run of a job ends with the same number.
fn mails_in_a_bad_night(job: &Job<'_>, code: &str, jobs: &[Job<'_>]) -> usize {
    let cyclic = job.is.contains_key("Rerun");
    let runs: usize = match job.is.get("Rerun").map(|rerun| rerun["Units"].as_str().unwrap()) {
        Some("Hours") => 8,
        // A refused file is put away: the next run has nothing to do. All else is met again.
        Some(_) if matches!(code, "4" | "5") => 1,
        Some(_) => 48,
        None => 1,
    };
    let actions = job.actions(code);
    let does = |kind: &str| actions.iter().any(|action| action["Type"] == kind);
    let reruns = job
        .is
        .get("RerunLimit")
        .map_or(0, |limit| limit["Times"].as_str().unwrap().parse().unwrap());
    let runs = match (does("Action:StopCyclicRun"), does("Action:Rerun")) {
        (true, _) => 1,
        (false, true) => runs * (1 + reruns),
        (false, false) => runs,
    };
    let by_preview = actions
        .iter()
        .filter(|action| action["Type"] == "Action:Run")
        .map(|run| jobs.iter().find(|other| run["Job"] == other.name).unwrap())
        .map(|preview| mailed_to(preview.actions("OK").into_iter()).len())
        .sum::<usize>();
    let failures = job.all("If:NumberOfFailures");
    let after: usize = failures[0]["NumberOfFailures"].as_str().unwrap().parse().unwrap();
    assert!(!cyclic || after > 1, "{}: one failure of a cycle is none", job.name);
    runs * (mailed_to(actions.into_iter()).len() + by_preview) + usize::from(runs >= after)
}

#[test]
fn control_m_tells_of_a_bad_night_once() {
    let folders = json("control-m/recert.json");
    let jobs = jobs(&folders);
    for job in jobs.iter().filter(|job| job.folder == "recert" && job.command().is_some()) {
        // Nothing to do at 0; 10 is never asked for; 7 is of one COMMIT, and the next run is another.
        for exit in Exit::ALL.into_iter().filter(|exit| !matches!(exit.code(), 0 | 7 | 10)) {
            let refused = exit == Exit::Refused && !job.writes();
            let mails = mails_in_a_bad_night(job, &exit.code().to_string(), &jobs);
            assert_eq!(mails, usize::from(!refused), "{} at {exit}", job.name);
        }
        // It could not be started, or was killed every time.
        for other in ["126", "127", ">127"] {
            assert_eq!(mails_in_a_bad_night(job, other, &jobs), 1, "{} at {other}", job.name);
        }
    }
}

#[test]
fn control_m_reruns_75_to_77_a_bounded_number_of_times() {
    let folders = json("control-m/recert.json");
    for job in jobs(&folders).iter().filter(|job| job.command().is_some()) {
        for exit in Exit::ALL.into_iter().filter(|exit| exit.code() >= 75) {
            let actions = job.actions(&exit.code().to_string());
            if job.is.contains_key("Rerun") {
                assert!(actions.is_empty(), "{}: a cyclic job comes round by itself", job.name);
                continue;
            }
            assert!(
                matches!(actions.as_slice(), [again] if again["Type"] == "Action:Rerun"),
                "{}",
                job.name
            );
            let times: u32 = job.is["RerunLimit"]["Times"].as_str().unwrap().parse().unwrap();
            assert!((1..=10).contains(&times), "{}", job.name);
            let used_up = job.all("If:NumberOfFailures");
            assert_eq!(used_up[0]["NumberOfFailures"], (times + 1).to_string(), "{}", job.name);
            assert_eq!(mailed_to(objects(used_up[0]).map(|(_, action)| action)), [OPERATIONS]);
        }
    }
}

#[test]
fn control_m_sends_the_owner_what_was_refused() {
    let folders = json("control-m/recert.json");
    let jobs = jobs(&folders);
    for job in jobs.iter().filter(|job| job.writes()) {
        let actions = job.actions("4");
        let run = actions.iter().find(|action| action["Type"] == "Action:Run");
        let sent = match run {
            // The file of an import is put away: its own log says what was refused.
            None => actions.clone(),
            Some(run) => {
                let preview = jobs.iter().find(|other| run["Job"] == other.name).unwrap();
                let Some(Cli { command: Command::Preview(args), .. }) = preview.command() else {
                    panic!("{} is no preview", preview.name)
                };
                let Some(Cli { command: Command::Job(written), .. }) = job.command() else {
                    unreachable!()
                };
                assert_eq!(args.job.unwrap().name(), written.name(), "{}", preview.name);
                preview.actions("OK")
            }
        };
        assert_eq!(mailed_to(sent.iter().copied()), [OWNER], "{}", job.name);
        let mails = sent.iter().filter(|action| action["Type"] == "Action:Mail");
        assert!(mails.into_iter().all(|mail| mail["AttachOutput"] == true));
    }
}

#[test]
fn control_m_tells_operations_of_every_other_number() {
    let folders = json("control-m/recert.json");
    for job in jobs(&folders).iter().filter(|job| job.command().is_some()) {
        // Nothing to do at 0; 10 is never asked for; 4 and 75 to 77 have tests of their own.
        let others = Exit::ALL.into_iter().filter(|exit| !matches!(exit.code(), 0 | 4 | 10 | 75..));
        for exit in others {
            let actions = job.actions(&exit.code().to_string());
            assert_eq!(mailed_to(actions.iter().copied()), [OPERATIONS], "{} at {exit}", job.name);
            let subject = actions[0]["Subject"].as_str().unwrap();
            assert!(
                subject.ends_with(&format!("ended with {} ({exit})", exit.code())),
                "{subject}"
            );
        }
        // And of what no recert ends with: it could not be started, or was killed.
        for other in ["126", "127", ">127"] {
            assert_eq!(mailed_to(job.actions(other).into_iter()), [OPERATIONS], "{}", job.name);
        }
    }
}

#[test]
fn control_m_notices_jobs_that_come_late_or_take_too_long() {
    let folders = json("control-m/recert.json");
    for job in jobs(&folders).iter().filter(|job| job.command().is_some()) {
        assert_eq!(job.all("Notify:ExecutionTime").len(), 1, "{}", job.name);
        let timed = job.is.get("When").is_some_and(|when| when.get("FromTime").is_some());
        let hourly = job.is.get("Rerun").is_some_and(|rerun| rerun["Units"] == "Hours");
        let late = job.all("Notify:DoesNotStart").len() + job.all("Notify:LateCyclicSubmit").len();
        assert_eq!(late, usize::from(timed || hourly), "{}", job.name);
    }
}

fn mailed_to<'a>(actions: impl Iterator<Item = &'a Object>) -> Vec<&'a str> {
    actions
        .filter(|action| action["Type"] == "Action:Mail")
        .map(|mail| mail["To"].as_str().unwrap())
        .collect()
}

#[test]
fn the_deploy_descriptor_changes_what_is_there() {
    let jobs = text("control-m/recert.json");
    for rule in json("control-m/deploy-prod.json")["DeployDescriptor"].as_array().unwrap() {
        let property = rule["Property"].as_str().unwrap();
        assert!(jobs.contains(&format!("\"{property}\": ")), "{property} stands nowhere");
        if let Some(kind) = rule.get("ApplyOn").and_then(|on| on["Type"].as_str()) {
            assert!(jobs.contains(&format!("\"Type\": \"{kind}")), "there is no {kind}");
        }
        for replaced in rule.get("Replace").and_then(Json::as_array).into_iter().flatten() {
            for pattern in replaced.as_object().unwrap().keys() {
                let plain = pattern.replace("\\.", ".").replace("(.*)", "");
                assert!(jobs.contains(&plain), "`{pattern}` matches nothing");
            }
        }
        assert!(rule.get("Assign").is_some() || rule.get("Replace").is_some());
    }
}
