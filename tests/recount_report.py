#!/usr/bin/env python3
"""Counts a report again, straight from the tables of an embedded database: every state, and every access.

    tests/recount_report.py DATABASE REPORT.json [DATABASE REPORT.json …]

It shares no code with recert and nothing of its way: the ledger is believed (`verify_ledger.py` is for that), images are
compared as JSON, and everything is in memory. It knows plain `YYYY-MM-DD` dates, the default statuses, and
`[revoke] on_conflict`, `on_near_match` as they stand in the report's evidence. Prints what differs; ends with 1 if anything does.
"""
import json, sqlite3, sys
from collections import defaultdict

GENESIS = "0" * 64


def rows(db, statement):
    cursor = db.execute(statement)
    names = [column[0].upper() for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]


def chain(db):
    """The runs' ids from the chain's beginning to its end."""
    runs = rows(db, "SELECT run_id, job, previous_sha256, sha256 FROM recert_run")
    after = {run["PREVIOUS_SHA256"]: run for run in runs}
    heads = {run["SHA256"] for run in runs}
    at = next((run["PREVIOUS_SHA256"] for run in runs if run["PREVIOUS_SHA256"] not in heads), None)
    order = []
    while at in after:
        run = after[at]
        order.append((run["RUN_ID"], run["JOB"]))
        at = run["SHA256"]
    return order


def ledger(db):
    """By key: what closed and reopened responses, what restores did to access, in the chain's order."""
    images = {(i["RUN_ID"], i["SEQ"]): i for i in rows(db, "SELECT * FROM recert_image")}
    changes = defaultdict(list)
    for change in rows(db, "SELECT * FROM recert_change ORDER BY run_id, seq"):
        changes[change["RUN_ID"]].append(change)
    responses, access = defaultdict(list), defaultdict(list)
    for place, (run, job) in enumerate(chain(db)):
        took = {c["ROW_KEY"] for c in changes[run] if c["TABLE_NAME"] == "MAP_RAP_USER_ROLE" and c["ACTION"] == "delete"}
        for change in changes[run]:
            key = change["ROW_KEY"]
            if change["TABLE_NAME"] == "MAP_RAP_USER_ROLE" and job == "restore":
                access[key].append((place, run, change["ACTION"]))
            if change["TABLE_NAME"] != "RECREATE_RESPONSE" or change["ACTION"] != "update":
                continue
            image = images[run, change["SEQ"]]
            before, after = json.loads(image["BEFORE_IMAGE"]), json.loads(image["AFTER_IMAGE"])
            before.pop("IS_ACTIVE")
            closes = after["IS_ACTIVE"] != 1
            responses[key].append((place, run, json.dumps(before, sort_keys=True), closes, key in took))
            if closes and job != "restore":
                access[key].append((place, run, "closed"))
    return responses, access


def restored_by(events):
    standing = []
    for _, run, action in sorted(events, key=lambda event: event[0]):
        if action == "closed":
            standing = []
        elif action == "insert":
            standing.append(run)
        elif standing:
            standing.pop()
    return standing[-1] if standing else None


def closings(events, images):
    """For each image of an inactive response, the run that closed it and whether that took access."""
    standing = defaultdict(list)
    for _, run, image, closes, took in sorted(events, key=lambda event: event[0]):
        if closes:
            standing[image].append((run, took))
        elif standing[image]:
            standing[image].pop()
    return [standing[image].pop() if standing[image] else None for image in images]


def fold(text):
    return "".join(str(text).split()).upper().lstrip("0")


def state(response, closing, there, restore, approved, near, rule):
    status = (response["ACCESS_STATUS"] or "").strip().upper()
    due, as_of = response["RECERTIFICATION_DUE_DATE"], rule["as_of"]
    active = response["IS_ACTIVE"] == 1
    if not active and closing:
        run, took = closing
        if there:
            return f"restored by run {restore}" if restore else "given again"
        return f"executed by run {run}" if took else "already absent"
    if status == "APPROVED":
        return "approved"
    if status in ("", "PENDING"):
        return "undated" if not due else f"unanswered since {due}" if due < as_of else f"awaited until {due}"
    if status != "REVOKED":
        return "unknown status"
    day = response["ACCESS_REVOKE_DATE_BY_LINE_MANAGER"] or due
    if not day:
        return "undated"
    if not active:
        return "access remains, closed" if there and day <= as_of else "closed elsewhere"
    if day > as_of:
        return f"scheduled for {day}"
    if approved and rule["skips_conflicts"]:
        return "left alone (conflict skipped)"
    if rule["keeps_near_matches"]:
        if response["REPORTEES_ID"] is None or response["RMM_ID"] is None:
            return "left alone (no_key)"
        if not there and near:
            return "left alone (near_match)"
    return "access remains" if there else "gone already"


def recount(db, rule):
    """(key, state, access) of every response of all years, and (user, location, review) of every access."""
    responses, access = ledger(db)
    mappings = defaultdict(int)
    for mapping in rows(db, "SELECT user_id, rmm_id FROM map_rap_user_role"):
        mappings[mapping["USER_ID"], mapping["RMM_ID"]] += 1
    groups = defaultdict(list)
    for response in rows(db, "SELECT * FROM recreate_response"):
        groups[response["REPORTEES_ID"], response["RMM_ID"]].append(response)
    status = lambda row: (row["ACCESS_STATUS"] or "").strip().upper()
    is_approved = lambda group: any(row["IS_ACTIVE"] == 1 and status(row) == "APPROVED" for row in group)
    day = lambda row: row["ACCESS_REVOKE_DATE_BY_LINE_MANAGER"] or row["RECERTIFICATION_DUE_DATE"]
    is_due = lambda row: row["IS_ACTIVE"] == 1 and status(row) == "REVOKED" and day(row) and day(row) <= rule["as_of"]
    going = {key for key, group in groups.items() if any(map(is_due, group)) and not (rule["skips_conflicts"] and is_approved(group))}
    near = {(fold(user), fold(location)) for user, location in mappings if (user, location) not in going}
    states, reviews = [], {}
    for (user, location), group in groups.items():
        key = f"{'' if user is None else user}/{'' if location is None else location}"
        there = mappings.get((user, location), 0)
        inactive = [response for response in group if response["IS_ACTIVE"] != 1]
        image = lambda row: json.dumps({name: row[name] for name in row if name != "IS_ACTIVE"}, sort_keys=True)
        closed = dict(zip(map(id, inactive), closings(responses[key], [image(row) for row in inactive])))
        approved = is_approved(group)
        is_near = (fold(user), fold(location)) in near
        for row in group:
            told = state(row, closed.get(id(row)), there, restored_by(access[key]), approved, is_near, rule)
            states.append((key, told, there))
        asked = {status(row) for row in group if rule["year"] == "all" or (row["RECERTIFICATION_DUE_DATE"] or "").startswith(str(rule["year"]))}
        if there:
            other = asked - {"REVOKED", "APPROVED", "PENDING", ""}
            reviews[user, location] = (
                "accesses_revoked" if "REVOKED" in asked else "accesses_other" if other
                else "accesses_pending" if asked & {"PENDING", ""} else "accesses_approved" if asked else "never_asked")
    for access_key in mappings:
        reviews.setdefault(access_key, "never_asked")
    return states, reviews


def compare(database, path):
    report = json.load(open(path))
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    rule = report["evidence"]["parameters"]
    states, reviews = recount(db, rule)
    told = [
        (f"{row['reportee_id'] or ''}/{'' if row['rmm_id'] is None else row['rmm_id']}",
         row["state"].replace(f" on {row['executed_on']}", ""), row["access"])
        for row in report["rows"] + report["undated_rows"]]
    if rule["year"] != "all":
        sys.exit("recount a report of `--all`: it has every response")
    differ = [f"{database}: report {sorted(told, key=str)} ≠ recount {sorted(states, key=str)}"] if sorted(told, key=str) != sorted(states, key=str) else []
    counts = report["summary"]["counts"]
    for name in ("accesses_approved", "accesses_revoked", "accesses_pending", "accesses_other", "never_asked"):
        n = sum(review == name for review in reviews.values())
        if counts[name] != n:
            differ.append(f"{database}: {name} {counts[name]} ≠ {n}")
    users = {user["EMPLOYEE_ID"] for user in rows(db, "SELECT employee_id FROM user_tab")}
    orphans = sum(user not in users for user, _ in reviews)
    if (counts["accesses"], counts["orphans"]) != (len(reviews), orphans):
        differ.append(f"{database}: accesses, orphans {counts['accesses']}, {counts['orphans']} ≠ {len(reviews)}, {orphans}")
    if not all(part["adds_up"] for part in report["evidence"]["reconciliation"]) or not report["evidence"]["proven"]:
        differ.append(f"{database}: {report['evidence']['problems']}")
    return differ, len(states)


def main():
    n, seen = 0, defaultdict(int)
    differ = []
    for database, path in zip(sys.argv[1::2], sys.argv[2::2]):
        found, n_states = compare(database, path)
        differ += found
        n += n_states
        for row in json.load(open(path))["rows"]:
            seen[row["state"].split(" by run")[0].split(" on ")[0].split(" since")[0].split(" until")[0].split(" for")[0]] += 1
    print("\n".join(differ) or f"{len(sys.argv[1::2])} worlds, {n} responses: all as recounted; {dict(sorted(seen.items()))}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
