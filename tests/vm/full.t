#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves what happens when memory_limit is reached: writes to new places fail
# with ENOSPC and have then written nothing, what was stored stays as it was,
# overwriting goes on, a discard makes room, and disks share the limit.
# Needs nothing special; about 15 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev

mib=$((1 << 20))
head -c $((8 * mib)) /dev/urandom >/tmp/random

# put OFFSET LENGTH [DISK]: random bytes, as one request if there is room in one.
put()
{
	dd if=/tmp/random of="/dev/${3:-weir0}" bs="$2" seek="$1" count=1 oflag=direct,seek_bytes \
		iflag=fullblock conv=notrunc status=none
}

# get OFFSET LENGTH: its checksum.
get()
{
	dd if=/dev/weir0 bs=4096 skip="$1" count="$2" iflag=direct,skip_bytes,count_bytes \
		status=none | sha256sum
}

# sum OFFSET LENGTH: the checksum of that part of the random bytes.
sum()
{
	dd if=/tmp/random bs=4096 skip="$1" count="$2" iflag=skip_bytes,count_bytes \
		status=none | sha256sum
}

zeroes()
{
	head -c "$1" /dev/zero | sha256sum
}

dmesg -C
load gb=1 nr_devices=2 memory_limit=64
like "$(dmesg)" 'all disks: 2048 MiB, but memory_limit is 64 MiB' 'what is promised too much is said at load'
dmesg -C
is "$(store limit_pages)" 16384 'the limit is 64 MiB'
for ((i = 0; i < 7; i++)); do
	put $((i * 8 * mib)) 8M || ok 1 "56 of 64 MiB are written (piece $i)"
done
# All but 8 pages.
put $((56 * mib)) $((8 * mib - 8 * 4096))
is "$(store pages)" 16376 '8 pages are left'
before=$(get 0 $((64 * mib)))

is "$(dmesg | grep -c memory_limit)" 0 'nothing is said while there is room'
refused 'No space left' '9 pages do not fit' put $((512 * mib)) $((9 * 4096))
like "$(dmesg)" 'memory_limit=64 MiB .* is reached' 'the log says what is full'
is "$(store pages)" 16376 'nothing of them is held'
is "$(get $((512 * mib)) 65536)" "$(zeroes 65536)" 'nothing of them was written'
refused 'No space left' '256 KiB do not fit' put $((512 * mib)) 256k
is "$(get $((512 * mib)) $((256 * 1024)))" "$(zeroes $((256 * 1024)))" \
	'nothing of them was written'
# Half onto what is there, half onto holes: 16 pages from 8 before the last.
refused 'No space left' 'half an overwrite does not fit' \
	put $((64 * mib - 16 * 4096)) $((17 * 4096))
is "$(get 0 $((64 * mib)))" "$before" 'nothing that was stored is harmed'
refused 'No space left' 'zeroing that keeps pages does not fit' \
	fallocate --zero-range --keep-size -o 600M -l 256k /dev/weir0
try 'zeroing that gives back pages needs no room' \
	fallocate --punch-hole -o 600M -l 256k /dev/weir0
refused 'No space left' 'a flushed write fails as well' \
	dd if=/tmp/random of=/dev/weir0 bs=64k count=1 seek=10000 oflag=direct,dsync status=none
# The page cache has one word for all errors of its writes.
refused 'Input/output error' 'a buffered write fails at fsync' \
	dd if=/tmp/random of=/dev/weir0 bs=64k count=1 seek=10000 conv=notrunc,fsync status=none
refused 'No space left' 'the other disk is full, too' put 0 $((9 * 4096)) weir1

try '8 pages fit' put $((512 * mib)) $((8 * 4096))
is "$(get $((512 * mib)) $((8 * 4096)))" "$(sum 0 $((8 * 4096)))" 'and are what they should be'
is "$(store all_disks_pages)" 16384 'all is held now'
refused 'No space left' 'not one block more' put $((700 * mib)) 512
try 'overwriting goes on' put 0 8M
try 'in parts of pages, too' put 512 1536
is "$(get 8192 65536)" "$(sum 8192 65536)" 'and overwrites'

try 'a discard' blkdiscard -o $((8 * mib)) -l $((16 * mib)) /dev/weir0
try 'makes room' put $((800 * mib)) 8M
try 'for the other disk, too' put 0 8M weir1
is "$(store pages weir1)" 2048 'which holds 8 MiB'
refused 'No space left' 'and no more' put $((8 * mib)) 64k weir1
is "$(get $((800 * mib)) $((8 * mib)))" "$(sum 0 $((8 * mib)))" 'what was written there is there'
blkdiscard /dev/weir0
blkdiscard /dev/weir1
is "$(store all_disks_pages)" 0 'a discard of both leaves nothing'

# Writers that race for the last page: some fail, none takes more than there is.
fio_run --ioengine=libaio --direct=1 --rw=randwrite --bsrange=4k-64k --iodepth=16 \
	--numjobs=4 --size=1g --io_size=64m --norandommap --continue_on_error=write \
	>/tmp/fio.log 2>&1
held=$(store all_disks_pages)
holds 'racing writers stay within the limit' "$held <= 16384 && $held > 16000"
holds 'and some of them were refused' "$(counter failed) > 0"
try 'no request is lost' at_rest
blkdiscard /dev/weir0
is "$(store all_disks_pages)" 0 'no page is lost, either'
unload
done_testing
