# shellcheck shell=bash
# What the benches share, who source it: how a command is measured, and how a line of the table is told.
#
# Measured are seconds of processor (user and system) and the peak of memory: by the clock a shared machine says little,
# and only where it is waited for something that is meant to take its time, seconds by the clock are told.
# RECERT       the binary; without it a release build is made
# RECERT_OLD   another one, measured beside it in the same rounds
# BENCH_SCALE  sizes are divided by it
# BENCH_TABLE  a file that gets the lines of the table

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -z "${RECERT:-}" ]; then
    cargo build --release --quiet --manifest-path "$bench/../../Cargo.toml"
    RECERT=$bench/../../target/release/recert
fi
recert=$RECERT
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# What a figure's name ends with, and whose it is.
endings=("")
[ -z "${RECERT_OLD:-}" ] || endings+=(.old)

binary() { [ "$1" = .old ] && echo "$RECERT_OLD" || echo "$recert"; }

size() { echo "$(($1 / ${BENCH_SCALE:-1}))"; }

measure() { # NAME COMMAND...: adds a round to the figures of that name
    local name=$1
    shift
    sync
    /usr/bin/time -f '%U %S %M %e' -o "$dir/time" "$@" > "$dir/out" 2> "$dir/err" || {
        echo "$name: failed" && cat "$dir/err" "$dir/out"
        return 1
    } >&2
    awk '{ print $1 + $2, $3 / 1024, $4 }' "$dir/time" >> "$dir/$name.figures"
}

middle() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

seconds() { cut -d' ' -f1 "$dir/$1.figures" | middle; } # NAME
clock() { cut -d' ' -f3 "$dir/$1.figures" | middle; } # NAME
peak() { cut -d' ' -f2 "$dir/$1.figures" | sort -n | tail -n 1; } # NAME

figure() { # NAME: its seconds and peak, or a dash
    [ -s "$dir/$1.figures" ] && printf '%.2f s, %.0f MB' "$(seconds "$1")" "$(peak "$1")" || printf '–'
}

ratio() { # NAME OTHER: how many times as long NAME takes; the median of the rounds, each of which ran both
    [ -s "$dir/$2.figures" ] || { printf '–' && return; }
    paste -d' ' "$dir/$1.figures" "$dir/$2.figures" | awk '$4 > 0 { print $1 / $4 }' | middle | xargs printf '%.2f'
}

row() { # WORK NAME OTHER WORDS AIM: one line of the table; OTHER, in WORDS, stands beside it and writes no ledger
    local beside=–
    [ ! -s "$dir/$3.figures" ] || beside="$4 $(figure "$3")"
    printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "$(figure "$2.old")" "$(figure "$2")" "$beside" "$(ratio "$2" "$3")" "$5" |
        tee -a "${BENCH_TABLE:-/dev/null}"
}
