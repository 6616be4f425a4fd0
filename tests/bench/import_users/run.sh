#!/usr/bin/env bash
# run.sh [ROWS]: see README.md and ../measuring.sh. Needs GNU time, sqlite3 and python3.
set -euo pipefail
. "$(dirname "$0")/../measuring.sh"
rows=${1:-$(size 500000)}
here=$bench/import_users
cd "$dir"

with_sqlite3() { # NAME FILE
    cat > script << SQL
BEGIN;
CREATE TEMP TABLE staged ($(head -n 1 "$2" | tr ';' ','), PRIMARY KEY (id));
.mode csv
.separator ;
.import --skip 1 $2 staged
.read $here/upsert.sql
COMMIT;
SQL
    measure "$1" sqlite3 -bail sqlite3.db '.read script'
}

python3 "$here/generate.py" "$rows" first.csv second.csv
for ending in "${endings[@]}"; do
    printf '[database]\nurl = "sqlite:%s/recert%s.db"\n' "$dir" "$ending" > "recert$ending.toml"
    "$(binary "$ending")" -q --config "recert$ending.toml" migrate --base-tables > out
    for unit in $(seq 1000 1039); do
        echo "INSERT INTO pm_organisation VALUES ('$unit', 'Unit', 1);"
    done | sqlite3 "recert$ending.db"
done
for database in sqlite3 python3; do
    sqlite3 $database.db < "$here/schema.sql"
done
for load in "first first" "second second" "unchanged second"; do
    read -r name file <<< "$load"
    for ending in "${endings[@]}"; do
        measure "$name$ending" "$(binary "$ending")" -q --config "recert$ending.toml" import-users "$file.csv"
    done
    with_sqlite3 "$name-sqlite3" "$file.csv"
    measure "$name-python3" python3 "$here/upsert.py" python3.db "$file.csv"
done
row "first load of $rows people" first first-python3 "Python, csv + executemany" "1.0, 400 MB"
row "the same" first first-sqlite3 "sqlite3 .import + upsert" "1.3"
row "second load, 1 % changed" second second-sqlite3 "sqlite3" "keep (0.80)"
row "third load, nothing changed" unchanged unchanged-python3 "Python" "keep (0.38)"
