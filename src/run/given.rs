//! What people hand to a run: a saved plan, and a second person's signature under it.

use anyhow::anyhow;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::Request;
use crate::config::{ApprovalNeed, must_be_ours_alone};
use crate::exit::Exit;
use crate::jobs::Job;
use crate::plan::{Approval, PlanSignature, SavedPlan};
use crate::signature::{self, Signers};

/// Reads the saved plan, and who has signed it.
///
/// # Errors
/// `Exit::BadInput`: the plan can't be used, or somebody else could have written it; `Exit::Usage`: `--as-of` is
/// another day; `Exit::Config`: there are no signers, or their file can't be used.
pub(super) fn read(
    request: &Request<'_>,
    now: DateTime<Utc>,
) -> anyhow::Result<(Option<SavedPlan>, Approval)> {
    let Request { job, config, preview, .. } = *request;
    let mut approval = Approval::default();
    if let Some(path) = config.approval.signers.as_ref().filter(|_| !preview) {
        // They are read in any case: a file that can't be used is to be noticed before it is needed.
        approval.needed_for.clone_from(&config.approval.needed_for);
        approval.signers = Some(Signers::read(path)?);
    }
    if matches!(job, Job::Archive(_)) && approval.needed_for.contains(&ApprovalNeed::EveryRun) {
        // Nor would the way on be one that is named where a signature is missing.
        let why = "no plan of archiving can be saved, to be signed: under `[approval] needed_for = [\"every-run\"]` nothing is archived";
        approval.signature = PlanSignature::Wrong(why.to_owned());
    }
    let write = job.write_args();
    let Some(path) = &write.plan else { return Ok((None, approval)) };
    let (saved, bytes) = SavedPlan::read(path)?;
    match (&write.approval, &approval.signers) {
        (None, _) if preview => {}
        (None, _) => must_be_ours_alone(path).map_err(|error| error.context(Exit::BadInput))?,
        (Some(_), _) if preview => {}
        (Some(_), None) => {
            return Err(anyhow!(
                "`--approval` needs `[approval] signers` in the config: who may sign"
            )
            .context(Exit::Config));
        }
        (Some(signature), Some(signers)) => {
            let signed = signature::signer(&bytes, signature, signature::PLAN, signers, now);
            approval.signature = match signed {
                Ok(principals) => PlanSignature::of(principals, saved.savers()),
                Err(error) => PlanSignature::Wrong(format!("{error:#}")),
            };
        }
    }
    let database = job.database(config);
    let zone = config.time.tz()?;
    saved.must_be_for(job.name(), &database.url, &job.parameters(), zone)?;
    if request.as_of.is_some_and(|as_of| as_of != saved.as_of) {
        return Err(anyhow!("`--as-of` is another day than the saved plan's, {}", saved.as_of)
            .context(Exit::Usage));
    }
    Ok((Some(saved), approval))
}

/// What the ledger keeps of both.
pub(super) fn note_in(
    parameters: &mut serde_json::Map<String, serde_json::Value>,
    saved: Option<&SavedPlan>,
    approval: &Approval,
) {
    if let Some(saved) = saved {
        let mut plan = json!({
            "sha256": saved.file_sha256,
            "preview": saved.preview,
            "saved_by": saved.saved_by,
        });
        if let Some(user) = &saved.sudo_user {
            plan["sudo_user"] = user.as_str().into();
        }
        parameters.insert("plan".to_owned(), plan);
    }
    if let PlanSignature::By(principals) = &approval.signature {
        parameters.insert("approved_by".to_owned(), principals.join(",").into());
    }
}
