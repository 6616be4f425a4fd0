//! `recert completions`: what a shell needs to complete recert's words. Reads no config.

use anyhow::Context as _;
use clap_complete::{Shell, generate};

use super::CommandContext;
use crate::outcome::Outcome;
use crate::summary::Status;

/// `recert completions`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Puts the shell's script on stdout.
///
/// # Errors
/// stdout can't be written to.
pub(crate) fn run(
    args: &Args,
    mut command: clap::Command,
    context: &CommandContext<'_>,
) -> anyhow::Result<Outcome> {
    // In memory first: the generator gives up loudly when its writer does.
    let mut script = Vec::new();
    generate(args.shell, &mut command, "recert", &mut script);
    context.out.write(|out| Ok(out.write_all(&script)?)).context("writing the completions")?;
    Ok(Outcome::of(context.summary(Status::Unchanged)?).said())
}
