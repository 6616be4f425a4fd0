#!/usr/bin/env bash
# run.sh [RUNS] [RECERT]: see README.md. Needs slapd, ldap-utils, sqlite3, GNU time and python3 with venv; to build
# python-ldap also gcc and the headers of Python, OpenLDAP and SASL (libldap2-dev, libsasl2-dev).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
runs=${1:-5}
recert=${2:-$here/../../../target/release/recert}
folder=$(mktemp -d)
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait; rm -rf "$folder"' EXIT
PATH=$PATH:/usr/sbin:/usr/local/sbin
account=CN=recert,OU=Service,DC=corp,DC=example
wanted=(sAMAccountName manager displayName mail)

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check ldap3==2.9.1 python-ldap
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

measure() { # NAME COMMAND...: adds seconds, seconds of processor and peak KiB to ./NAME.times
    local name=$1 began ended
    shift
    cp full.db run.db
    sync run.db
    began=$EPOCHREALTIME
    /usr/bin/time -o time -f '%U %S %M' "$@" > "$name.out" 2> err || { cat err time; exit 1; }
    ended=$EPOCHREALTIME
    awk -v us=$((${ended/./} - ${began/./})) '{ print us / 1e6, $1 + $2, $3 }' time >> "$name.times"
    case $name in
    ldapsearch*) grep -c ^dn: "$name.out" | grep -qx "$n" || { echo "$name: not everybody came"; exit 1; } ;;
    *) python3 "$here/check.py" run.db expected ;;
    esac
}

median() { cut -d' ' -f"$2" "$1.times" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
peak() { cut -d' ' -f3 "$1.times" | sort -n | tail -1; }
told() { # NAME WORDS
    printf '%-52s %7.2f s  (processor %6.2f s, peak %4d MiB)\n' "$2" "$(median "$1" 1)" "$(median "$1" 2)" $(($(peak "$1") / 1024))
}
# NAME OTHER: how many times as long OTHER takes; the median of the pairs, which ran one after the other.
ratio() { paste "$1.times" "$2.times" | awk '{ print $4 / $1 }' | sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'; }

bound=(-x -LLL -D "$account" -y "$folder/bare-password" -b DC=corp,DC=example)
printf secret > "$folder/bare-password"

n=8000
world $n
for _ in $(seq "$runs"); do
    measure naive "$python" "$here/naive.py" "ldap://127.0.0.1:$port" run.db
    measure advice "$python" "$here/advice.py" "ldap://127.0.0.1:$port" run.db
    measure bare "$python" "$here/bare.py" "ldap://127.0.0.1:$port" run.db
    measure ldapsearch ldapsearch "${bound[@]}" -H "ldap://127.0.0.1:$port" -c -f batches '(|%s)' "${wanted[@]}"
    measure recert "$recert" -q --config recert.toml sync-managers
done
echo "$n users of a directory of $n people, whole commands, medians of $runs:"
told naive "naive: two searches a user (ldap3)"
told advice "usual advice: OR of 100, 8 threads (ldap3)"
told bare "the same with python-ldap"
told ldapsearch "ldapsearch, OR of 50: no managers, no database"
told recert "recert sync-managers"
echo "recert is $(ratio recert naive) times as fast as the naive way, $(ratio recert advice) times as the usual advice," \
    "$(ratio recert bare) times as python-ldap; it takes $(ratio ldapsearch recert) times as long as ldapsearch"

coproc delay { exec python3 "$here/delay.py" "$port" 20; }
started+=("$delay_PID")
read -r far <&"${delay[0]}"
config "$far" run.db > far.toml
for _ in $(seq "$runs"); do
    measure far "$recert" -q --config far.toml sync-managers
done
echo "with a round trip of 20 ms:"
told far "recert sync-managers"

n=100000
world $n
for _ in $(seq "$runs"); do
    measure ldapsearch ldapsearch "${bound[@]}" -H "ldap://127.0.0.1:$port" -E pr=1000/noprompt '(objectClass=user)' "${wanted[@]}"
    measure recert "$recert" -q --config recert.toml sync-managers
done
echo "$n users of a directory of $n people:"
told ldapsearch "ldapsearch, all in pages: no managers, no database"
told recert "recert sync-managers"
echo "recert takes $(ratio ldapsearch recert) times as long as ldapsearch"
