#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a hundred times loaded, written to and unloaded, the driver gives
# back all memory each time, whatever way the disks were set up, and that it
# cannot be unloaded while somebody has a disk. Needs nothing special; about 60 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev

ways=(
	''
	'poll_queues=2 irqmode=2'
	'nr_devices=3 shared_tags=1'
	'bs=4096 blocking=1 irqmode=0'
	'shared_tag_bitmap=1 hw_queue_depth=1024'
)

# cycle N: load one way, write 16 MiB, read it back, unload with the store full.
cycle()
{
	local parameters

	read -ra parameters <<<"${ways[$1 % ${#ways[@]}]}"
	load gb=1 "${parameters[@]}"
	if ! dd if=/dev/zero of=/dev/weir0 bs=1M count=16 oflag=direct status=none ||
		! dd if=/dev/weir0 of=/dev/null bs=1M count=16 iflag=direct status=none ||
		[[ $(store pages) != 4096 ]]; then
		ok 1 "cycle $1: 16 MiB are written, read and held"
		return 1
	fi
	unload
}

# 80 times 16 MiB is 1310720 KiB. The rest of the system moves by less than one.
gives_back '100 times loaded and unloaded' 20 100 1024

load gb=1 nr_devices=2
exec 9</dev/weir1
refused 'in use' 'not unloaded while a disk is open' rmmod weir_blk
try 'the disk still works' dd if=/dev/weir1 of=/dev/null bs=4k count=16 iflag=direct
exec 9<&-
mkfs.ext4 -q /dev/weir0
mount /dev/weir0 /mnt
refused 'in use' 'not unloaded while one is mounted' rmmod weir_blk
try 'the mounted disk still works' cp -r /usr/sbin /mnt
umount /mnt
unload
ok 0 'unloaded when nobody has one'

# Unloaded at once after asynchronous writes, some in the cache only.
load gb=1 irqmode=2 completion_nsec=1000000
dd if=/dev/zero of=/dev/weir0 bs=1M count=32 status=none
unload
[[ ! -e /sys/module/weir_blk && ! -e /dev/weir0 && ! -e $debug ]]
ok $? 'nothing is left'
done_testing
