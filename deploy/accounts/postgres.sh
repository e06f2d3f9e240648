#!/bin/sh
# Makes the database of the contest and its roles, or brings them up to date; may be run again at any time.
#
#   deploy/accounts/postgres.sh SECRETS roles    as the superuser: the database, the roles and their passwords
#   deploy/accounts/postgres.sh SECRETS grants   as the owner, after each migration: what the roles may do with tables
#
# Where the server is, and who the superuser is, is said by PGHOST, PGPORT and PGUSER.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
secrets=${1:?say where the secrets are}
what=${2:?say what to do: roles or grants}

run() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}

case $what in
roles)
    PGPASSWORD=$(cat "$secrets/postgres-superuser-password")
    export PGPASSWORD
    # By variables of psql's own input, not by arguments that every process of the host can see.
    {
        for name in owner api worker backup; do
            printf "\\\\set %s_password '%s'\n" "$name" "$(cat "$secrets/postgres-$name-password")"
        done
        cat "$here/postgres-roles.sql"
    } | run --dbname=postgres --file=-
    ;;
grants)
    PGUSER=contest_owner PGPASSWORD=$(cat "$secrets/postgres-owner-password")
    export PGUSER PGPASSWORD
    run --dbname=contest --file="$here/postgres-grants.sql"
    ;;
*)
    echo "$0: there is no $what; it is roles or grants" >&2
    exit 2
    ;;
esac
