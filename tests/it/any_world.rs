//! Whatever the tables hold: a plan applied leaves nothing to plan, and nothing but what was planned
//! has changed. Checked against a model of section 5 that knows only plain Rust collections.

use proptest::prelude::*;
use recert::door::config::OnConflict;
use recert::door::plan::Action;

use crate::harness::{World, ok};

const AS_OF: &str = "2026-11-30";

/// One row of RECREATE_RESPONSE.
#[derive(Clone, Debug, PartialEq)]
struct Response {
    user: &'static str,
    location: i64,
    status: &'static str,
    active: &'static str,
    by_manager: &'static str,
    due: &'static str,
}

impl Response {
    fn row(&self) -> String {
        let Response { user, location, status, active, by_manager, due } = self;
        format!(
            "response \"USER={user}\" AT={location} \"STATUS={status}\" ACTIVE={active} MGR={by_manager} DUE={due}"
        )
    }

    fn revoked(&self) -> bool {
        self.active == "1" && self.status.trim_matches(' ').eq_ignore_ascii_case("revoked")
    }

    /// Dates in this form sort as text.
    fn is_due(&self) -> bool {
        let date = if self.by_manager == "NULL" { self.due } else { self.by_manager };
        self.revoked() && date != "NULL" && &date[..10] <= AS_OF
    }
}

fn user() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["E1", "E2", "e1", "O'Brien", "E1/7", "%"])
}

fn response() -> impl Strategy<Value = Response> {
    let date = || {
        prop::sample::select(vec![
            "NULL",
            "2026-11-29",
            "2026-11-30",
            "2026-11-30T23:59:59",
            "2026-12-01",
            "2020-02-29",
        ])
    };
    let status = prop::sample::select(vec!["REVOKED", " revoked ", "APPROVED", "PENDING", "NULL"]);
    let active = prop::sample::select(vec!["1", "1", "1", "0", "NULL"]);
    (user(), 7..10_i64, status, active, date(), date()).prop_map(
        |(user, location, status, active, by_manager, due)| Response {
            user,
            location,
            status,
            active,
            by_manager,
            due,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_revoke_changes_just_what_the_section_says_and_leaves_nothing_to_do(
        responses in prop::collection::vec(response(), 0..12),
        mappings in prop::collection::vec((user(), 7..10_i64), 0..12),
        skip in any::<bool>(),
    ) {
        let mut world = World::sqlite();
        world.config.revoke.absent_percent = 100.0;
        world.config.revoke.on_conflict = if skip { OnConflict::Skip } else { OnConflict::Revoke };
        let rows: Vec<String> = responses
            .iter()
            .map(Response::row)
            .chain(mappings.iter().map(|(user, location)| format!("mapping \"USER={user}\" AT={location}")))
            .collect();
        world.put(&rows.join("\n"));

        let approved = |of: &Response| responses.iter().any(|other| {
            (other.user, other.location) == (of.user, of.location) && other.active == "1" && other.status == "APPROVED"
        });
        let takes = |response: &&Response| response.is_due() && !(skip && approved(response));
        let goes = |key: &(&str, i64)| responses.iter().filter(takes).any(|of| (of.user, of.location) == *key);
        let kept: Vec<_> = mappings.iter().filter(|key| !goes(key)).collect();
        // Nearly its key, and still there after the run; its own key's rows are not: the response takes them.
        let near = |of: &&Response| {
            let is_near = |(user, location): &(&str, i64)| user.eq_ignore_ascii_case(of.user) && *location == of.location;
            !mappings.contains(&(of.user, of.location)) && kept.iter().any(|key| is_near(key))
        };
        let taken: Vec<&Response> = responses.iter().filter(takes).filter(|response| !near(response)).collect();

        let revoke = format!("revoke --as-of {AS_OF}");
        let ended = world.run(&revoke);
        ok(&ended);

        let mut expected: Vec<String> =
            kept.iter().map(|(user, location)| format!("{{\"USER_ID\":\"{user}\",\"RMM_ID\":{location}}}")).collect();
        expected.sort();
        prop_assert_eq!(world.dump("map_rap_user_role"), expected);

        let active_before = responses.iter().filter(|response| response.active == "1").count();
        let active = world.one("SELECT COUNT(*) FROM recreate_response WHERE is_active = 1");
        prop_assert_eq!(active, (active_before - taken.len()).to_string());
        prop_assert_eq!(world.dump("recreate_response").len(), responses.len());

        let counts = &ended.summary.counts;
        prop_assert_eq!(counts.get("responses_processed"), taken.len() as u64);
        prop_assert_eq!(counts.get("mappings_deleted"), (mappings.len() - kept.len()) as u64);
        prop_assert_eq!(counts.get("due"), responses.iter().filter(|response| response.is_due()).count() as u64);
        let plan = ended.plan.as_ref().unwrap();
        let deletions = plan.changes().filter(|(_, change)| change.action() == Action::Delete).count();
        prop_assert_eq!(deletions, mappings.len() - kept.len());

        let again = world.run(&revoke);
        ok(&again);
        prop_assert!(again.plan.unwrap().is_empty());
    }
}
