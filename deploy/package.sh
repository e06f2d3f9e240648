#!/bin/sh
# Packs a release as machines get it: programs, pages, units and scripts, each where it belongs below the root.
#
#   deploy/package.sh BIN PAGES OUT.tar.gz
#
# BIN holds stagemark-contest-api and stagemark-contest-worker, and weed where the store is to run here; PAGES is the
# built web app.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bin=${1:?say where the programs are}
pages=${2:?say where the pages are}
out=${3:?say what to write}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022
chmod 755 "$root"
share=$root/usr/share/stagemark-contest

mkdir -p "$root/usr/bin" "$root/usr/lib/systemd/system" "$root/usr/share/doc/stagemark-contest" "$share"
for program in stagemark-contest-api stagemark-contest-worker; do
    install -m 755 "$bin/$program" "$root/usr/bin/"
done
if [ -f "$bin/weed" ]; then install -m 755 "$bin/weed" "$root/usr/bin/"; fi
install -m 644 "$here"/systemd/*.service "$here"/systemd/*.timer "$root/usr/lib/systemd/system/"
cp -R "$pages" "$share/pages"
for folder in accounts backup nginx servers; do cp -R "$here/$folder" "$share/$folder"; done
cp "$here/s3-lifecycle.json" "$share/"
cp "$here/../docs/deploy.md" "$here/../docs/operate.md" "$root/usr/share/doc/stagemark-contest/"
chmod -R u=rwX,go=rX "$root"

# The same files make the same archive.
tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --directory "$root" . | gzip --no-name --best >"$out.partial"
mv "$out.partial" "$out"
sha256sum "$out"
