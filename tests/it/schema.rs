//! Everything written as JSON is what `recert schema` says.

use std::process::Output;
use std::sync::OnceLock;

use recert::door::summary::Summary;
use serde_json::Value as Json;

use crate::harness::{World, recert};

/// One of what `recert schema` prints, which is asked once.
fn schema(name: &str) -> &'static Json {
    static ALL: OnceLock<Json> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let output = recert("schema").stdout(std::process::Stdio::piped()).spawn();
        let output = output.unwrap().wait_with_output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    });
    all["schemas"].get(name).unwrap_or_else(|| panic!("no schema `{name}`"))
}

/// Whatever a process said as JSON, on stdout in one object, on stderr a line each, is as the schema it names says.
#[track_caller]
pub(crate) fn must_fit(output: &Output) {
    if let Ok(value) = serde_json::from_slice::<Json>(&output.stdout)
        && let Some(named) = value["schema"].as_str()
    {
        let name = named.split('/').nth(1).unwrap_or_default();
        if name != "schemas" {
            value_must_fit(name, &value, "stdout");
        }
        if let (Some(told), Some(code)) = (value["exit_code"].as_i64(), output.status.code()) {
            assert_eq!(told, i64::from(code), "the summary tells another number: {value}");
        }
    }
    let lines = output.stderr.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{"));
    for value in lines.filter_map(|line| serde_json::from_slice::<Json>(line).ok()) {
        value_must_fit("log", &value, "stderr");
    }
}

#[track_caller]
pub(crate) fn summary_must_fit(summary: &Summary) {
    value_must_fit("summary", &serde_json::to_value(summary).unwrap(), "summary");
}

#[track_caller]
fn value_must_fit(name: &str, value: &Json, what: &str) {
    let mut found = Vec::new();
    misfits(schema(name), value, "$", &mut found);
    assert!(found.is_empty(), "{what} is no `{name}`: {found:#?}");
}

/// What does not fit: as much of JSON Schema as ours use.
fn misfits(schema: &Json, value: &Json, at: &str, found: &mut Vec<String>) {
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: type {other}"),
    };
    let fits = match &schema["type"] {
        Json::String(kind) => is(kind),
        Json::Array(kinds) => kinds.iter().any(|kind| is(kind.as_str().unwrap())),
        _ => true,
    };
    let named = schema.get("const").is_none_or(|one| one == value)
        && schema["enum"].as_array().is_none_or(|all| all.contains(value));
    if !fits || !named {
        found.push(format!("{at}: {value}"));
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = |one: &Json| {
            let mut found = Vec::new();
            misfits(one, value, at, &mut found);
            found.is_empty()
        };
        if !any.iter().any(fits) {
            found.push(format!("{at}: none of them: {value}"));
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}: no {name}"));
        }
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Json::Null, Json::Bool(false)) => found.push(format!("{at}: {name} is not known")),
            (Json::Null, Json::Null) if schema["properties"].is_object() => {
                found.push(format!("{at}: {name} is not described"));
            }
            (Json::Null, of) => misfits(of, inner, &format!("{at}.{name}"), found),
            (of, _) => misfits(of, inner, &format!("{at}.{name}"), found),
        }
    }
    for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
        misfits(&schema["items"], inner, &format!("{at}[{place}]"), found);
    }
}

#[track_caller]
fn fits(name: &str, bytes: &[u8], what: &str) {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Json>();
    let mut n = 0;
    for value in values {
        value_must_fit(name, &value.unwrap(), what);
        n += 1;
    }
    assert!(n > 0, "{what}: nothing was written");
}

#[test]
fn everything_written_as_json_fits_its_schema() {
    let world = World::sqlite();
    world.put("mapping\nresponse MGR=2026-01-31\nresponse USER=E2");
    let run = |command: &str| world.recert(command).output().unwrap();
    fits(
        "preview",
        &run("preview --as-of 2026-01-31 --format json --save p.json").stdout,
        "preview",
    );
    for command in [
        "revoke --as-of 2026-01-31 --output json",
        "revoke --config nowhere.toml --output json",
        "verify --export h.json --output json",
        "check --output json",
        "migrate --output json",
        "report --all --out r.json --output json",
        "verify --dump d.json --with-images --output json",
        "verify --dump bare.json --output json",
        "history --archive-before 2100-01-01 --out a.json --output json",
    ] {
        fits("summary", &run(command).stdout, command);
    }
    fits("history", &run("history --format json").stdout, "history");
    let show = format!("show {} --format json", world.one("SELECT run_id FROM recert_run"));
    fits("show", &run(&show).stdout, "show");
    fits("log", &run("revoke --log-format json -vv --output json").stderr, "log");
    world.tamper("UPDATE recert_change SET why = CAST(x'c3' AS TEXT) WHERE seq = 2");
    let unreadable = run("verify --dump unreadable.json --output json");
    assert_eq!(unreadable.status.code(), Some(6));
    fits("summary", &unreadable.stdout, "verify");
    for (name, file) in [
        ("plan", "p.json"),
        ("heads", "h.json"),
        ("report", "r.json"),
        ("archive", "a.json"),
        ("dump", "d.json"),
        ("dump", "bare.json"),
        ("dump", "unreadable.json"),
    ] {
        fits(name, &std::fs::read(world.folder.path().join(file)).unwrap(), name);
    }
}

#[test]
fn each_schema_asks_for_the_member_that_names_it() {
    for name in [
        "summary", "preview", "plan", "report", "heads", "dump", "archive", "log", "history",
        "show",
    ] {
        let whole = schema(name);
        // Of a file of lines the first one says it.
        let first = whole["anyOf"].get(0).unwrap_or(whole);
        assert!(first["required"].as_array().unwrap().contains(&"schema".into()), "{name}");
        let named = first["properties"]["schema"]["const"].as_str().unwrap();
        assert!(named.starts_with("recert/"), "{name}: {named}");
    }
}

#[test]
fn all_schemas_are_one_object_with_their_names() {
    let output = recert("schema").output().unwrap();
    let all: Json = serde_json::from_slice(&output.stdout).unwrap();
    for (name, schema) in all["schemas"].as_object().unwrap() {
        assert_eq!(schema["$id"], format!("urn:recert:{name}"));
    }
    assert_eq!(recert("schema nothing").output().unwrap().status.code(), Some(2));
}
