//! Holds a plan against its limits and its source's sanity. Nothing else can let it be applied.

use anyhow::anyhow;

use super::Plan;
use super::limit::{HeldLimit, taken};
use crate::config::ApprovalNeed;
use crate::exit::Exit;
use crate::signature::Signers;

/// A plan the limits let through. Only [`approve`] makes one, and only this can be applied.
#[derive(Debug)]
pub struct Approved(Plan);

impl Approved {
    /// The plan, to look at.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    /// The plan, to show; it can't be applied any more.
    #[must_use]
    pub fn into_plan(self) -> Plan {
        self.0
    }
}

/// A plan that was not let through, and every reason against it.
pub(crate) type RefusedPlan = Box<(Plan, anyhow::Error)>;

/// What a person lifts for one run. Neither lifts what the other does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// `--allow-changes N`: this run may take up to so much, whatever the limits say.
    pub changes: Option<u64>,
    /// `--accept-source`: the doubts about the source were looked at.
    pub source: bool,
}

/// Which runs a second person must have approved, and whether one has.
#[derive(Debug, Default)]
pub struct Approval {
    /// The runs; none, where nobody is asked.
    pub needed_for: Vec<ApprovalNeed>,
    /// Who may sign.
    pub(crate) signers: Option<Signers>,
    /// Who has signed.
    pub signature: PlanSignature,
}

/// The signature under a saved plan.
#[derive(Debug, Default)]
pub enum PlanSignature {
    /// None was given.
    #[default]
    Missing,
    /// Of a listed signer, by all names of that key.
    By(Vec<String>),
    /// One that approves nothing, and why.
    Wrong(String),
}

impl PlanSignature {
    /// That of these names; nobody approves a plan of their own.
    #[must_use]
    pub fn of<'a>(principals: Vec<String>, savers: impl Iterator<Item = &'a str>) -> Self {
        // An account may be told with its domain before or behind it.
        let account = |name: &str| {
            let name = name.rsplit('\\').next().unwrap_or(name);
            name.split('@').next().unwrap_or(name).to_lowercase()
        };
        for saver in savers {
            let is_own = |name: &&String| {
                name.to_lowercase() == saver.to_lowercase() || account(name) == account(saver)
            };
            if let Some(own) = principals.iter().find(is_own) {
                return PlanSignature::Wrong(format!(
                    "`{own}` signed a plan that `{saver}` saved: nobody approves a plan of their own"
                ));
            }
        }
        PlanSignature::By(principals)
    }
}

/// Lets a plan through, or hands it back with every reason against it.
///
/// # Errors
/// The plan, and an `Exit::Refused` that names each doubt and limit, the missing approval, and the way on.
pub fn approve(
    plan: Plan,
    limits: &[HeldLimit<'_>],
    allowance: Allowance,
    approval: &Approval,
) -> Result<Approved, RefusedPlan> {
    let mut reasons = Vec::new();
    if !allowance.source {
        reasons.extend(plan.doubts.iter().map(|doubt| doubted(doubt)));
    }
    reasons.extend(over_limit(&plan, limits, allowance.changes));
    let is_lifted = !plan.doubts.is_empty() || !over_limit(&plan, limits, None).is_empty();
    reasons.extend(unapproved(approval, is_lifted && reasons.is_empty()));
    if reasons.is_empty() {
        return Ok(Approved(plan));
    }
    let error = anyhow!(reasons.join("; ")).context(Exit::Refused);
    Err(Box::new((plan, error)))
}

fn doubted(doubt: &str) -> String {
    format!(
        "the source looks wrong: {doubt}; if it is right, `--accept-source --reason …` lets this one run through"
    )
}

/// Why a second person has not let the run through.
fn unapproved(approval: &Approval, lifts: bool) -> Option<String> {
    let needs = |need: &ApprovalNeed| match need {
        ApprovalNeed::OverLimit => lifts,
        ApprovalNeed::EveryRun => true,
    };
    match &approval.signature {
        PlanSignature::Wrong(why) => Some(format!("not approved: {why}")),
        PlanSignature::Missing if approval.needed_for.iter().any(needs) => Some(
            "a second person must approve this run: save the plan (`preview --save F`), have a listed signer sign it \
             (`ssh-keygen -Y sign -n recert-plan -f KEY F`), then `--plan F --approval F.sig`"
                .to_owned(),
        ),
        PlanSignature::Missing | PlanSignature::By(_) => None,
    }
}

fn over_limit(plan: &Plan, limits: &[HeldLimit<'_>], allowed: Option<u64>) -> Vec<String> {
    let own: u64 = limits.iter().map(|limit| taken(plan, limit.name).n).sum();
    match allowed {
        Some(allowed) if own <= allowed => Vec::new(),
        Some(allowed) => {
            vec![format!("the plan takes away {own} rows, more than `--allow-changes {allowed}`")]
        }
        None => limits.iter().filter_map(|limit| limit.refusal(plan, own)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Limits;
    use crate::plan::limit::UNANSWERED;
    use crate::plan::tests::{step, touches};
    use crate::plan::{Step, Takes};

    const NOBODY: Allowance = Allowance { changes: None, source: false };

    fn plan(steps: Vec<Step>) -> Plan {
        Plan { steps, population: 1_000, ..Plan::default() }
    }

    fn rows(takes: Takes, n: usize) -> Step {
        step(takes, &vec!["a"; n])
    }

    fn held<'a>(name: &'static str, limits: &'a Limits, earlier: u64) -> HeldLimit<'a> {
        HeldLimit { name, limits, earlier }
    }

    fn refused(plan: Plan, limits: &[HeldLimit<'_>], allowance: Allowance) -> String {
        let error = approve(plan, limits, allowance, &Approval::default()).unwrap_err().1;
        assert_eq!(Exit::of(&error), Exit::Refused);
        format!("{error:#}")
    }

    #[test]
    fn a_doubt_is_lifted_by_accepting_the_source_and_by_nothing_else() {
        let doubted = || Plan { doubts: vec!["half the file is missing".into()], ..plan(vec![]) };
        for changes in [None, Some(u64::MAX)] {
            let said = refused(doubted(), &[], Allowance { changes, source: false });
            assert!(said.contains("half the file is missing"), "{said}");
            assert!(said.contains("--accept-source"), "{said}");
        }
        assert!(
            approve(
                doubted(),
                &[],
                Allowance { changes: None, source: true },
                &Approval::default()
            )
            .is_ok()
        );
    }

    #[test]
    fn accepting_the_source_lifts_no_limit() {
        let limits = Limits { count: 1, floor: 1, ..Limits::default() };
        let allowance = Allowance { changes: None, source: true };
        let limit = [held("revoke", &limits, 0)];
        let said = refused(plan(vec![rows(Takes::Rows, 2)]), &limit, allowance);
        assert!(said.contains("takes away 2 of 1000 rows"), "{said}");
    }

    #[test]
    fn what_earlier_runs_took_counts_but_not_against_an_allowance() {
        let limits = Limits { count: 5, floor: 5, ..Limits::default() };
        let six = || plan(vec![rows(Takes::Rows, 3)]);
        assert!(
            approve(six(), &[held("revoke", &limits, 2)], NOBODY, &Approval::default()).is_ok()
        );
        let limit = [held("revoke", &limits, 3)];
        let said = refused(six(), &limit, NOBODY);
        for part in ["takes away 3 of", "after 3 that", "6 together", "--allow-changes 3 "] {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
        assert!(
            approve(
                six(),
                &limit,
                Allowance { changes: Some(3), source: false },
                &Approval::default()
            )
            .is_ok()
        );
        refused(six(), &limit, Allowance { changes: Some(2), source: false });
        assert!(
            approve(plan(vec![]), &[held("revoke", &limits, 9)], NOBODY, &Approval::default())
                .is_ok()
        );
    }

    #[test]
    fn the_unanswered_are_held_apart_and_an_allowance_speaks_of_the_sum() {
        let limits = Limits { count: 5, floor: 5, ..Limits::default() };
        let both = [held("revoke", &limits, 0), held(UNANSWERED, &limits, 0)];
        let of = |n, m| plan(vec![rows(Takes::Rows, n), rows(Takes::UnansweredRows, m)]);
        assert!(approve(of(5, 5), &both, NOBODY, &Approval::default()).is_ok());
        let said = refused(of(5, 6), &both, NOBODY);
        assert!(said.contains("[limits.revoke-unanswered]"), "{said}");
        assert!(said.contains("--allow-changes 11"), "{said}");
        assert!(!said.contains("[limits.revoke]"), "{said}");
        let allowed = |n| Allowance { changes: Some(n), source: false };
        assert!(approve(of(5, 6), &both, allowed(11), &Approval::default()).is_ok());
        refused(of(5, 6), &both, allowed(10));
    }

    #[test]
    fn a_refusal_names_the_commonest_reasons_with_their_numbers() {
        let limits = Limits { count: 1, floor: 1, ..Limits::default() };
        let limit = [held("revoke", &limits, 0)];
        let because = |whys: &[String]| {
            plan(vec![touches(Takes::Rows, whys.iter().map(|why| ("a", why.as_str())))])
        };
        let mut whys = vec!["no activity since 2026-09-14".to_owned(); 30];
        whys[0] = "left in 0".to_owned();
        whys[1] = "left in 1".to_owned();
        let said = refused(because(&whys), &limit, NOBODY);
        assert!(said.contains("(28 of 30: no activity since 2026-09-14; 1 of 30: left"), "{said}");

        let whys: Vec<String> =
            (0..9).map(|at| format!("the directory says m{at}, not m0")).collect();
        let said = refused(because(&whys), &limit, NOBODY);
        assert!(said.contains("9 of 9: the directory says … not m0"), "{said}");
    }

    #[test]
    fn an_empty_plan_is_approved() {
        assert!(approve(Plan::default(), &[], NOBODY, &Approval::default()).is_ok());
    }

    #[test]
    fn what_is_left_is_what_a_plan_may_still_take() {
        let limits = Limits::default();
        for (population, earlier) in [(0, 0), (50, 3), (1_000, 0), (1_000, 99), (100_000, 7)] {
            let limit = held("revoke", &limits, earlier);
            let left = limit.left(population);
            let take = |n| limits.refuse(n + earlier, population.max(1));
            assert!(!take(left) && take(left + 1), "{left} of {population} after {earlier}");
        }
    }

    fn approval(needed_for: ApprovalNeed, signature: PlanSignature) -> Approval {
        Approval { needed_for: vec![needed_for], signature, ..Approval::default() }
    }

    fn by(principal: &str, saved_by: &str) -> PlanSignature {
        PlanSignature::of(vec![principal.to_owned()], [saved_by].into_iter())
    }

    #[test]
    fn who_lifts_a_limit_or_a_doubt_needs_a_second_person_once_there_are_signers() {
        let limits = Limits { count: 1, floor: 1, ..Limits::default() };
        let limit = [held("revoke", &limits, 0)];
        let of = |n, doubts: &[&str]| Plan {
            doubts: doubts.iter().map(|doubt| (*doubt).to_owned()).collect(),
            ..plan(vec![rows(Takes::Rows, n)])
        };
        let all = Allowance { changes: Some(9), source: true };
        let asks = |plan, needed_for, signature| {
            approve(plan, &limit, all, &approval(needed_for, signature))
                .err()
                .map(|refused| format!("{:#}", refused.1))
        };
        for (n, doubts, every, over) in [
            (0, &[][..], true, false),
            (1, &[], true, false),
            (2, &[], true, true),
            (1, &["x"], true, true),
        ] {
            for (need, asked) in [(ApprovalNeed::EveryRun, every), (ApprovalNeed::OverLimit, over)]
            {
                let said = asks(of(n, doubts), need, PlanSignature::Missing);
                assert_eq!(said.is_some(), asked, "{n} {doubts:?} {need:?}: {said:?}");
                assert!(said.is_none_or(|said| said.contains("a second person must")));
                assert!(asks(of(n, doubts), need, by("anna", "bert")).is_none());
            }
        }
        // One that approves nothing is refused, needed or not.
        let said = asks(of(0, &[]), ApprovalNeed::OverLimit, by("bert", "bert"));
        assert!(said.unwrap().contains("a plan of their own"));
        // An approval is no allowance.
        let error = approve(
            of(2, &[]),
            &limit,
            NOBODY,
            &approval(ApprovalNeed::OverLimit, by("anna", "bert")),
        )
        .unwrap_err()
        .1;
        assert!(format!("{error:#}").contains("--allow-changes 2"), "{error:#}");
    }

    #[test]
    fn nobody_approves_a_plan_of_their_own_by_whatever_name() {
        for (principal, saved_by, own) in [
            ("anna", "anna", true),
            ("Anna@example.org", "anna", true),
            ("anna", "ANNA@corp", true),
            ("anna@example.org", "CORP\\Anna", true),
            ("anna.b@example.org", "anna", false),
            ("annab", "anna", false),
        ] {
            let is_own = matches!(by(principal, saved_by), PlanSignature::Wrong(_));
            assert_eq!(is_own, own, "{principal} {saved_by}");
        }
        for savers in [&["anna"][..], &["recert", "anna"]] {
            let names = vec!["bert".into(), "anna@x".into()];
            let both = PlanSignature::of(names, savers.iter().copied());
            assert!(matches!(both, PlanSignature::Wrong(_)), "{savers:?}");
        }
    }
}
