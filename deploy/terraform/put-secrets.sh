#!/bin/sh
# Gives each component its own secrets, as encrypted parameters that its machines alone can read.
#
#   deploy/terraform/put-secrets.sh NAME SECRETS RENDERED TLS
#
# NAME is the variable `name` of the layout; the three folders are as docs/deploy.md makes them.
set -eu

name=${1:?say the name of the layout}
secrets=${2:?say where the secrets are}
rendered=${3:?say where the rendered files are}
tls=${4:?say where the certificate is}

put() {
    aws ssm put-parameter --name "/$name/$1/$2" --type SecureString --tier Intelligent-Tiering --overwrite \
        --value "file://$3" >/dev/null
}

put front tls-certificate "$tls/certificate.pem"
put front tls-key "$tls/key.pem"
for secret in api-database-url api-amqp-url api-redis-url s3-api-secret-access-key token-secret admin-password; do
    put api "$secret" "$secrets/$secret"
done
for secret in worker-database-url worker-amqp-url worker-redis-url s3-worker-secret-access-key; do
    put worker "$secret" "$secrets/$secret"
done
for role in superuser owner api worker backup; do
    put postgres "postgres-$role-password" "$secrets/postgres-$role-password"
done
put postgres owner-database-url "$secrets/owner-database-url"
put rabbitmq rabbitmq-definitions.json "$rendered/rabbitmq-definitions.json"
put redis redis-users.acl "$rendered/redis-users.acl"
put store s3-identities.json "$rendered/s3-identities.json"
put store s3-admin-secret-access-key "$secrets/s3-admin-secret-access-key"
