#!/bin/bash
# Makes a machine of Debian 12 into one of the contest's servers; may be run again.
#
#   deploy/servers/install.sh postgres|rabbitmq|redis|store SECRETS DATA
#
# SECRETS is the folder of the component's secrets and rendered files, DATA where it keeps what it keeps.
set -euo pipefail

component=${1:?say which server}
secrets=${2:?say where its secrets are}
data=${3:?say where it keeps its data}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
export DEBIAN_FRONTEND=noninteractive

# What a unit gets beside what its package says.
extend() {
    install -d "/etc/systemd/system/$1.d"
    cat >"/etc/systemd/system/$1.d/contest.conf"
    systemctl daemon-reload
}

case $component in
postgres)
    apt-get install --yes --no-install-recommends postgresql-common
    sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
    apt-get install --yes --no-install-recommends postgresql-15 postgresql-client-15
    install -d -o postgres -g postgres -m 700 "$data/postgres"
    [ -d /etc/postgresql/15/contest ] || pg_createcluster --datadir="$data/postgres/15" 15 contest -- \
        --auth-host=scram-sha-256 --auth-local=peer --data-checksums
    install -m 644 "$here/postgres.conf" /etc/postgresql/15/contest/conf.d/contest.conf
    # Machines of these networks alone, and with a password.
    grep -q 'contest of the layout' /etc/postgresql/15/contest/pg_hba.conf || cat >>/etc/postgresql/15/contest/pg_hba.conf <<'END'
# The contest of the layout.
host contest contest_owner,contest_api,contest_worker,contest_backup samenet scram-sha-256
END
    systemctl enable --now postgresql@15-contest.service
    systemctl restart postgresql@15-contest.service
    PGPASSWORD=$(cat "$secrets/postgres-superuser-password")
    runuser -u postgres -- psql --quiet --set=ON_ERROR_STOP=1 --file=- <<<"ALTER ROLE postgres PASSWORD '$PGPASSWORD'"
    PGHOST=127.0.0.1 PGUSER=postgres "$here/../accounts/postgres.sh" "$secrets" roles
    # As their owner, before any host comes: the tables, and what hosts may do with them.
    DATABASE_URL_FILE=$secrets/owner-database-url stagemark-contest-api migrate
    PGHOST=127.0.0.1 "$here/../accounts/postgres.sh" "$secrets" grants
    install -d -m 700 /etc/stagemark-contest
    printf 'PGHOST=127.0.0.1\nPGPORT=5432\n' >/etc/stagemark-contest/backup.env
    systemctl enable --now stagemark-contest-backup.timer
    ;;
rabbitmq)
    apt-get install --yes --no-install-recommends rabbitmq-server
    systemctl stop rabbitmq-server.service || true
    install -d -o rabbitmq -g rabbitmq -m 750 "$data/rabbitmq"
    install -m 644 "$here/rabbitmq.conf" /etc/rabbitmq/rabbitmq.conf
    sed -i 's#^load_definitions = .*#load_definitions = /etc/rabbitmq/definitions.json#' /etc/rabbitmq/rabbitmq.conf
    install -o rabbitmq -g rabbitmq -m 400 "$secrets/rabbitmq-definitions.json" /etc/rabbitmq/definitions.json
    printf 'MNESIA_BASE=%s\n' "$data/rabbitmq" >/etc/rabbitmq/rabbitmq-env.conf
    # The port mapper and the port between nodes are of this machine alone.
    printf 'ERL_EPMD_ADDRESS=127.0.0.1\nSERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"\nNODENAME=rabbit@localhost\n' \
        >>/etc/rabbitmq/rabbitmq-env.conf
    systemctl enable --now rabbitmq-server.service
    ;;
redis)
    apt-get install --yes --no-install-recommends redis-server
    systemctl stop redis-server.service || true
    install -d -o redis -g redis -m 750 "$data/redis"
    install -o redis -g redis -m 400 "$secrets/redis-users.acl" /etc/redis/users.acl
    sed -e 's#^aclfile .*#aclfile /etc/redis/users.acl#' -e "s#^dir .*#dir $data/redis#" "$here/redis.conf" >/etc/redis/redis.conf
    printf 'supervised systemd\ndaemonize no\nbind * -::*\n' >>/etc/redis/redis.conf
    printf '[Service]\nReadWritePaths=-%s\n' "$data/redis" | extend redis-server.service
    systemctl enable --now redis-server.service
    ;;
store)
    # The program comes with the release: bin/weed.
    id stagemark-contest-store >/dev/null 2>&1 ||
        useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin stagemark-contest-store
    install -d -o stagemark-contest-store -g stagemark-contest-store -m 700 "$data/store"
    install -m 400 "$secrets/s3-identities.json" /etc/stagemark-contest/s3-identities.json
    systemctl enable --now stagemark-contest-store.service
    until curl --fail --silent --output /dev/null http://127.0.0.1:8333/healthz; do sleep 1; done
    S3_ENDPOINT=http://127.0.0.1:8333 S3_BUCKET=contest S3_ADMIN_SECRET_FILE="$secrets/s3-admin-secret-access-key" \
        "$here/store-init.sh"
    ;;
*)
    echo "$0: there is no $component; it is postgres, rabbitmq, redis or store" >&2
    exit 2
    ;;
esac
