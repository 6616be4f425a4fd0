"""check.py DATABASE EXPECTED: ends with an error unless every user has the right line manager."""

import sqlite3
import sys

rows = sqlite3.connect(sys.argv[1]).execute(
    "SELECT employee_id, linemanager_id, linemanager_name, linemanager_mail_id FROM user_tab ORDER BY employee_id"
)
found = list(rows)
with open(sys.argv[2]) as file:
    expected = [tuple(line.rstrip("\n").split("\t")) for line in file]
wrong = [(row, right) for row, right in zip(found, expected) if row != right]
if wrong or len(found) != len(expected):
    sys.exit(f"{len(wrong)} of {len(expected)} line managers are wrong ({len(found)} rows); the first: {wrong[:1]}")
