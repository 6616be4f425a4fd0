#!/usr/bin/env python3
"""Hashes a recert ledger in an SQLite file anew, as a forger would: for the tests.

    verify_ledger.py --forge FILE             every run, in the order of the ids
    verify_ledger.py --forge-changes FILE     every image and change first
    verify_ledger.py --check FILE …           what recert-verify-ledger says of it
    verify_ledger.py --batch LIST             a line of these each
"""

import importlib.machinery
import importlib.util
import sqlite3
import sys
from pathlib import Path

NAME = str(Path(__file__).parent.parent / "control-m" / "recert-verify-ledger")
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("recert_verify_ledger", NAME)
verifier = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(verifier)


def forge_changes(db, changes):
    for change in changes:
        image = verifier.image_hash(change) if change["image"] == "kept" else change["image_sha256"]
        new = verifier.row_hash("recert-change-1", dict(change, image_sha256=image), verifier.CHANGE)
        db.execute(
            "UPDATE recert_change SET image_sha256 = ?, sha256 = ? WHERE run_id = ? AND seq = ?",
            [image, new, change["run_id"], change["seq"]],
        )


def forge_runs(db, runs):
    previous = verifier.GENESIS
    for run in sorted(runs, key=lambda run: run["run_id"]):
        rows = db.execute("SELECT sha256 FROM recert_change WHERE run_id = ? ORDER BY seq", [run["run_id"]])
        run = dict(run, previous_sha256=previous)
        new = verifier.row_hash("recert-run-1", run, verifier.RUN, *(row[0] for row in rows))
        db.execute("UPDATE recert_run SET previous_sha256 = ?, sha256 = ? WHERE run_id = ?", [previous, new, run["run_id"]])
        previous = new
    db.execute("UPDATE recert_lock SET head_sha256 = ? WHERE job = 'ledger'", [previous])


def forge(word, path):
    [ledger] = verifier.read_sqlite(path)
    db = sqlite3.connect(path)
    if word == "--forge-changes":
        forge_changes(db, ledger["changes"])
    forge_runs(db, ledger["runs"])
    db.commit()
    db.close()
    return 0


def do(words):
    return verifier.main(words[1:]) if words[0] == "--check" else forge(*words)


def main(words):
    if words[0] != "--batch":
        return do(words)
    for line in Path(words[1]).read_text().splitlines():
        print(f"= {do(line.split())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
