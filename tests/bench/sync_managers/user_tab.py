"""What the scripts in Python share: reading the ids, writing the line managers, and a DN as a key."""

import sqlite3

BASE = "DC=corp,DC=example"
USER, PASSWORD = f"CN=recert,OU=Service,{BASE}", "secret"
PERSON = ["sAMAccountName", "displayName", "mail"]


def ids(database):
    rows = sqlite3.connect(database).execute("SELECT employee_id FROM user_tab WHERE rap = 1 OR packbuilder = 1")
    return [id for (id,) in rows]


def write(database, managers):
    """`managers`: user's id to (id, name, mail). In one transaction, as one executemany."""
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "UPDATE user_tab SET linemanager_id = ?, linemanager_name = ?, linemanager_mail_id = ?, "
            "updated_date = datetime() WHERE employee_id = ?",
            [(*manager, id) for id, manager in managers.items()],
        )


def key(dn):
    """Enough for the DNs of this measurement, and cheaper than a whole normaliser."""
    return dn.lower().replace("\\2c", "\\,")


def batches(items, size=100):
    return [items[start : start + size] for start in range(0, len(items), size)]
