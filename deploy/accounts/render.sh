#!/bin/sh
# Writes what RabbitMQ, Redis and the S3 store are told of their accounts, from the secrets of a deployment.
#
#   deploy/accounts/render.sh SECRETS OUT
#
# OUT gets rabbitmq-definitions.json, redis-users.acl and s3-identities.json. The first two hold hashes and no password;
# the last holds keys, since a signature is checked with the key itself.
set -eu

secrets=${1:?say where the secrets are}
out=${2:?say where to write}
bucket=${S3_BUCKET:-contest}

umask 077
mkdir -p "$out"
chmod 700 "$out"

secret() {
    cat "$secrets/$1"
}

# Bytes from their hexadecimal digits.
bytes() {
    # shellcheck disable=SC2059 # The text is a format on purpose: octal escapes are all that every printf knows.
    printf "$(sed 's/../&\n/g' | awk 'function d(c) { return index("0123456789abcdef", c) - 1 }
        length($0) == 2 { printf "\\%03o", d(substr($0, 1, 1)) * 16 + d(substr($0, 2, 1)) }')"
}

# As RabbitMQ keeps a password: four bytes of salt, and the SHA-256 of salt and password.
rabbitmq_hash() {
    salt=$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n')
    hash=$({ printf %s "$salt" | bytes; printf %s "$1"; } | sha256sum | cut -d' ' -f1)
    printf %s "$salt$hash" | bytes | base64 | tr -d '\n'
}

rabbitmq_user() {
    printf '{"name":"contest_%s","password_hash":"%s","hashing_algorithm":"rabbit_password_hashing_sha256","tags":[]}' \
        "$1" "$(rabbitmq_hash "$(secret "rabbitmq-$1-password")")"
}

# The queues of hints and of what could not be read, and the exchange that knows queues by their names; nothing else can
# be made, written to or read.
rabbitmq_permission() {
    queues='^stagemark\\.[a-z0-9_-]+(\\.dead)?$'
    printf '{"user":"contest_%s","vhost":"contest","configure":"%s","write":"^amq\\\\.default$","read":"%s"}' \
        "$1" "$queues" "$queues"
}

cat >"$out/rabbitmq-definitions.json.new" <<END
{
  "vhosts": [{"name": "contest"}],
  "users": [
    $(rabbitmq_user api),
    $(rabbitmq_user worker)
  ],
  "permissions": [
    $(rabbitmq_permission api),
    $(rabbitmq_permission worker)
  ]
}
END

redis_hash() {
    printf %s "$(secret "redis-$1-password")" | sha256sum | cut -d' ' -f1
}

# By kinds of commands and without the dangerous ones: no FLUSHALL, CONFIG, KEYS, SHUTDOWN, REPLICAOF, no pub/sub, no
# administration of scripts. INFO is how locks find out that Redis is another one than before, and TIME is their
# clock.
commands='-@all +@keyspace +@string +@hash +@set +@sortedset +@scripting +@transaction +@connection -@admin -@dangerous'
commands="$commands -script|flush -script|kill -function -swapdb -select +info +time"
# No host comes as the admin: it is for people, at the server. The API takes idempotency keys and reads what workers tell of runs; boards are for both.
cat >"$out/redis-users.acl.new" <<END
user default off nopass -@all
user contest_admin on #$(redis_hash admin) ~* &* +@all
user contest_api on #$(redis_hash api) resetchannels ~stagemark:key:* %R~stagemark:live:* ~stagemark:app:* $commands
user contest_worker on #$(redis_hash worker) resetchannels ~stagemark:* $commands
END

s3_identity() {
    printf '{"name":"contest-%s","credentials":[{"accessKey":"contest-%s","secretKey":"%s"}],"actions":[%s]}' \
        "$1" "$1" "$(secret "s3-$1-secret-access-key")" "$2"
}

# The API signs and takes uploads, tries at start whether the bucket is there, and reads all; workers write all; who makes buckets and their rules does nothing else.
cat >"$out/s3-identities.json.new" <<END
{
  "identities": [
    $(s3_identity admin '"Admin"'),
    $(s3_identity api "\"Read:$bucket\",\"List:$bucket\",\"Write:$bucket/objects/uploads/*\",\"Write:$bucket/claims/uploads/*\",\"Write:$bucket/probe*\""),
    $(s3_identity worker "\"Read:$bucket\",\"List:$bucket\",\"Write:$bucket\"")
  ]
}
END

for name in rabbitmq-definitions.json redis-users.acl s3-identities.json; do
    # Containers read their files as users of their own; the folder lets nobody in.
    chmod 444 "$out/$name.new"
    mv "$out/$name.new" "$out/$name"
done
