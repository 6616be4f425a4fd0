#!/usr/bin/env python3
"""Checks a recert ledger in an SQLite file, by sql/ledger/README.md alone.

It shares no line with recert: that both come to the same end is what makes the description
worth something. Ends with 0 when the ledger fits, with 6 when it does not.

    verify_ledger.py FILE           checks
    verify_ledger.py --forge FILE   hashes everything anew, as a forger would (for the tests)
"""

import hashlib
import sqlite3
import sys

GENESIS = "0" * 64


def field(text):
    """One field: NULL is `-`, anything else a netstring of its UTF-8 bytes."""
    if text is None or text == "":
        return b"-"
    data = str(text).encode("utf-8")
    return str(len(data)).encode("ascii") + b":" + data + b","


def sha256(*fields):
    return hashlib.sha256(b"".join(field(text) for text in fields)).hexdigest()


def day(text):
    """SQLite holds a day as `2026-01-31`."""
    if text is not None and len(text) != 10:
        raise Wrong(f"AS_OF is no day: {text}")
    return text


def moment(text):
    """SQLite holds `2026-01-31 17:00:00`, with six digits of a second unless they are all zero."""
    if len(text) == 10:
        text += " 00:00:00"
    if "." not in text:
        text += ".000000"
    return text.replace(" ", "T") + "Z"


class Wrong(Exception):
    pass


def image_hash(salt, before, after):
    return sha256("recert-image-1", salt, before, after)


def change_hash(change):
    return sha256(
        "recert-change-1", change["run_id"], change["seq"], change["table_name"], change["row_key"],
        change["action"], change["why"], change["result"], change["image_sha256"],
    )


def run_hash(run, change_hashes):
    return sha256(
        "recert-run-1", run["run_id"], run["job"], day(run["as_of"]), run["status"],
        moment(run["started_at"]), moment(run["finished_at"]), run["os_user"], run["host"],
        run["version"], run["config_sha256"], run["parameters"], run["counts"], run["reason"],
        run["previous_sha256"], *change_hashes,
    )


def read_chain(db, head):
    runs = {}
    for run in db.execute("SELECT * FROM recert_run"):
        if run["previous_sha256"] in runs:
            raise Wrong(f"two runs follow {run['previous_sha256']}")
        runs[run["previous_sha256"]] = run
    chain, end = [], GENESIS
    while end in runs:
        chain.append(runs.pop(end))
        end = chain[-1]["sha256"]
    if runs:
        raise Wrong(f"{len(runs)} runs are no part of the chain")
    if end != head:
        raise Wrong(f"the chain ends with {end}, RECERT_LOCK holds {head}")
    return chain


def read_erasures(db, position):
    """Up to which place in the chain an image, or all images of a run, may be erased; by ROW_KEY."""
    erasures = {}
    rows = db.execute(
        "SELECT c.*, r.job FROM recert_change c JOIN recert_run r ON r.run_id = c.run_id WHERE table_name = 'RECERT_IMAGE'"
    )
    for row in rows:
        purged = row["action"] == "update" and "/" in row["row_key"]
        archived = row["action"] == "delete" and row["job"] == "archive"
        if purged or archived:
            erasures[row["row_key"]] = max(position[row["run_id"]], erasures.get(row["row_key"], 0))
    return erasures


def may_be_erased(change, at, erasures):
    keys = (change["run_id"], f"{change['run_id']}/{change['seq']}")
    return any(erasures.get(key, -1) >= at for key in keys)


def check_image(change, image, at, erasures):
    name = f"the image of change {change['seq']} of run {change['run_id']}"
    if image is None:
        raise Wrong(f"{name} is missing")
    if image["salt"] is None and image["before_image"] is None and image["after_image"] is None:
        if not may_be_erased(change, at, erasures):
            raise Wrong(f"{name} was erased, and no run recorded that")
    elif image_hash(image["salt"], image["before_image"], image["after_image"]) != change["image_sha256"]:
        raise Wrong(f"{name} was edited")


def check(db):
    head = db.execute("SELECT head_sha256 FROM recert_lock WHERE job = 'ledger'").fetchone()
    if head is None:
        raise Wrong("RECERT_LOCK has no row `ledger`")
    chain = read_chain(db, head["head_sha256"])
    position = {run["run_id"]: at for at, run in enumerate(chain)}
    for table in ("recert_change", "recert_image"):
        for (run_id,) in db.execute(f"SELECT DISTINCT run_id FROM {table}"):
            if run_id not in position:
                raise Wrong(f"{table} holds rows of run {run_id}, which is not there")
    erasures = read_erasures(db, position)
    n_changes = 0
    for at, run in enumerate(chain):
        changes = db.execute("SELECT * FROM recert_change WHERE run_id = ? ORDER BY seq", [run["run_id"]]).fetchall()
        images = db.execute("SELECT * FROM recert_image WHERE run_id = ?", [run["run_id"]])
        images = {image["seq"]: image for image in images}
        if [change["seq"] for change in changes] != list(range(1, len(changes) + 1)):
            raise Wrong(f"the changes of run {run['run_id']} have gaps")
        for change in changes:
            if change_hash(change) != change["sha256"]:
                raise Wrong(f"change {change['seq']} of run {run['run_id']} was edited")
            check_image(change, images.pop(change["seq"], None), at, erasures)
        if images:
            raise Wrong(f"run {run['run_id']} has images without a change")
        if run_hash(run, [change["sha256"] for change in changes]) != run["sha256"]:
            raise Wrong(f"run {run['run_id']} was edited")
        n_changes += len(changes)
    return len(chain), n_changes


def forge(db):
    """Follows the order of the ids, and makes every hash fit again."""
    previous = GENESIS
    for run in db.execute("SELECT * FROM recert_run ORDER BY run_id").fetchall():
        run = dict(run, previous_sha256=previous)
        rows = db.execute("SELECT sha256 FROM recert_change WHERE run_id = ? ORDER BY seq", [run["run_id"]])
        new = run_hash(run, [row["sha256"] for row in rows])
        db.execute(
            "UPDATE recert_run SET previous_sha256 = ?, sha256 = ? WHERE run_id = ?", [previous, new, run["run_id"]]
        )
        previous = new
    db.execute("UPDATE recert_lock SET head_sha256 = ? WHERE job = 'ledger'", [previous])
    db.commit()


def main(words):
    db = sqlite3.connect(words[-1])
    db.row_factory = sqlite3.Row
    if words[0] == "--forge":
        forge(db)
        return 0
    try:
        n_runs, n_changes = check(db)
    except Wrong as wrong:
        print(f"wrong: {wrong}")
        return 6
    print(f"fits: {n_runs} runs, {n_changes} changes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
