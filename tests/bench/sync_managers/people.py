"""people.py N FOLDER: a directory of N people and the USER_TAB that goes with it.

Writes people.ldif, users.sql, batches (one OR filter of 50 ids a line, for `ldapsearch -f`) and expected: every
user's line manager as it must be. Each eighth person manages; some names hold what names do hold.
"""

import base64
import sys
from pathlib import Path

BASE = "DC=corp,DC=example"
FIRST = ["Ada", "Jan", "Ján", "Zoë", "Pat", "Mary Ann", "Søren", "Ines"]
LAST = ["Smith", "O'Brien", "Novák", "de la Cruz", "Žižka", "Ng", "Müller (Ext.)", "D'Arcy & Sons"]

n, folder = int(sys.argv[1]), Path(sys.argv[2])


def person(i):
    """Id, common name, name and address."""
    first, last = FIRST[i % 8], LAST[i // 8 % 8]
    name = f"{last}, {first} {i:06}" if i % 10 == 0 else f"{first} {last} {i:06}"
    return f"E{i:06}", name, name, f"e{i:06}.o'x@corp.example"


def manager(i):
    team = i * 7919 % (n // 8)
    return team * 8 + team // 8 % 8


def dn(i):
    return f"CN={person(i)[1].replace(',', chr(92) + ',')},OU=Staff,{BASE}"


def line(name, value):
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"


with (
    (folder / "people.ldif").open("w") as ldif,
    (folder / "users.sql").open("w") as users,
    (folder / "expected").open("w") as expected,
):
    ldif.write(f"dn: {BASE}\nobjectClass: domain\ndc: corp\n\n")
    for unit in ["Staff", "Service"]:
        ldif.write(f"dn: OU={unit},{BASE}\nobjectClass: organizationalUnit\nou: {unit}\n\n")
    ldif.write(f"dn: CN=recert,OU=Service,{BASE}\nobjectClass: applicationProcess\n")
    ldif.write("objectClass: simpleSecurityObject\ncn: recert\nuserPassword: secret\n\n")
    users.write("BEGIN;\n")
    for i in range(n):
        id, cn, name, mail = person(i)
        attributes = [
            ("dn", dn(i)), ("cn", cn), ("sAMAccountName", id), ("displayName", name), ("mail", mail),
            ("manager", dn(manager(i))), ("description", f"desk {i}, floor {i % 9}"),
            ("userPrincipalName", f"{id}@corp.example"), ("employeeID", str(100_000 + i)),
        ]  # fmt: skip
        ldif.write("objectClass: user\n".join([line(*attributes[0]), "".join(line(*a) for a in attributes[1:])]))
        ldif.write("\n")
        quoted = name.replace("'", "''")
        users.write(
            "INSERT INTO user_tab (employee_id, employee_name, rap, packbuilder, created_date) "
            f"VALUES ('{id}', '{quoted}', {i % 2}, {1 - i % 2}, '2026-01-01');\n"
        )
        boss = person(manager(i))
        expected.write(f"{id}\t{boss[0]}\t{boss[2]}\t{boss[3]}\n")
    users.write("COMMIT;\n")
ids = [person(i)[0] for i in range(n)]
with (folder / "batches").open("w") as batches:
    for start in range(0, n, 50):
        batches.write("".join(f"(sAMAccountName={id})" for id in ids[start : start + 50]) + "\n")
