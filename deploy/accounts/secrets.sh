#!/bin/sh
# Makes the secrets of a deployment, each in a file of its own: passwords, and the addresses that hosts come with.
#
#   deploy/accounts/secrets.sh DIR
#
# What is there already stays: run it again after an upgrade that wants more. Where the servers are is said by
# POSTGRES_AT, RABBITMQ_AT and REDIS_AT, as HOST:PORT; addresses are written anew each time.
set -eu

dir=${1:?say where: deploy/accounts/secrets.sh DIR}
postgres=${POSTGRES_AT:-postgres:5432}
rabbitmq=${RABBITMQ_AT:-rabbitmq:5672}
redis=${REDIS_AT:-redis:6379}

umask 077
mkdir -p "$dir"
chmod 700 "$dir"

# Letters and digits alone: they stand in addresses and in settings of five programs.
make() {
    [ -s "$dir/$1" ] || { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$dir/$1.new" && mv "$dir/$1.new" "$dir/$1"; }
}

tell() {
    printf %s "$2" >"$dir/$1.new" && mv "$dir/$1.new" "$dir/$1"
}

for name in superuser owner api worker backup; do make "postgres-$name-password"; done
for name in api worker; do
    make "rabbitmq-$name-password"
    make "redis-$name-password"
done
for name in admin api worker; do make "s3-$name-secret-access-key"; done
make redis-admin-password
make token-secret
make admin-password

for name in owner api worker; do
    tell "$name-database-url" "postgres://contest_$name:$(cat "$dir/postgres-$name-password")@$postgres/contest"
done
for name in api worker; do
    tell "$name-amqp-url" "amqp://contest_$name:$(cat "$dir/rabbitmq-$name-password")@$rabbitmq/contest"
    tell "$name-redis-url" "redis://contest_$name:$(cat "$dir/redis-$name-password")@$redis"
done
# Containers read their files as users of their own; the folder lets nobody in.
chmod 444 "$dir"/*
# As libpq reads it, for the backup; not where others could read it too.
tell backup-pgpass "${postgres%:*}:${postgres##*:}:contest:contest_backup:$(cat "$dir/postgres-backup-password")"
