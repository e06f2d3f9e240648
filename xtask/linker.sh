#!/bin/sh
# The linker of this repository: `cc`, which is installed first where it is missing.
#
# Cargo shows what a linker says only when it fails, so what is under way is told to the terminal, if there is one.
set -u

PACKAGES="gcc libc6-dev"
INSTALL="apt-get install --yes --no-install-recommends $PACKAGES"
BY_HAND="apt-get update && $INSTALL"

# Without the C library's start files a compiler cannot link a program: then `cc` names a file that is not there.
can_link() {
    command -v cc >/dev/null 2>&1 && [ -e "$(cc -print-file-name=Scrt1.o)" ]
}

tell() {
    { printf '%s\n' "$1" >/dev/tty; } 2>/dev/null || true
}

give_up() {
    printf '\nA C linker is missing (gcc and the headers of the C library). %s\n\n    %s\n\n' "$1" "$2" >&2
    exit 1
}

install_as() {
    tell "A C linker is missing. Installing it: ${1:-}${1:+ }$INSTALL"
    # Lists that are there may do, also when they cannot be renewed.
    said=$($1 apt-get update 2>&1; DEBIAN_FRONTEND=noninteractive $1 $INSTALL 2>&1) && return
    printf '%s\n' "$said" >&2
    give_up "Installing it failed, as is said above. Once that is mended:" "${1:-}${1:+ }sh -c '$BY_HAND'"
}

install() {
    command -v apt-get >/dev/null 2>&1 ||
        give_up "There is no apt-get here to install it with. On Debian and Ubuntu it would be:" "$BY_HAND"
    if [ "$(id -u)" = 0 ]; then
        install_as ""
    elif ! command -v sudo >/dev/null 2>&1; then
        give_up "Installing it needs root. Type:" "su -c '$BY_HAND'"
    elif sudo -n true 2>/dev/null || { : >/dev/tty; } 2>/dev/null; then
        install_as "sudo"
    else
        give_up "Installing it needs root, and sudo a password. Type:" "sudo sh -c '$BY_HAND'"
    fi
}

if ! can_link; then
    # Cargo links several programs at once; one of them installs, and the others wait for it.
    exec 9<"$0"
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    can_link || install
    exec 9<&-
fi
exec cc "$@"
