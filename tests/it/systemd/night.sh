#!/bin/sh
# A systemd of its own, as a user's manager, runs the units of control-m/systemd with an end that is told, quickly, and
# not shut in (which a user's manager can't). Called by tests/it/systemd.rs inside a mount namespace of its own.
#
#   night.sh CONTROL_M FOLDER NUMBER …   prints, of each number: NUMBER RUNS MAILS
set -eu
control_m=$1 folder=$2
shift 2
mount --make-rprivate /
mount -t tmpfs none /run/systemd # Else a user's manager says that the system was not booted with systemd.
mkdir -p /run/systemd/system
XDG_RUNTIME_DIR=$folder/run HOME=$folder/home
units=$HOME/.config/systemd/user
mkdir -p -m 700 "$XDG_RUNTIME_DIR" "$units" "$folder/bin" "$folder/told"
export XDG_RUNTIME_DIR HOME

shut_in='User|Group|State|Protect|Private|Restrict|ProcSubset|NoNew|Cap|Ambient|Lock|Memory|Remove|Keyring|System|Limit|UMask|Wants|After'
sed -E -e "/^($shut_in)/d" \
    -e "s#^ExecStart=.*#ExecStart=/bin/sh -c 'echo %i >>$folder/runs; exit %i'#" \
    -e 's/^RestartSec=.*/RestartSec=500ms/' -e 's/^StartLimitIntervalSec=.*/StartLimitIntervalSec=30/' \
    "$control_m/systemd/recert@.service" >"$units/recert@.service"
sed -E -e '/^(Protect|Private)/d' -e "s#^ExecStart=.*#ExecStart=$control_m/recert-failed %i#" \
    -e "s#^Environment=.*#Environment=PATH=$folder/bin:/usr/bin:/bin RECERT_TOLD=$folder/told#" \
    "$control_m/systemd/recert-failed@.service" >"$units/recert-failed@.service"
printf '#!/bin/sh\nexec /usr/bin/systemctl --user "$@"\n' >"$folder/bin/systemctl"
printf '#!/bin/sh\necho "ERROR trouble"\n' >"$folder/bin/journalctl"
printf '#!/bin/sh\nhead -n 1 >>%s/mails\n' "$folder" >"$folder/bin/sendmail"
chmod +x "$folder"/bin/*
: >"$folder/runs" >>"$folder/mails"

/lib/systemd/systemd --user >"$folder/log" 2>&1 &
manager=$!
trap 'kill $manager' EXIT
for wait in 1 2 3 4 5 6 7 8 9 10; do
    systemctl --user is-system-running >/dev/null 2>&1 && break
    sleep 0.5
done
for number; do
    systemctl --user start --no-block "recert@$number.service"
done
# Until every unit has had its last attempt, and the mail of it was handed over.
for wait in $(seq 60); do
    busy=$(systemctl --user list-units --no-legend --state=activating,reloading,deactivating 'recert*' | wc -l)
    [ "$busy" = 0 ] && [ "$wait" -gt 4 ] && break
    sleep 0.5
done
for number; do
    echo "$number $(grep -cx "$number" "$folder/runs") $(grep -c "recert@$number.service" "$folder/mails")"
done
