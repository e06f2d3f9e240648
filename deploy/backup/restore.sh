#!/bin/sh
# Puts a backup in the place of the database.
#
#   deploy/backup/restore.sh FILE --yes
#
# Stop all API hosts and workers first: the database is dropped. Where it is, and as whom it is made, is said by PGHOST,
# PGPORT, PGUSER (a superuser) and PGPASSFILE; its name by PGDATABASE (contest). The roles must be there:
# deploy/accounts/postgres.sh SECRETS roles. Afterwards run deploy/accounts/postgres.sh SECRETS grants, and start the hosts.
set -eu

file=${1:?say which backup: deploy/backup/restore.sh FILE --yes}
database=${PGDATABASE:-contest}
unset PGDATABASE
[ "${2:-}" = --yes ] || { echo "$0: this drops the database $database; say --yes" >&2; exit 2; }

[ -s "$file.sha256" ] || { echo "$0: $file has no checksum beside it; its backup was cut off" >&2; exit 1; }
(cd "$(dirname "$file")" && sha256sum --check --status "$(basename "$file").sha256") ||
    { echo "$0: $file is not what was written: its checksum differs" >&2; exit 1; }

run() {
    psql --no-psqlrc --quiet --no-password --set=ON_ERROR_STOP=1 "$@"
}

connected=$(run --dbname=postgres --tuples-only --no-align --command="SELECT count(*) FROM pg_stat_activity
    WHERE datname = '$database' AND usename IN ('contest_api', 'contest_worker')")
[ "$connected" = 0 ] || { echo "$0: $connected connections of hosts are open; stop the hosts first" >&2; exit 1; }

# Under another name until it is whole: a restore that fails leaves what is there as it is.
run --dbname=postgres --command="DROP DATABASE IF EXISTS \"${database}_restored\" WITH (FORCE)"
run --dbname=postgres --command="CREATE DATABASE \"${database}_restored\" OWNER contest_owner TEMPLATE template0"
# --clean, since a new database has a schema of its own.
pg_restore --no-password --exit-on-error --single-transaction --clean --if-exists --dbname="${database}_restored" "$file"
run --dbname="${database}_restored" --command=ANALYZE
run --dbname=postgres <<END
DROP DATABASE IF EXISTS "$database" WITH (FORCE);
ALTER DATABASE "${database}_restored" RENAME TO "$database";
REVOKE ALL ON DATABASE "$database" FROM PUBLIC;
GRANT CONNECT ON DATABASE "$database" TO contest_api, contest_worker, contest_backup;
END
echo "$database is as it was in $file"
