#!/bin/sh
# Makes the bucket of the contest, where it is not there, and tells it what to remove by itself.
#
#   deploy/servers/store-init.sh
#
# S3_ENDPOINT and S3_BUCKET say where; the key is the admin's, its secret in the file S3_ADMIN_SECRET_FILE.
set -eu

rules=${RULES:-$(dirname -- "$0")/../s3-lifecycle.json}
export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-contest-admin}" AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}"
AWS_SECRET_ACCESS_KEY=$(cat "$S3_ADMIN_SECRET_FILE")
export AWS_SECRET_ACCESS_KEY

store() {
    aws --endpoint-url "$S3_ENDPOINT" s3api "$@"
}

store head-bucket --bucket "$S3_BUCKET" 2>/dev/null || store create-bucket --bucket "$S3_BUCKET"
store put-bucket-lifecycle-configuration --bucket "$S3_BUCKET" --lifecycle-configuration "file://$rules"
store get-bucket-lifecycle-configuration --bucket "$S3_BUCKET"
