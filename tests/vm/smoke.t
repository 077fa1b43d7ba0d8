#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the driver works at all: it loads, keeps what it is given, carries
# a file system and unloads. Needs nothing special; about 15 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2

note "kernel $(uname -r)"
load gb=1 poll_queues=2
try 'io_uring: what is written is read' \
	fio_verify --ioengine=io_uring --direct=1 --bs=4k --size=16m --iodepth=16
try 'io_uring, polled' \
	fio_verify --ioengine=io_uring --hipri --direct=1 --bs=4k --size=8m --iodepth=16
try 'buffered' fio_verify --ioengine=psync --bsrange=512-64k --size=8m --end_fsync=1
nothing_lost

try 'ext4 is made' mkfs.ext4 -q /dev/weir0
try 'and mounted' mount /dev/weir0 /mnt
try 'files are copied' cp -a /usr/sbin /mnt/
echo 3 >/proc/sys/vm/drop_caches
try 'and are the same' diff -r --no-dereference /usr/sbin /mnt/sbin
refused 'in use' 'a mounted disk cannot be unloaded' rmmod weir_blk
try 'it unmounts' umount /mnt
try 'and is clean' fsck.ext4 -fn /dev/weir0
udevadm settle
unload
[[ ! -e /sys/module/weir_blk && ! -e /dev/weir0 && ! -e $debug ]]
ok $? 'nothing is left'
done_testing
