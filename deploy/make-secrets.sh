#!/bin/sh
# Make the passwords that docker-compose.yml mounts as files: new random ones, in deploy/secrets, nothing over others.
# The folder is its owner's alone. The files in it are not: the containers' users are other ones.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "deploy/secrets is there already: nothing done" >&2
    exit 1
fi
new() { head -c 32 /dev/urandom | od -A n -t x1 | tr -d ' \n'; }
umask 077
mkdir secrets
postgres=$(new)
redis=$(new)
printf '%s' "$postgres" >secrets/postgres_password
printf 'postgresql://kanoniv:%s@postgres/kanoniv\n' "$postgres" >secrets/database_url
printf 'redis://:%s@redis:6379/0\n' "$redis" >secrets/redis_url
printf 'requirepass %s\nappendonly yes\nappendfsync always\nmaxmemory-policy noeviction\ndir /data\n' "$redis" \
    >secrets/redis_conf
chmod 0444 secrets/*
echo "made: $(echo secrets/*)"
