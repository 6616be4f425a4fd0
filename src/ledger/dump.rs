//! What an independent program needs to check everything: `recert-verify-ledger` reads it.
//!
//! One JSON object a line: a header for each database, then its runs, its changes with their salts (and
//! images, if asked for), and the images that belong to no change. Every column is the text that is hashed.

use std::io::Write;

use anyhow::Context as _;
use serde::Serializer as _;
use serde_json::json;

use super::read::{each_change, each_run, head};
use super::row::{LedgerEntry, LedgerJson};
use crate::db::{Read, Unreadable};
use crate::exit::Exit;
use crate::sql;

/// What the file is called; a change of its shape gets another number.
const SCHEMA: &str = "recert/ledger-dump/1";

/// What stands at the head of a dump.
pub(crate) struct DumpHeader<'a> {
    /// The database's name in the config.
    pub name: &'a str,
    /// Its address.
    pub url: &'a str,
    /// When, as it is hashed.
    pub written_at: &'a str,
    /// Whether the images themselves are in it.
    pub with_images: bool,
}

/// Writes the ledger of one database. Where a value can't be read, a line says which, and what comes behind it in its table
/// is left out.
///
/// # Errors
/// What the database says, classed (`Exit`); what `out` says.
pub(crate) fn dump(
    header: &DumpHeader<'_>,
    db: &mut dyn Read,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let DumpHeader { name, url, written_at, with_images } = *header;
    let (head, unreadable_head) = match head(db) {
        Ok(head) => (head, None),
        Err(error) => (None, Some(error)),
    };
    write!(out, "{{\"schema\":\"{SCHEMA}\",\"recert_dump\":1,")?;
    let more = json!({
        "database": name, "url": url, "written_at": written_at, "with_images": with_images, "head_sha256": head,
    });
    writeln!(out, "{}", more.to_string().trim_start_matches('{'))?;
    readable("recert_lock", unreadable_head.map_or(Ok(()), Err), "", out)?;
    let mut last = String::new();
    let read = each_run(db, &mut |run| {
        object("run", &mut run.columns(), out)?;
        last = format!("run {}", run.run_id);
        Ok(())
    });
    readable("recert_run", read, &last, out)?;
    last.clear();
    let read = each_change(db, &mut |entry| {
        change(entry, with_images, out)?;
        last = format!("change {} of run {}", entry.change.seq, entry.change.run_id);
        Ok(())
    });
    readable("recert_change", read, &last, out)?;
    let read = db.each(&sql!("ledger/select_orphan_images"), &[], &mut |row| {
        let (run_id, seq) = (row.text("RUN_ID")?, row.text("SEQ")?);
        object("image", &mut [("run_id", run_id.as_str()), ("seq", seq.as_str())].into_iter(), out)
    });
    readable("recert_image", read.context("looking for images without a change"), "", out)
}

/// Says of a table that it could be read no further than to here, if so.
fn readable(
    table: &str,
    read: anyhow::Result<()>,
    last: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match read {
        Err(error) if error.downcast_ref::<Unreadable>().is_some() => {
            let told = Exit::tell(&error);
            let columns = [("table", table), ("behind", last), ("told", &told)];
            object("unreadable", &mut columns.into_iter(), out)
        }
        read => read,
    }
}

fn change(entry: &LedgerEntry<'_>, with_images: bool, out: &mut dyn Write) -> anyhow::Result<()> {
    let state = match &entry.image {
        None => "missing",
        Some(image) if image.is_erased() => "erased",
        Some(_) => "kept",
    };
    let image = entry.image.iter().flat_map(|image| {
        let sides = [("before_image", &*image.before), ("after_image", &*image.after)];
        let shown = sides.into_iter().filter(move |_| with_images);
        std::iter::once(("salt", &*image.salt)).chain(shown)
    });
    object("change", &mut entry.change.columns().chain([("image", state)]).chain(image), out)
}

fn object(
    kind: &str,
    columns: &mut dyn Iterator<Item = (&'static str, &str)>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    write!(out, "{{\"{kind}\":")?;
    let columns = columns.map(|(name, text)| (name, LedgerJson::text(text)));
    serde_json::Serializer::new(&mut *out).collect_map(columns)?;
    writeln!(out, "}}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_read_is_told_in_the_dump_and_any_other_error_ends_it() {
        let mut out = Vec::new();
        readable(
            "recert_run",
            Err(anyhow::anyhow!("no text").context(Unreadable)),
            "run 1",
            &mut out,
        )
        .unwrap();
        assert!(out.starts_with(b"{\"unreadable\":{\"table\":\"recert_run\""));
        out.clear();
        assert!(readable("recert_run", Err(anyhow::anyhow!("gone")), "run 1", &mut out).is_err());
        assert!(out.is_empty());
    }
}
