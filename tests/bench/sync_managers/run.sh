#!/usr/bin/env bash
# run.sh [RUNS]: see README.md and ../measuring.sh. Needs slapd, ldap-utils, sqlite3, GNU time and python3 with venv; to build
# python-ldap also gcc and the headers of Python, OpenLDAP and SASL (libldap2-dev, libsasl2-dev).
set -euo pipefail
. "$(dirname "$0")/../measuring.sh"
here=$bench/sync_managers
runs=${1:-3}
folder=$dir
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait; rm -rf "$dir"' EXIT
PATH=$PATH:/usr/sbin:/usr/local/sbin
account=CN=recert,OU=Service,DC=corp,DC=example
wanted=(sAMAccountName manager displayName mail)

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ldap3==2.9.1
"$folder/venv/bin/pip" install -q --disable-pip-version-check python-ldap 2> "$dir/err" || {
    echo "python-ldap can't be built (gcc, and the headers of Python, OpenLDAP and SASL): no comparison with it"
    missing=1
}
python=$folder/venv/bin/python

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

config() { # PORT DATABASE: recert's, to stdout
    cat << TOML
[database]
url = "sqlite:$PWD/$2"
[limits.sync-managers]
count = 10000000
percent = 100
[directory]
urls = ["ldap://127.0.0.1:$1"]
allow_plaintext = true
bind_dn = "$account"
password_file = "$folder/password"
base_dn = "DC=corp,DC=example"
TOML
}

world() { # N: a directory of N people that answers at $port, and a USER_TAB that knows no line manager, full.db
    mkdir -p "$folder/$1/db"
    cd "$folder/$1"
    python3 "$here/people.py" "$1" .
    cat > slapd.conf << CONF
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include $here/../../it/slapd/ad.schema
pidfile $PWD/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
maxsize 1073741824
suffix "DC=corp,DC=example"
rootdn "CN=root,DC=corp,DC=example"
directory $PWD/db
dbnosync
index objectClass,sAMAccountName,cn eq
limits dn.exact="$account" size.soft=1000 size.hard=1000 size.pr=1000 size.prtotal=unlimited
CONF
    slapadd -q -f slapd.conf -l people.ldif
    port=$(free_port)
    (ulimit -n 1024 && exec slapd -d 0 -f slapd.conf -h "ldap://127.0.0.1:$port" 2> slapd.log) &
    started+=($!)
    until ldapsearch -x -LLL -H "ldap://127.0.0.1:$port" -s base -b '' > out 2>&1; do sleep 0.05; done
    (umask 077 && echo secret > "$folder/password")
    config "$port" run.db > recert.toml
    "$recert" -q --config recert.toml migrate --base-tables > out
    sqlite3 run.db < users.sql
    mv run.db full.db
}

fill() { # NAME COMMAND...: measures a way to fill in the line managers, or to read the directory, and looks at what came
    cp full.db run.db
    measure "$@"
    case $1 in
    ldapsearch*) grep -c ^dn: "$dir/out" | grep -qx "$n" || { echo "$1: not everybody came"; exit 1; } ;;
    *) python3 "$here/check.py" run.db expected ;;
    esac
}

sync_with_each() { # NAME CONFIG
    for ending in "${endings[@]}"; do
        fill "$1$ending" "$(binary "$ending")" -q --config "$2" sync-managers
    done
}

bound=(-x -LLL -D "$account" -y "$folder/bare-password" -b DC=corp,DC=example)
printf secret > "$folder/bare-password"

n=$(size 8000)
world "$n"
for _ in $(seq "$runs"); do
    fill naive "$python" "$here/naive.py" "ldap://127.0.0.1:$port" run.db
    fill advice "$python" "$here/advice.py" "ldap://127.0.0.1:$port" run.db
    [ -n "${missing:-}" ] || fill python-ldap "$python" "$here/bare.py" "ldap://127.0.0.1:$port" run.db
    fill ldapsearch ldapsearch "${bound[@]}" -H "ldap://127.0.0.1:$port" -c -f batches '(|%s)' "${wanted[@]}"
    sync_with_each sync recert.toml
done
row "sync $n" sync naive "naive: two searches a user (ldap3)" "–"
row "the same" sync advice "usual advice: OR of 100, 8 threads (ldap3)" "–"
row "the same" sync python-ldap "python-ldap" "0.4"
row "the same" sync ldapsearch "ldapsearch, OR of 50: no managers, no database" "1.2"

coproc delay { exec python3 "$here/delay.py" "$port" 20; }
started+=("$delay_PID")
read -r far <&"${delay[0]}"
config "$far" run.db > far.toml
for _ in $(seq "$runs"); do
    sync_with_each far far.toml
done
row "sync $n, 20 ms a round trip: $(clock far) s by the clock" far none "" "0.35 s by the clock"

n=$(size 100000)
world "$n"
for _ in $(seq "$runs"); do
    fill ldapsearch-all ldapsearch "${bound[@]}" -H "ldap://127.0.0.1:$port" -E pr=1000/noprompt '(objectClass=user)' "${wanted[@]}"
    sync_with_each all recert.toml
done
row "sync $n" all ldapsearch-all "ldapsearch, all in pages: no managers, no database" "1.5, 100 MB"
[ -z "${missing:-}" ]
