//! The hashes of all runs, kept elsewhere: what a rewritten or cut chain is found out by.

use std::collections::{BTreeMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::canonical::GENESIS;
use super::erasures::ErasedImages;
use crate::exit::Exit;
use crate::files::{open_regular, write_whole};
use crate::signature::{self, Signers};

const FORMAT: u32 = 1;
/// What the file is called; a change of its shape gets another number.
const SCHEMA: &str = "recert/heads/1";
/// Heads are signed under this name, so that no signature for anything else is one for heads.
const NAMESPACE: &str = "recert-heads";
/// Runs that are gone are named, as many as a person reads.
const NAMED_MAX: usize = 10;

/// A run and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head(pub String, pub String);

/// What `verify --export` writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heads {
    /// What it is.
    #[serde(default = "schema")]
    schema: String,
    /// The format's number.
    recert_heads: u32,
    /// When they were written down.
    pub written_at: String,
    /// One entry a database.
    pub databases: Vec<DatabaseHeads>,
}

fn schema() -> String {
    SCHEMA.to_owned()
}

/// The chain of one database.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatabaseHeads {
    /// The database's name in the config.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Hash of the last run.
    pub head_sha256: String,
    /// Id and hash of every run, in the order of the chain.
    pub runs: Vec<Head>,
    /// Of runs whose images were erased by then, which: `1-4,7`. Heads of the first edition have none.
    #[serde(default)]
    pub erased: Option<BTreeMap<String, String>>,
}

impl Heads {
    /// Nothing yet.
    #[must_use]
    pub(crate) fn begin(written_at: String) -> Self {
        Heads { schema: schema(), recert_heads: FORMAT, written_at, databases: Vec::new() }
    }

    /// Adds the chain of a database: its runs, and of those with erased images, which.
    pub(crate) fn add(
        &mut self,
        name: &str,
        url: &str,
        runs: Vec<Head>,
        erased_of: Vec<(String, String)>,
    ) {
        self.databases.push(DatabaseHeads {
            name: name.to_owned(),
            url: url.to_owned(),
            head_sha256: runs.last().map_or(GENESIS, |head| head.1.as_str()).to_owned(),
            runs,
            erased: Some(erased_of.into_iter().collect()),
        });
    }

    /// The chain of a database as it was, found by its runs, not by its address; without any, by its name.
    ///
    /// # Errors
    /// `Exit::BadInput`: they hold nothing of it, or speak of another one.
    pub(crate) fn of(&self, name: &str, ledger: &LedgerIds) -> anyhow::Result<&DatabaseHeads> {
        let speaks = |database: &&DatabaseHeads| {
            database.runs.first().is_some_and(|run| ledger.first.contains(run))
        };
        if let Some(found) = self.databases.iter().find(speaks) {
            return Ok(found);
        }
        let named = self.databases.iter().find(|database| database.name == name).ok_or_else(|| {
            anyhow!("the kept heads hold nothing of the database `{name}`; `--database NAME` looks at another alone")
                .context(Exit::BadInput)
        })?;
        let known = |run: &Head| ledger.ids.contains(&run.0);
        if named.runs.is_empty() || ledger.ids.is_empty() || named.runs.iter().any(known) {
            return Ok(named);
        }
        Err(anyhow!(
            "the kept heads of `{name}` do not speak of this database: their first run, {}, is not in its ledger, \
             nor is any other; or its whole ledger was replaced",
            named.runs[0].0
        )
        .context(Exit::BadInput))
    }

    /// Writes them down.
    ///
    /// # Errors
    /// As [`write_whole`].
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        write_whole(path, |out| {
            serde_json::to_writer(&mut *out, self)?;
            Ok(out.write_all(b"\n")?)
        })
    }

    /// Reads what [`Heads::write`] wrote; with signers, only if one of them signed it.
    ///
    /// # Errors
    /// `Exit::BadInput`: it is not there, something else, contradicts itself or is not signed;
    /// `Exit::Config`: the signers can't be read.
    pub(crate) fn read(
        path: &Path,
        signers: Option<&Path>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let signers = signers.map(Signers::read).transpose()?;
        let read = || -> anyhow::Result<Self> {
            let mut bytes = Vec::new();
            open_regular(path)?.read_to_end(&mut bytes)?;
            if let Some(signers) = &signers {
                must_be_signed(&bytes, path, signers, now)?;
            }
            let heads: Heads = serde_json::from_slice(&bytes)?;
            heads.check()?;
            Ok(heads)
        };
        read()
            .with_context(|| format!("reading the heads `{}`", path.display()))
            .context(Exit::BadInput)
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.recert_heads != FORMAT {
            return Err(anyhow!(
                "it has format {}, this program reads {FORMAT}",
                self.recert_heads
            ));
        }
        if self.databases.is_empty() {
            return Err(anyhow!("it holds no database, so it protects nothing"));
        }
        let names: HashSet<&str> =
            self.databases.iter().map(|database| database.name.as_str()).collect();
        if names.len() < self.databases.len() {
            return Err(anyhow!("it contradicts itself: two databases have the same name"));
        }
        self.databases.iter().try_for_each(DatabaseHeads::check)
    }
}

impl DatabaseHeads {
    fn check(&self) -> anyhow::Result<()> {
        let wrong = |what: &str| {
            Err(anyhow!("it contradicts itself: {what} of the database `{}`", self.name))
        };
        let end = self.runs.last().map_or(GENESIS, |head| head.1.as_str());
        if end != self.head_sha256 {
            return wrong("`head_sha256` is not the hash of the last run");
        }
        let ids: HashSet<&str> = self.runs.iter().map(|run| run.0.as_str()).collect();
        let hashes: HashSet<&str> = self.runs.iter().map(|run| run.1.as_str()).collect();
        if ids.len() < self.runs.len() || hashes.len() < self.runs.len() {
            return wrong("a run stands twice among those");
        }
        let is_hash = |text: &&str| {
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !hashes.iter().all(is_hash) {
            return wrong("a hash is none among those");
        }
        let fits = |(run, ranges): (&String, &String)| {
            ids.contains(run.as_str()) && ErasedImages::parse(ranges).is_some()
        };
        if !self.erased.iter().flatten().all(fits) {
            return wrong("what was erased is of no run");
        }
        Ok(())
    }
}

fn must_be_signed(
    bytes: &[u8],
    path: &Path,
    signers: &Signers,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let mut sig = path.as_os_str().to_owned();
    sig.push(".sig");
    let principals = signature::signer(bytes, &PathBuf::from(sig), NAMESPACE, signers, now).context(
        "with `[ledger] signers` heads must come with the signature of one of them: `ssh-keygen -Y sign -n recert-heads -f KEY F`",
    )?;
    tracing::info!("the heads were signed by {}", principals.join(" or "));
    Ok(())
}

/// Which runs a ledger holds, in whatever order.
#[derive(Debug, Default)]
pub(crate) struct LedgerIds {
    /// Runs that follow none; there should be one.
    pub(super) first: Vec<Head>,
    pub(super) ids: HashSet<String>,
}

/// The first place where a chain is not what it was when its heads were kept. `ids` are all the runs that there are,
/// whether the chain leads to them or not.
pub(super) fn compare(now: &[Head], kept: &[Head], ids: &HashSet<&str>) -> Option<(usize, String)> {
    let place = (0..kept.len()).find(|place| now.get(*place) != Some(&kept[*place]))?;
    let was = &kept[place];
    let is_there = |run: &Head| ids.contains(run.0.as_str());
    let gone: Vec<&str> =
        kept.iter().filter(|run| !is_there(run)).map(|run| run.0.as_str()).collect();
    let more = match gone.len() {
        0 | 1 => String::new(),
        n => {
            let named = gone[..n.min(NAMED_MAX)].join(", ");
            let others = if n > NAMED_MAX { ", …" } else { "" };
            format!("; {n} runs are gone: {named}{others}")
        }
    };
    let told = match now.get(place) {
        None if is_there(was) => {
            format!("nothing leads to run {} any more: the kept heads hold it there", was.0)
        }
        None if kept[place..].iter().any(is_there) => format!(
            "run {} was removed: the kept heads hold it, and nothing leads to the runs behind it{more}",
            was.0
        ),
        None => format!(
            "the chain was cut at its end: run {} is in the kept heads, and no longer in the chain{more}",
            was.0
        ),
        Some(is) if is.0 == was.0 => {
            format!("run {} was rewritten: the kept heads hold another hash of it", was.0)
        }
        Some(is) if is_there(was) => format!(
            "run {} was inserted before run {}: the kept heads do not hold it there, the chain was rewritten with it",
            is.0, was.0
        ),
        Some(_) => format!(
            "run {} was removed: the kept heads hold it, the chain was rewritten without it{more}",
            was.0
        ),
    };
    Some((place, told))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(runs: &[&str]) -> Vec<Head> {
        runs.iter().map(|run| Head(run[..1].to_owned(), (*run).to_owned())).collect()
    }

    /// What is told of heads now, where those of runs `a`, `b` and `c` were kept; a digit: hashed anew. `beside` are
    /// runs that the chain does not lead to.
    fn told(now: &[&str], beside: &[&str]) -> Option<(usize, String)> {
        let ids = now.iter().map(|run| &run[..1]).chain(beside.iter().copied()).collect();
        compare(&heads(now), &heads(&["a", "b", "c"]), &ids)
    }

    #[test]
    fn the_first_place_where_a_chain_is_another_says_what_was_done_there() {
        assert_eq!(told(&["a", "b", "c"], &[]), None);
        assert_eq!(told(&["a", "b", "c", "d"], &[]), None, "runs since then");
        for (now, beside, place, says) in [
            (
                &["a", "b"][..],
                &[][..],
                2,
                "the chain was cut at its end: run c is in the kept heads",
            ),
            (&["a"], &["b", "c"], 1, "nothing leads to run b any more"),
            (
                &["a"],
                &["c"],
                1,
                "run b was removed: the kept heads hold it, and nothing leads to the runs behind it",
            ),
            (&["a", "b1", "c1"], &[], 1, "run b was rewritten"),
            (&["a", "x", "b1", "c1"], &[], 1, "run x was inserted before run b:"),
            (&["a", "c1"], &[], 1, "run b was removed"),
            (&[], &[], 0, "3 runs are gone: a, b, c"),
            (&[], &["c"], 0, "2 runs are gone: a, b"),
        ] {
            let (at, told) = told(now, beside).unwrap();
            assert_eq!(at, place, "{told}");
            assert!(told.contains(says), "{told}");
        }
    }

    #[test]
    fn of_many_runs_that_are_gone_ten_are_named() {
        let kept: Vec<String> = ('a'..='l').map(String::from).collect();
        let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
        let gone = |left: &[&str]| {
            let ids = left.iter().copied().collect();
            compare(&heads(left), &heads(&kept), &ids).unwrap().1
        };
        assert!(gone(&[]).ends_with("; 12 runs are gone: a, b, c, d, e, f, g, h, i, j, …"));
        assert!(gone(&["a", "b"]).ends_with("; 10 runs are gone: c, d, e, f, g, h, i, j, k, l"));
        assert!(gone(&kept[..11]).ends_with("no longer in the chain"));
    }
}
