#!/bin/sh
# Makes what the city's compose file hands to its services as files. What is there already stays as it is.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets
if [ ! -e database_password ]; then
    password=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    printf %s "postgresql://palabre:$password@database/palabre" >database_url
    printf %s "$password" >database_password
fi
[ -e telegram_bots ] || echo '{}' >telegram_bots
# Only root gets into this folder; in a container the files are read by a user that is not root.
chmod 644 database_url database_password telegram_bots
