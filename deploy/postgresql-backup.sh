#!/bin/sh
# Data and keys of a PostgreSQL database as two files, as `tipline backup` does for the embedded one.
#   deploy/postgresql-backup.sh FOLDER        (TIPLINE_PG_URL: a libpq URL of the owner; TIPLINE_INSTANCE: the instance)
# Restore: load both files into an empty database, unpack the files, `touch $TIPLINE_INSTANCE/restore.pending`, put the
# erasure ledger into place and run `tipline restore --replay`: nothing is served before that is done.
set -eu
umask 077
folder=$1
stamp=$(date -u +%Y%m%dT%H%M%SZ)
keys="tip_key attachment_key referral_key mailbox desk_grant recovery_code account passkey factor_code"
left_out="account_session draft mailbox_visit known_device invitation search_segment search_segment_key search_segment_tip kept_search"
mkdir -p "$folder"

without=""
only=""
for table in $keys; do
  without="$without --exclude-table-data=$table"
  only="$only --table=$table"
done
for table in $left_out; do without="$without --exclude-table-data=$table"; done

# shellcheck disable=SC2086 - one option a word
pg_dump --format=custom $without --file="$folder/tipline-$stamp.data.pgdump" "$TIPLINE_PG_URL"
# shellcheck disable=SC2086
pg_dump --format=custom --data-only --disable-triggers $only --file="$folder/tipline-$stamp.keys.pgdump" "$TIPLINE_PG_URL"
tar -C "$TIPLINE_INSTANCE" --exclude='*.part' --ignore-failed-read -cf "$folder/tipline-$stamp.files.tar" files pictures
find "$folder" -name 'tipline-*.keys.pgdump' -mtime +14 -delete
