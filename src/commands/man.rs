//! `recert man`: a page a subcommand, made from the command line itself, so that none can be out of date.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use super::CommandContext;
use crate::exit::Exit;
use crate::files::write_whole;
use crate::outcome::Outcome;
use crate::summary::Status;

/// `recert man`
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Write the pages of all subcommands into this folder; without it, the main page to stdout
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Files that play a part, for FILES.
const FILES: &[(&str, &str)] = &[
    (
        "./recert.toml, /etc/recert/recert.toml",
        "The config, when neither --config nor RECERT_CONFIG names one; the first that is there.",
    ),
    ("./recert.db", "The embedded database, when there is no config."),
    (
        "password_file",
        "As named in the config: the first line is the password. Refused when others may use it (chmod 600).",
    ),
    (
        "/usr/share/doc/recert/",
        "The example config, job definitions for Control-M, cron and systemd, the threat model, the runbook, and all SQL statements.",
    ),
];

/// Variables that are looked at, for ENVIRONMENT.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("RECERT_CONFIG", "The config, when --config does not name one."),
    ("NO_COLOR", "When set and not empty, nothing is coloured, not even on a terminal."),
    ("password_env", "As named in the config: a variable that holds a password."),
    (
        "TNS_ADMIN, LD_LIBRARY_PATH",
        "Read by Oracle's client library; the keys config_dir and client_lib_dir of the config come first.",
    ),
];

/// Writes the pages.
///
/// # Errors
/// `Exit::Config`: the folder can't be written to.
pub(crate) fn run(
    args: &Args,
    command: clap::Command,
    context: &CommandContext<'_>,
) -> anyhow::Result<Outcome> {
    let command = ready(command);
    let Some(dir) = &args.out else {
        context.out.write(|out| page(&command, out))?;
        return Ok(Outcome::of(context.summary(Status::Unchanged)?).said());
    };
    std::fs::create_dir_all(dir)
        .with_context(|| format!("making the folder `{}`", dir.display()))
        .context(Exit::Config)?;
    for command in all(&command) {
        let path = dir.join(format!("{}.1", name(command)));
        write_whole(&path, |out| page(command, out))?;
    }
    Ok(Outcome::of(context.summary(Status::Unchanged)?).said())
}

/// The command with its names and inherited options filled in; the numbers get a section of their own.
fn ready(command: clap::Command) -> clap::Command {
    let mut command = command.after_help("").disable_help_subcommand(true);
    command.build();
    command
}

/// The command and all below it.
fn all(command: &clap::Command) -> Vec<&clap::Command> {
    let mut found = vec![command];
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        found.extend(all(below));
    }
    found
}

/// `recert-preview-revoke`
fn name(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &clap::Command, out: &mut dyn Write) -> anyhow::Result<()> {
    let man = Man::new(command.clone())
        .title(name(command).to_uppercase())
        .source(concat!("recert ", env!("CARGO_PKG_VERSION")))
        .manual("recert");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    exit_status().to_writer(out)?;
    list("FILES", FILES).to_writer(out)?;
    list("ENVIRONMENT", ENVIRONMENT).to_writer(out)?;
    if name(command) != "recert" {
        see_also().to_writer(out)?;
    }
    Ok(())
}

fn exit_status() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman(
        "Below 70 a person must look; from 75 on nothing was changed, and the scheduler may simply run it again.",
    )]);
    for exit in Exit::ALL {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string()), roman(" "), italic(exit.to_string())]);
        roff.text([roman(exit.meaning())]);
    }
    roff
}

fn list(heading: &str, entries: &[(&str, &str)]) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in entries {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
    roff
}

fn see_also() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text([bold("recert"), roman("(1)")]);
    roff
}
