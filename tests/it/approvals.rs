//! A second person's approval: plans signed with the real `ssh-keygen`, held against `allowed_signers`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use recert::door::commands::history;
use recert::door::config::{ApprovalNeed, Limits};
use recert::door::exit::Exit;

use crate::harness::{World, exit, ok, skipped};
use crate::saved_plans::save;

/// A world whose next revoke is over its limit, with a saved plan and the keys of two people.
struct Signing {
    world: World,
    plan: PathBuf,
}

impl Signing {
    /// Nothing where there is no `ssh-keygen`.
    fn new(kind: &[&str]) -> Option<Signing> {
        let mut world = World::sqlite();
        world.config.limits.revoke = Limits { count: 1, floor: 1, ..Limits::default() };
        world.put("mapping\nmapping\nresponse MGR=2026-11-01");
        save(&world, "revoke --as-of 2026-11-30");
        let plan = world.folder.path().join("plan.json");
        for name in ["anna", "bert"] {
            let key = world.folder.path().join(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-N", "", "-t"])
                .args(kind)
                .arg("-f")
                .arg(key)
                .status();
            if !made.is_ok_and(|made| made.success()) {
                skipped("approvals", "ssh-keygen");
                return None;
            }
        }
        world.config.approval.signers = Some(world.folder.path().join("signers"));
        let signing = Signing { world, plan };
        signing.list("anna@example.org", "");
        Some(signing)
    }

    fn public(&self, name: &str) -> String {
        fs::read_to_string(self.world.folder.path().join(format!("{name}.pub"))).unwrap()
    }

    /// Lists Anna's key alone, under this name.
    fn list(&self, principal: &str, options: &str) {
        let line = format!("{principal} {options} {}", self.public("anna"));
        fs::write(self.world.folder.path().join("signers"), line).unwrap();
    }

    fn sign(&self, name: &str, namespace: &str) {
        let made = self.plan.with_added_extension("sig");
        let _ = fs::remove_file(&made);
        let sign = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(self.world.folder.path().join(name))
            .arg(&self.plan)
            .status();
        assert!(sign.unwrap().success());
    }

    fn command(&self, more: &str) -> String {
        let plan = self.plan.display();
        format!("revoke --plan {plan} --approval {plan}.sig {more}")
    }

    /// What applying the plan with the signature at hand and an allowance ends with.
    fn apply(&self) -> (Exit, String) {
        let command = self.command("--allow-changes 2 --reason CHG1");
        match self.world.try_run(&command, false) {
            Ok(ended) => (exit(&ended), ended.summary.error.unwrap_or_default()),
            Err(error) => (Exit::of(&error), format!("{error:#}")),
        }
    }
}

#[test]
fn a_run_over_the_limit_goes_through_with_a_listed_signature_by_any_kind_of_key() {
    for kind in [&["ed25519"][..], &["ecdsa"], &["rsa", "-b", "3072"]] {
        let Some(signing) = Signing::new(kind) else { return };
        signing.sign("anna", "recert-plan");
        assert_eq!(signing.apply(), (Exit::Done, String::new()), "{kind:?}");
        let kept = signing.world.one("SELECT parameters FROM recert_run");
        assert!(kept.contains("\"approved_by\":\"anna@example.org\""), "{kept}");
    }
}

#[test]
fn without_a_listed_signature_of_somebody_else_under_these_very_bytes_nothing_is_lifted() {
    type Attack = fn(&Signing);
    let attacks: &[(&str, Attack, &str)] = &[
        ("signed by somebody who is not listed", |s| s.sign("bert", "recert-plan"), "not listed"),
        ("signed for something else", |s| s.sign("anna", "file"), "was made for `file`"),
        (
            "changed after it was signed",
            |s| {
                s.sign("anna", "recert-plan");
                let text = fs::read_to_string(&s.plan).unwrap();
                fs::write(&s.plan, format!("{text}\n")).unwrap();
            },
            "the file was changed",
        ),
        ("no signature at all", |s| s.sign_with("no signature"), "none that `ssh-keygen"),
        ("an empty one", |s| s.sign_with(""), "none that `ssh-keygen"),
        ("listed for another name", |s| s.list_and_sign("namespaces=\"git\""), "other namespaces"),
        (
            "listed until yesterday",
            |s| s.list_and_sign("valid-before=\"20300614\""),
            "not valid any more",
        ),
        ("listed from tomorrow", |s| s.list_and_sign("valid-after=\"20300617Z\""), "not valid yet"),
        ("by who saved it", |s| s.list_as(&whoami::username().unwrap()), "plan of their own"),
        (
            "by who saved it, by mail",
            |s| {
                s.list_as(&format!("{}@example.org", whoami::username().unwrap().to_uppercase()));
            },
            "plan of their own",
        ),
    ];
    for (attack, forge, why) in attacks {
        let Some(signing) = Signing::new(&["ed25519"]) else { return };
        forge(&signing);
        let (exit, said) = signing.apply();
        assert_eq!(exit, Exit::Refused, "{attack}: {said}");
        assert!(said.contains(why), "{attack}: {said}");
        assert_eq!(signing.world.dump("map_rap_user_role").len(), 2, "{attack}");
        assert_eq!(signing.world.one("SELECT status FROM recert_run"), "refused", "{attack}");
    }
}

impl Signing {
    fn sign_with(&self, text: &str) {
        fs::write(self.plan.with_added_extension("sig"), text).unwrap();
    }

    fn list_and_sign(&self, options: &str) {
        self.list("anna@example.org", options);
        self.sign("anna", "recert-plan");
    }

    fn list_as(&self, principal: &str) {
        self.list(principal, "");
        self.sign("anna", "recert-plan");
    }
}

#[test]
fn an_allowance_alone_a_plan_alone_and_a_signature_alone_are_refused() {
    let Some(signing) = Signing::new(&["ed25519"]) else { return };
    signing.sign("anna", "recert-plan");
    let (world, plan) = (&signing.world, signing.plan.display());
    for (command, why) in [
        ("revoke --as-of 2026-11-30 --allow-changes 2 --reason x".to_owned(), "a second person"),
        (format!("revoke --plan {plan} --allow-changes 2 --reason x"), "a second person"),
        (signing.command(""), "--allow-changes 2"),
        (signing.command("--accept-source --reason x"), "--allow-changes 2"),
    ] {
        let ended = world.run(&command);
        assert_eq!(exit(&ended), Exit::Refused, "{command}");
        assert!(ended.summary.error.unwrap().contains(why), "{command}");
    }
    let usage = world.recert("revoke --approval plan.json.sig").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn a_doubt_is_lifted_by_two_people_only() {
    let Some(mut signing) = Signing::new(&["ed25519"]) else { return };
    signing.world.config.limits.import_users.floor = 1_000;
    let people: String = (0..6).map(|n| format!("person ID=P{n} EMAIL=p{n}@x\n")).collect();
    signing.world.put(&format!("org\n{people}"));
    let import = crate::import_users::import_of(&signing.world, &["id=P0|email=p0@x"]);
    let alone = signing.world.run(&format!("{import} --accept-source --reason x"));
    assert_eq!(exit(&alone), Exit::Refused);
    assert!(alone.summary.error.unwrap().contains("a second person"));
    save(&signing.world, &import);
    signing.sign("anna", "recert-plan");
    let plan = signing.plan.display();
    let both = format!("{import} --plan {plan} --approval {plan}.sig --accept-source --reason x");
    ok(&signing.world.run(&both));
}

#[test]
fn an_approved_plan_may_be_anybodys_and_one_within_the_limits_needs_nobody() {
    let Some(mut signing) = Signing::new(&["ed25519"]) else { return };
    signing.sign("anna", "recert-plan");
    fs::set_permissions(&signing.plan, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(signing.apply().0, Exit::Done);

    signing.world.config.approval.needed_for = vec![ApprovalNeed::OverLimit];
    ok(&signing.world.run("revoke --as-of 2026-11-29"));
    signing.world.config.approval.needed_for = vec![ApprovalNeed::EveryRun];
    let alone = signing.world.run("revoke --as-of 2026-11-29");
    assert_eq!(exit(&alone), Exit::Refused);
    ok(&signing.world.preview("revoke --as-of 2026-11-29"));
    let archive = history::Args {
        archive_before: Some("2031-01-01".parse().unwrap()),
        out: Some(signing.world.folder.path().join("archive.jsonl")),
        ..history::Args::default()
    };
    let outcome = history::run(&archive, &signing.world.context()).unwrap();
    assert_eq!(outcome.exit(), Exit::Refused);
    assert!(outcome.summary.error.unwrap().contains("nothing is archived"));
}

#[test]
fn signers_that_are_not_to_be_relied_on_are_a_matter_of_config() {
    let Some(mut signing) = Signing::new(&["ed25519"]) else { return };
    signing.sign("anna", "recert-plan");
    let signers = signing.world.folder.path().join("signers");
    let mode = |mode| fs::set_permissions(&signers, fs::Permissions::from_mode(mode)).unwrap();
    for principal in ["*", "*@example.org", "anna?"] {
        signing.list(principal, "");
        assert_eq!(signing.apply().0, Exit::Config, "{principal}");
    }
    signing.list("anna@example.org", "");
    mode(0o666);
    assert_eq!(signing.apply().0, Exit::Config);
    mode(0o644);
    signing.world.config.approval.signers = Some(Path::new("nowhere").to_owned());
    assert_eq!(signing.apply().0, Exit::Config);
    // A preview lifts nothing, and so needs nobody's name.
    ok(&signing.world.preview("revoke --as-of 2026-11-30"));
    signing.world.config.approval.signers = None;
    assert_eq!(signing.apply().0, Exit::Config, "a signature, and nobody who may sign");
}
