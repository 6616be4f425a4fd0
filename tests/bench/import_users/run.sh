#!/bin/sh
# run.sh [ROWS] [RECERT]: see README.md. Needs GNU time, sqlite3 and python3.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rows=${1:-500000}
recert=${2:-$here/../../../target/release/recert}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

measure() { # NAME COMMAND...
    name=$1
    shift
    /usr/bin/time -o time -f '%e %U %S %M' "$@" >out 2>&1 || { cat out; exit 1; }
    awk -v name="$name" -v rows="$rows" '{ printf "%-22s %7.2f s (processor %6.2f s)  %8.0f rows/s  %5.0f MiB\n", name, $1, $2 + $3, rows / $1, $4 / 1024 }' time
}

with_sqlite3() { # FILE
    cat >script <<SQL
BEGIN;
CREATE TEMP TABLE staged ($(head -1 "$1" | tr ';' ','), PRIMARY KEY (id));
.mode csv
.separator ;
.import --skip 1 $1 staged
.read $here/upsert.sql
COMMIT;
SQL
    measure "sqlite3, $1" sqlite3 -bail sqlite3.db '.read script'
}

python3 "$here/generate.py" "$rows" first.csv second.csv
printf '[database]\nurl = "sqlite:recert.db"\n' >recert.toml
"$recert" -q migrate --base-tables >out
for unit in $(seq 1000 1039); do
    echo "INSERT INTO pm_organisation VALUES ('$unit', 'Unit', 1);"
done | sqlite3 recert.db
for database in sqlite3 python3; do
    sqlite3 $database.db <"$here/schema.sql"
done
for file in first.csv second.csv second.csv; do
    measure "recert, $file" "$recert" -q import-users $file
    with_sqlite3 $file
    measure "python3, $file" python3 "$here/upsert.py" python3.db $file
done
