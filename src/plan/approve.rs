//! Holds a plan against its limits and its source's sanity. Nothing else can let it be applied.

use anyhow::anyhow;

use super::Plan;
use crate::config::Limits;
use crate::exit::Exit;

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

/// `--allow-changes N`: up to this many rows may go in this one run, whatever the limits say.
pub type Allowance = Option<u64>;

/// Lets a plan through, or hands it back with every reason against it.
///
/// # Errors
/// The plan, and an `Exit::Refused` that names the limit, what the plan would take, and the way on.
pub fn approve(
    plan: Plan,
    limits: &Limits,
    allowed: Allowance,
) -> Result<Approved, (Plan, anyhow::Error)> {
    let mut reasons = plan.doubts.clone();
    let taken = plan.taken();
    let within = match allowed {
        Some(allowed) => taken <= allowed,
        None => !limits.refuse(taken, plan.population),
    };
    if !within {
        reasons.push(over_limit(taken, plan.population, limits, allowed));
    }
    if reasons.is_empty() {
        return Ok(Approved(plan));
    }
    let error = anyhow!(reasons.join("; ")).context(Exit::Refused);
    Err((plan, error))
}

fn over_limit(taken: u64, population: u64, limits: &Limits, allowed: Allowance) -> String {
    match allowed {
        Some(allowed) => {
            format!("the plan takes away {taken} rows, more than `--allow-changes {allowed}`")
        }
        None => format!(
            "the plan takes away {taken} of {population} rows; the limit is {} rows or {} %, above a floor of {}; \
             look at the preview, then `--allow-changes {taken} --reason …` lets this one run through",
            limits.count, limits.percent, limits.floor
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubted_source_is_refused_even_with_an_allowance() {
        let plan = Plan { doubts: vec!["half the file is missing".to_owned()], ..Plan::default() };
        let (_, error) = approve(plan, &Limits::default(), Some(1_000)).unwrap_err();
        assert_eq!(Exit::of(&error), Exit::Refused);
        assert!(format!("{error:#}").contains("half the file is missing"));
    }

    #[test]
    fn an_empty_plan_is_approved() {
        assert!(approve(Plan::default(), &Limits::default(), None).is_ok());
    }
}
