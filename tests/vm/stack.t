#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that what is put on a disk works: partitions, whose nodes appear and
# whose blocks lie where the table says, and device-mapper over two disks.
# Needs device-mapper; about 20 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --smp 2
modprobe dm-mod

# sum DEVICE OFFSET_KIB LENGTH_KIB
sum()
{
	dd if="$1" bs=1K skip="$2" count="$3" iflag=direct status=none | md5sum
}

load gb=1 nr_devices=2
try 'a partition table is written' sfdisk -q --label gpt /dev/weir0 <<-'EOT'
	start=2048, size=40MiB
	size=100MiB
EOT
udevadm settle
like "$(lsblk -rno NAME,SIZE,TYPE /dev/weir0 | paste -sd' ')" \
	'^weir0 1G disk weir0p1 40M part weir0p2 100M part$' 'its partitions appear'
like "$(blockdev --report /dev/weir0p2)" '512 +[0-9]+ +83968 +104857600 +/dev/weir0p2' 'where they should'
try 'the table is read again' blockdev --rereadpt /dev/weir0
udevadm settle
head -c 1M /dev/urandom | dd of=/dev/weir0p2 bs=64k oflag=direct iflag=fullblock status=none
is "$(sum /dev/weir0p2 0 1024)" "$(sum /dev/weir0 41984 1024)" \
	'what is on a partition is on the disk, at its offset'
before=$(sum /dev/weir0p2 0 1024)
try 'every operation on a partition' ./ops --threads 2 --ops 500 /dev/weir0p1
is "$(sum /dev/weir0p2 0 1024)" "$before" 'the next partition is untouched'
pages=$(store pages)
try 'a partition is discarded' blkdiscard -f /dev/weir0p2
holds 'and gives back its own pages only' "$pages - $(store pages) == 256"
exec 9</dev/weir0p2
refused 'in use' 'not unloaded while a partition is open' rmmod weir_blk
exec 9<&-
try 'the partitions go' sfdisk -q --delete /dev/weir0
udevadm settle
[[ ! -e /dev/weir0p1 ]]
ok $? 'and their nodes, too'

# 8 MiB and 3 sectors of one disk, then the other: I/O crosses from one to the
# other within a page.
blkdiscard -f /dev/weir0
try 'device-mapper takes two disks' dmsetup create weir <<-'EOT'
	0 16387 linear /dev/weir0 1000
	16387 100000 linear /dev/weir1 3
EOT
dm=/dev/mapper/weir
try 'every operation on them' ./ops --align 512 --threads 4 --kib 4096 --ops 500 $dm
is "$(dd if=$dm bs=512 skip=16387 count=64 iflag=direct status=none | md5sum)" \
	"$(dd if=/dev/weir1 bs=512 skip=3 count=64 iflag=direct status=none | md5sum)" \
	'the second disk begins where the first ends'
like "$(lsblk -Ddbnro DISC-GRAN $dm)" '^512' 'discard is passed through'
refused 'in use' 'not unloaded under device-mapper' rmmod weir_blk
mkfs.ext4 -q -b 1024 $dm 50000
try 'a file system on top is mounted' mount $dm /mnt
cp -a /usr/sbin /mnt
echo 3 >/proc/sys/vm/drop_caches
try 'and keeps its files' diff -r --no-dereference /usr/sbin /mnt/sbin
umount /mnt
try 'it is clean' fsck.ext4 -fn $dm
udevadm settle
try 'it is removed' dmsetup remove --retry weir
try 'no request is lost' at_rest
try 'none of the other disk' at_rest weir1
is "$(counter failed) $(counter failed weir1)" '0 0' 'none failed'
udevadm settle
unload
done_testing
