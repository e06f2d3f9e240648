#!/bin/bash
# Whether a page of this container answers 200: healthy PORT PATH. By bash alone, so that images need no client of HTTP.
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
read -r -t 3 _ status _ <&3
[ "$status" = 200 ]
