//! Every file that a command line names, and what for: no output is written over what a run needs.
//!
//! A new option that takes a path is one line in [`ROLES`]; a test finds one that is missing there.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::ArgMatches;
use clap::builder::ValueParser;

use super::metrics;
use crate::config::Config;
use crate::exit::Exit;
use crate::files::{PlaceTarget, is_same_file, names_folder};

/// Written to also when all else fails.
const METRICS: &str = "--metrics-file";

/// What a path on the command line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathRole {
    /// It is read.
    Input,
    /// A file is written.
    File,
    /// Files are written into it.
    Folder,
    /// One or the other, as the command decides.
    FileOrFolder,
}

/// By the subcommand that has the option (`*`: any) and the option's id; the first that fits.
const ROLES: &[(&str, &str, PathRole)] = &[
    ("*", "config", PathRole::Input),
    ("*", "metrics_file", PathRole::File),
    ("*", "plan", PathRole::Input),
    ("*", "approval", PathRole::Input),
    ("*", "file", PathRole::Input),
    ("*", "rejects", PathRole::File),
    ("*", "claim_into", PathRole::Folder),
    ("*", "warnings", PathRole::File),
    ("*", "save", PathRole::File),
    ("*", "input", PathRole::Input),
    ("*", "against", PathRole::Input),
    ("*", "export", PathRole::File),
    ("*", "dump", PathRole::File),
    ("demo", "dir", PathRole::Folder),
    ("man", "out", PathRole::Folder),
    ("report", "out", PathRole::FileOrFolder),
    ("*", "out", PathRole::File),
];

/// A path as it was typed.
#[derive(Clone, Debug)]
pub(super) struct NamedPath {
    /// `--out`, or `FILE`
    option: String,
    path: PathBuf,
    role: PathRole,
}

/// The paths in a command line, each with its option.
pub(super) fn named(command: &clap::Command, matches: &ArgMatches) -> Vec<NamedPath> {
    let mut found = Vec::new();
    for (id, option, role) in path_options(command) {
        let values = matches.try_get_many::<PathBuf>(&id).ok().flatten().into_iter().flatten();
        found.extend(values.map(|path| NamedPath {
            option: option.clone(),
            path: path.clone(),
            role: role.unwrap_or(PathRole::File), // Never met: a test sees to it.
        }));
    }
    if let Some((name, below)) = matches.subcommand()
        && let Some(command) = command.find_subcommand(name)
    {
        found.extend(named(command, below));
    }
    found
}

/// A file that is written beside the one that `--out` names.
pub(super) fn beside_out(path: PathBuf) -> NamedPath {
    NamedPath { option: "--out, and beside it".to_owned(), path, role: PathRole::File }
}

/// The command's own options that take a path: id, as it is typed, and its role.
fn path_options(command: &clap::Command) -> Vec<(String, String, Option<PathRole>)> {
    let path = ValueParser::path_buf().type_id();
    let options = command.get_arguments().filter(|arg| arg.get_value_parser().type_id() == path);
    options
        .map(|arg| {
            let id = arg.get_id().as_str();
            let typed = match arg.get_long() {
                Some(long) => format!("--{long}"),
                None => id.to_uppercase(),
            };
            let fits = |of: &&(&str, &str, PathRole)| {
                (of.0 == "*" || of.0 == command.get_name()) && of.1 == id
            };
            (id.to_owned(), typed, ROLES.iter().find(fits).map(|of| of.2))
        })
        .collect()
}

/// Refuses an output that would take the place of something a run needs, or that can't be written.
/// Before anything is opened, links followed to what they name.
///
/// # Errors
/// `Exit::Usage`, with the path as typed.
pub(super) fn check(named: &[NamedPath], config: &Config) -> anyhow::Result<()> {
    let mut needed: Vec<(String, PathBuf)> = Vec::new();
    for (what, path) in config.files() {
        needed.push((what, path));
    }
    for input in named.iter().filter(|named| named.role == PathRole::Input) {
        needed.push((format!("what `{}` names", input.option), input.path.clone()));
    }
    for output in named.iter().filter(|named| named.role != PathRole::Input) {
        let place = PlaceTarget::of(&output.path);
        must_be_writable(output, place)?;
        if place == PlaceTarget::Through {
            continue;
        }
        if let Some((what, _)) = needed.iter().find(|(_, path)| is_same_file(&output.path, path)) {
            return Err(refused(output, &format!("it is {what}, and would be written over")));
        }
        needed.push((format!("what `{}` writes", output.option), output.path.clone()));
    }
    Ok(())
}

/// Where the metrics go, if nothing else is lost by it. Without a config, whose files nobody knows, only
/// what is a metrics file already is replaced.
pub(super) fn metrics_file<'a>(
    named: &'a [NamedPath],
    config: Option<&Config>,
) -> Option<&'a Path> {
    let (metrics, others): (Vec<&NamedPath>, Vec<&NamedPath>) =
        named.iter().partition(|named| named.option == METRICS);
    let metrics = *metrics.first()?;
    let place = PlaceTarget::of(&metrics.path);
    must_be_writable(metrics, place).ok()?;
    let files = config.map(Config::files).unwrap_or_default();
    let mut needed = files.iter().map(|(_, path)| path).chain(others.iter().map(|of| &of.path));
    let is_free = place == PlaceTarget::Through
        || needed.all(|path| !is_same_file(&metrics.path, path))
            && (config.is_some() || metrics::may_replace(&metrics.path));
    is_free.then_some(metrics.path.as_path())
}

fn must_be_writable(output: &NamedPath, place: PlaceTarget) -> anyhow::Result<()> {
    let why = match (place, output.role) {
        (PlaceTarget::Other(kind), _) => format!("it is {kind}, and not a file"),
        (PlaceTarget::Folder, PathRole::File) => {
            "it is a folder, and a file is to be written".to_owned()
        }
        (PlaceTarget::File | PlaceTarget::Through, PathRole::Folder) => {
            "it is a file, and a folder is asked for".to_owned()
        }
        (PlaceTarget::Absent { .. }, PathRole::File) if names_folder(&output.path) => {
            "a folder is named so, and a file is to be written".to_owned()
        }
        (PlaceTarget::Absent { has_folder: false }, PathRole::File | PathRole::FileOrFolder) => {
            "the folder it is to be in is not there".to_owned()
        }
        _ => return Ok(()),
    };
    Err(refused(output, &why))
}

fn refused(output: &NamedPath, why: &str) -> anyhow::Error {
    let typed = shown(&output.path);
    anyhow!("`{} {typed}`: {why}", output.option).context(Exit::Usage)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn all(command: &clap::Command, unknown: &mut Vec<String>) {
        for (id, _, role) in path_options(command) {
            if role.is_none() {
                unknown.push(format!("{} {id}", command.get_name()));
            }
        }
        command.get_subcommands().for_each(|below| all(below, unknown));
    }

    #[test]
    fn every_option_that_takes_a_path_says_what_for() {
        let mut unknown = Vec::new();
        all(&Cli::command(), &mut unknown);
        assert!(unknown.is_empty(), "add them to ROLES: {unknown:?}");
    }
}
