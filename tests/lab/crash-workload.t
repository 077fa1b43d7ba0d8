#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that crash-workload, crash-sqlite and crash-fio, which judge what a power cut has
# left, are content with what they did themselves, and find each kind of loss: a file, a
# name, synced bytes, a block, a file that was removed; a transaction, half of one, a page;
# an old block. On any file system; some seconds, no machine.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require check

tmp=$(mktemp -d -- "${TMPDIR:-/var/tmp}/weir-crash-workload.XXXXXXXX")
scratch+=("$tmp")
workload=$repo/scripts/guest/crash-workload

# A clock that stands still: everything was acknowledged at event 5.
echo 'clock 5' >"$tmp/volatile"

# again: the workload, in a new $tmp/top
again()
{
	rm -rf -- "$tmp/top"
	mkdir -- "$tmp/top"
	"$workload" run "$tmp/top" "$tmp/log" "$tmp" 3 60
}

# found WORDS NAME: the check complains, and says WORDS
found()
{
	local said status=0

	said=$("$workload" check "$tmp/top" "$tmp/log" 5 2>&1) || status=$?
	[[ $status == 3 && $said == *"$1"* ]]
	ok $? "$2" "status $status: $said"
}

again
ok $? 'the workload runs' ''
said=$("$workload" check "$tmp/top" "$tmp/log" 5)
ok $? 'nothing is lost at first' "$said"

file=$(awk '$1 == "done" && $3 == "create" { last[$4] = 1 } $3 == "remove" { delete last[$4] }
	END { for (f in last) { print f; exit } }' "$tmp/log")
rm -- "$tmp/top/f/$file"
found "f/$file was created" 'a file that is gone'
again
: >"$tmp/top/f/$file"
found "f/$file has other bytes" 'a file that is empty'
again
gone=$(awk '$1 == "done" && $3 == "remove" { print $4; exit }' "$tmp/log")
: >"$tmp/top/f/$gone"
found "f/$gone was removed" 'a file that is back'
again
name=$(awk '$1 == "done" && $3 == "replace" { print $4; exit }' "$tmp/log")
rm -- "$tmp/top/r/$name"
found "r/$name is not there" 'a name that is gone after a rename'
again
printf x | dd of="$tmp/top/r/$name" bs=1 conv=notrunc status=none
found "r/$name is none of versions" 'a mix of two versions'
again
truncate -s -1 "$tmp/top/a/log"
found 'were synced, and are not all there' 'an append log that is one byte short'
again
dd if=/dev/zero of="$tmp/top/o/blocks" bs=512 seek=9 count=1 conv=notrunc status=none
found 'o/blocks, block 1, byte 512' 'a sector of zeroes'

again
rm -- "$tmp/top/a/log" && mkdir "$tmp/top/a/log"
found 'a/log: Is a directory' 'one that cannot be read'
again
rm -- "$tmp/top/o/blocks" && mkdir "$tmp/top/o/blocks"
found 'o/blocks: Is a directory' 'nor the blocks'

# What is under way may be there or not; what was not yet begun must not count.
again
sed -i 's/^done 5 \(append\|replace\)/done 9 \1/' "$tmp/log"
"$workload" check "$tmp/top" "$tmp/log" 5 >"$tmp/said"
ok $? 'what was not acknowledged yet may be there' "$(<"$tmp/said")"
rm -f -- "$tmp/top"/r/* "$tmp/top/a/log"
"$workload" check "$tmp/top" "$tmp/log" 5 >"$tmp/said"
ok $? 'or not' "$(<"$tmp/said")"

# One program for many folders: what it found in one is not found in the next.
again
cp -r -- "$tmp/top" "$tmp/bad"
: >"$tmp/bad/f/$file"
said=$(printf '%s\n' "$tmp/top 5" "$tmp/bad 5" "$tmp/bad x" "$tmp/top 5" | "$workload" serve "$tmp/log")
[[ $said == $'end\nf/'"$file has other bytes"$'\nend\nthe check itself failed: '*$'\nend\nend' ]]
ok $? 'serve: each is compared by itself' "$said"

# --- SQLite ---

workload=$repo/scripts/guest/crash-sqlite

# commits MODE: 60 transactions, in a new $tmp/top
commits()
{
	rm -rf -- "$tmp/top"
	mkdir -- "$tmp/top"
	"$workload" run "$tmp/top" "$tmp/log" "$tmp" 3 60 "$1"
}

# sql STATEMENT
sql()
{
	sqlite3 "$tmp/top/db" "$1"
}

for mode in wal rollback; do
	commits $mode
	ok $? "SQLite, $mode: runs" "$(tail -n 1 "$tmp/log")"
	said=$("$workload" check "$tmp/top" "$tmp/log" 5)
	ok $? "$mode: nothing is lost at first" "$said"
	[[ $(sql 'PRAGMA journal_mode;') == "${mode/rollback/delete}" ]]
	ok $? "$mode: is its journal's mode" "$(sql 'PRAGMA journal_mode;')"
done
sql 'UPDATE last SET number = 59;'
found 'transaction 60 was committed, and the last one there is 59' 'a transaction that is gone'
sed -i '/^done 5 60$/d' "$tmp/log"
found 'the rows are not those after transaction 59' 'a transaction of which half is there'
sed -i '/^begin 5 60$/d' "$tmp/log"
sql 'UPDATE last SET number = 60;'
found 'transaction 60 is there, and 59 was the last that began' 'one from the future'
commits wal
sed -i '/^done 5 60$/d' "$tmp/log"
"$workload" check "$tmp/top" "$tmp/log" 5 >"$tmp/said"
ok $? 'what is under way may be there' "$(<"$tmp/said")"
dd if=/dev/zero of="$tmp/top/db" bs=4096 seek=1 count=1 conv=notrunc status=none
found 'the database is not sound' 'a page of zeroes'
rm -- "$tmp/top/db"
found 'the database is not there' 'no database'

# --- fio ---

workload=$repo/scripts/guest/crash-fio

# The same, in a folder whose name fio would split.
rm -rf -- "$tmp/top"
mkdir -- "$tmp/t:op"
ln -s t:op "$tmp/top"
"$workload" run "$tmp/t:op" "$tmp/log" "$tmp" 3 30
ok $? 'fio runs' "$(tail -n 1 "$tmp/log")"
said=$("$workload" check "$tmp/t:op" "$tmp/log" 5)
ok $? 'fio: nothing is lost at first' "$said"
cp -a -- "$tmp/t:op" "$tmp/good"

# damaged: as it was at first
damaged()
{
	rm -rf -- "$tmp/t:op"
	cp -a -- "$tmp/good" "$tmp/t:op"
}

printf x | dd of="$tmp/top/fio3" bs=1 seek=9000 conv=notrunc status=none
found 'verify failed' 'fio: a byte'
damaged
# Burst 1 had the file of burst 5: what is old and whole is found as well.
mkdir -- "$tmp/old"
"$workload" run "$tmp/old" "$tmp/first" "$tmp" 3 10
dd if="$tmp/old/fio1" of="$tmp/top/fio1" bs=4096 skip=3 seek=3 count=1 conv=notrunc status=none
found 'verify failed' 'fio: a block of the burst before'
sed -i '/^done 5 5$/d' "$tmp/log"
"$workload" check "$tmp/top" "$tmp/log" 5 >"$tmp/said"
ok $? 'fio: what is under way may be old' "$(<"$tmp/said")"
damaged
truncate -s 8192 "$tmp/top/fio2"
found '65536 bytes were synced, and there are 8192' 'fio: a short file'
rm -- "$tmp/top/fio2"
found 'fio2 is not there' 'fio: no file'
done_testing
