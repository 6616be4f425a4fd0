//! Who is never disabled, and in whose name it is done.

use super::{CUTOFF, RUN, count, disabled, ops_worlds};
use crate::harness::{World, exit, ok, printed};
use recert::door::exit::Exit;

const OLD: &str = "CREATED=2020-01-01";

#[test]
fn disable_inactive_spares_exempt_oidc_ids_with_case() {
    for mut world in ops_worlds() {
        let ids = ["fakeauth|1", " O'Brien;-- ", "", "50%", "a|b"];
        world.config.disable_inactive.exempt_oidc_ids = ids.map(str::to_owned).to_vec();
        world.put(&format!(
            "account ID=1 OIDC=fakeauth|1 {OLD}\naccount ID=2 OIDC=FakeAuth|1 {OLD}
             account ID=3 OIDC=O'Brien;-- {OLD}\naccount ID=4 OIDC=NULL {OLD}
             account ID=5 OIDC=50% {OLD}\naccount ID=6 OIDC=500 {OLD}
             account ID=7 OIDC=a|b {OLD}\naccount ID=8 OIDC=a {OLD}"
        ));
        assert_eq!(disabled(&world, RUN), ["2", "4", "6", "8"], "{}", world.name);
        assert_eq!(count(&world.preview(RUN), "exempt"), 4);
    }
}

#[test]
fn disable_inactive_spares_exempt_mails_without_case() {
    for mut world in ops_worlds() {
        let mails = ["Žofie.O'Brien@Example.org", "batch@example.org ", ""];
        world.config.disable_inactive.exempt_emails = mails.map(str::to_owned).to_vec();
        world.put(&format!(
            "account ID=1 MAIL=žofie.o'brien@EXAMPLE.ORG {OLD}\naccount ID=2 MAIL=BATCH@example.org {OLD}
             account ID=3 MAIL=xbatch@example.org {OLD}\naccount ID=4 {OLD}
             account ID=5 OIDC=batch@example.org {OLD}"
        ));
        assert_eq!(disabled(&world, RUN), ["3", "4", "5"], "{}", world.name);
        assert_eq!(count(&world.preview(RUN), "exempt"), 2);
    }
}

#[test]
fn disable_inactive_spares_the_actor_itself() {
    for world in ops_worlds() {
        world.put("session OF=900 ACTIVE=1 LAST=2020-01-01");
        let ended = world.run(RUN);
        ok(&ended);
        assert_eq!(printed(&ended), Vec::<String>::new(), "{}", world.name);
        assert_eq!(count(&ended, "active"), 1);
        assert_eq!(count(&ended, "exempt"), 0, "only who is named in the config counts");
    }
}

#[test]
fn disable_inactive_does_not_mind_what_state_the_actor_is_in() {
    for world in ops_worlds() {
        world.tamper("UPDATE ops_user SET status = 'LOCKED' WHERE id = 900");
        world.put(&format!("account \"CREATED={CUTOFF}\""));
        assert_eq!(disabled(&world, RUN), ["1"], "{}", world.name);
    }
}

/// Run and preview end with 3 and these words, and nothing changes.
fn check_actor(world: &World, words: &str) {
    let before = world.dump("ops_user");
    for ended in [world.run(RUN), world.preview(RUN)] {
        assert_eq!(exit(&ended), Exit::Config, "{}", world.name);
        let error = ended.summary.error.unwrap();
        assert!(error.contains("actor_oidc_id") && error.contains(words), "{error}");
    }
    assert_eq!(world.dump("ops_user"), before);
}

#[test]
fn disable_inactive_needs_an_actor_in_the_config() {
    for mut world in ops_worlds() {
        world.put(&format!("account {OLD}"));
        world.config.disable_inactive.actor_oidc_id = None;
        check_actor(&world, "is not set");
    }
}

#[test]
fn disable_inactive_needs_an_actor_that_exists_even_when_nobody_is_inactive() {
    for mut world in ops_worlds() {
        world.config.disable_inactive.actor_oidc_id = Some("Robot".to_owned());
        check_actor(&world, "0 accounts");
    }
}

#[test]
fn disable_inactive_refuses_an_actor_that_two_accounts_could_be() {
    for world in ops_worlds() {
        world.put(&format!("account OIDC=robot {OLD}"));
        check_actor(&world, "2 accounts");
    }
}
