//! The hashes of all runs, kept elsewhere: what a rewritten or cut chain is found out by.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::files::write_whole;

const FORMAT: u32 = 1;

/// A run and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head(pub String, pub String);

/// What `verify --export` writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heads {
    /// The format's number.
    recert_heads: u32,
    /// When they were written down.
    pub written_at: String,
    /// One entry a database.
    pub databases: Vec<DatabaseHeads>,
}

/// The chain of one database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseHeads {
    /// The database's name in the config.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Hash of the last run.
    pub head_sha256: String,
    /// Id and hash of every run, in the order of the chain.
    pub runs: Vec<Head>,
}

impl Heads {
    /// Nothing yet.
    #[must_use]
    pub fn begin(written_at: String) -> Self {
        Heads { recert_heads: FORMAT, written_at, databases: Vec::new() }
    }

    /// Adds the chain of a database.
    pub fn add(&mut self, name: &str, url: &str, runs: Vec<Head>) {
        let genesis = super::canonical::GENESIS;
        let head_sha256 = runs.last().map_or(genesis, |head| head.1.as_str()).to_owned();
        self.databases.push(DatabaseHeads {
            name: name.to_owned(),
            url: url.to_owned(),
            head_sha256,
            runs,
        });
    }

    /// The chain of a database as it was.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&[Head]> {
        self.databases
            .iter()
            .find(|database| database.name == name)
            .map(|database| database.runs.as_slice())
    }

    /// Writes them down.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        write_whole(path, |out| {
            serde_json::to_writer(&mut *out, self)?;
            Ok(out.write_all(b"\n")?)
        })
    }

    /// Reads what [`Heads::write`] wrote.
    ///
    /// # Errors
    /// `Exit::BadInput`: it is not there, or something else.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            let heads: Heads = serde_json::from_reader(BufReader::new(File::open(path)?))?;
            if heads.recert_heads != FORMAT {
                return Err(anyhow!(
                    "it has format {}, this program reads {FORMAT}",
                    heads.recert_heads
                ));
            }
            Ok(heads)
        };
        read()
            .with_context(|| format!("reading the heads `{}`", path.display()))
            .context(Exit::BadInput)
    }
}

/// The first place where a chain is not what it was when its heads were kept.
pub(super) fn compare(now: &[Head], kept: &[Head]) -> Option<(usize, String)> {
    let place = (0..kept.len()).find(|place| now.get(*place) != Some(&kept[*place]))?;
    let was = &kept[place];
    let told = match now.get(place) {
        None => format!(
            "the chain was cut at its end: run {} is in the kept heads, and no longer in the chain",
            was.0
        ),
        Some(is) if is.0 == was.0 => {
            format!("run {} was rewritten: the kept heads hold another hash of it", was.0)
        }
        Some(is) if now.contains(was) => {
            format!("run {} was inserted: the kept heads do not hold it", is.0)
        }
        Some(_) => format!(
            "run {} was removed: the kept heads hold it, the chain was rewritten without it",
            was.0
        ),
    };
    Some((place, told))
}
