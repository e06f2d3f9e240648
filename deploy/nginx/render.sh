#!/bin/sh
# Fills in the template of the front from the variables FRONT_... of the environment, and no others.
#
#   deploy/nginx/render.sh TEMPLATE OUT
set -eu

template=${1:?say which template}
out=${2:?say where to write}

# shellcheck disable=SC2016 # The dollar is for envsubst.
names=$(env | sed -n 's/^\(FRONT_[A-Z_]*\)=.*/${\1}/p')
envsubst "$names" <"$template" >"$out.new"
# shellcheck disable=SC2016 # As above.
if missing=$(grep -n '\${FRONT_' "$out.new"); then
    echo "$0: nothing fills in: $missing" >&2
    exit 1
fi
mv "$out.new" "$out"
