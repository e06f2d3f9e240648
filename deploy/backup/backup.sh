#!/bin/sh
# Writes a backup of the database: the whole of it, as it was at one moment, and a checksum beside it.
#
#   deploy/backup/backup.sh DIR
#
# Where the database is, and as whom it is read, is said by PGHOST, PGPORT, PGDATABASE (contest), PGUSER (contest_backup)
# and PGPASSFILE, or PGPASSWORD_FILE, which holds the password alone. Backups older than KEEP_DAYS (14) are removed, but never the last KEEP_MIN (3).
set -eu

dir=${1:?say where backups are kept}
export PGDATABASE="${PGDATABASE:-contest}" PGUSER="${PGUSER:-contest_backup}"
# From a file, as containers have it.
if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$PGPASSWORD_FILE")
    export PGPASSWORD
fi
keep_days=${KEEP_DAYS:-14}
keep_min=${KEEP_MIN:-3}

umask 077
mkdir -p "$dir"
# One at a time: a second would remove what the first is about to finish.
exec 9>"$dir/.lock"
flock --nonblock 9 || { echo "$0: another backup into $dir is under way" >&2; exit 1; }
rm -f "$dir"/*.partial

name=$PGDATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump
pg_dump --format=custom --compress=6 --no-password --lock-wait-timeout=30s --file="$dir/$name.partial"
# What cannot be listed cannot be restored.
pg_restore --list "$dir/$name.partial" >/dev/null
sync "$dir/$name.partial"
mv "$dir/$name.partial" "$dir/$name"
(cd "$dir" && sha256sum "$name" >"$name.sha256.partial" && mv "$name.sha256.partial" "$name.sha256")
sync "$dir"

# The checksum comes last: a dump without one is of a backup that was cut off.
# shellcheck disable=SC2012 # Names are this script's own.
ls -1r "$dir/$PGDATABASE"-*.dump | tail -n +"$((keep_min + 1))" | while read -r old; do
    if [ -n "$(find "$old" -mtime +"$keep_days")" ]; then
        rm -f "$old" "$old.sha256"
        echo "removed $old"
    fi
done
echo "$dir/$name"
