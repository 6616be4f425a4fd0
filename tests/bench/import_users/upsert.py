#!/usr/bin/env python3
"""upsert.py DATABASE FILE: the usual script: csv, a list of tuples, executemany."""
import csv
import datetime
import sqlite3
import sys

COLUMNS = """id first_name last_name email business_unit company
job manager_email msg_id city cost_center imported_at
cost_center_short_text personnel_number name_prefix initial_entry leaving_date company_code
personnel_area personnel_area_text personnel_subarea personnel_subarea_text employee_group employee_subgroup
object_abbreviation job_level employment_percentage country""".split()
COMPARED = [column for column in COLUMNS if column not in ("id", "email", "imported_at")]
UPSERT = (f"INSERT INTO pm_user ({', '.join(COLUMNS)}, to_delete) VALUES ({', '.join('?' for _ in COLUMNS)}, 0) "
          f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in COMPARED)}, imported_at = excluded.imported_at "
          f"WHERE ({', '.join('pm_user.' + c for c in COMPARED)}) IS NOT ({', '.join('excluded.' + c for c in COMPARED)})")


def main():
    database, path = sys.argv[1], sys.argv[2]
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    with open(path, encoding="utf-8", newline="") as file:
        rows = []
        for row in csv.DictReader(file, delimiter=";"):
            row["businessUnit"] = row["costCenter"][:4]
            row["managerEmail"] = row["managerEmail"] or "Not Specified"
            row["importedAt"] = now
            rows.append([value or None for value in row.values()])
    connection = sqlite3.connect(database)
    with connection:
        connection.executemany(UPSERT, rows)
        connection.execute("CREATE TEMP TABLE staged (id PRIMARY KEY)")
        connection.executemany("INSERT INTO staged VALUES (?)", ([row[0]] for row in rows))
        connection.execute("UPDATE pm_user SET to_delete = 1, delete_at = DATE('now', '+30 days') "
                           "WHERE to_delete = 0 AND id NOT IN (SELECT id FROM staged)")


main()
