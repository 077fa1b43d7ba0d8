#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that file systems live on the disk: made, mounted, filled with a real
# tree, read back from the disk with the same checksums, clean when checked, and
# trimmed until next to nothing is held. Needs what the kernel has of ext4, xfs,
# btrfs and f2fs; about a minute and a half.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2

tree=(sbin lib/python3.11 share/python3)
cd /usr || exit
find "${tree[@]}" -type f -print0 | sort -z | xargs -0 md5sum >/tmp/sums
note "$(wc -l </tmp/sums) files, $(du -cm "${tree[@]}" | tail -n1 | cut -f1) MB"

# filesystem TYPE PARAMETER...: the checks of one.
filesystem()
{
	local type=$1 made held
	shift

	if ! modprobe -q "$type" && ! grep -qw "$type" /proc/filesystems; then
		skip "this kernel has no $type" "$type"
		return
	fi
	load gb=2 "$@"
	udevadm settle
	try "$type: is made" "mkfs.$type" -q /dev/weir0
	try "$type: is mounted" mount -t "$type" /dev/weir0 /mnt
	made=$(store pages)
	try "$type: files are copied" env -C /usr cp -a --parents "${tree[@]}" /mnt
	sync
	echo 3 >/proc/sys/vm/drop_caches
	try "$type: they are the same" env -C /mnt md5sum --quiet -c /tmp/sums
	rm -r /mnt/sbin
	cp -a /usr/sbin /mnt # over what was freed
	cd /mnt || exit
	try "$type: a file is punched and grown" bash -c \
		'head -c 1M /dev/urandom >f && fallocate -p -o 64k -l 128k f && fallocate -l 2M f && sync'
	sum=$(md5sum <f)
	cd / && umount /mnt
	mount -t "$type" /dev/weir0 /mnt
	cd /mnt || exit
	is "$(md5sum <f)" "$sum" "$type: and is the same after a new mount"
	try "$type: so is the tree" md5sum --quiet -c /tmp/sums
	held=$(store pages)
	rm -r ./*
	sync
	try "$type: is trimmed" fstrim /mnt
	holds "$type: and gives back pages ($made, $held, then $(store pages))" \
		"$(store pages) - $made < ($held - $made) / 3"
	cd / || exit
	try "$type: is unmounted" umount /mnt
	case $type in
	ext4) try "$type: is clean" fsck.ext4 -fn /dev/weir0 ;;
	xfs) try "$type: is clean" xfs_repair -n /dev/weir0 ;;
	btrfs) try "$type: is clean" btrfs check /dev/weir0 ;;
	f2fs) try "$type: is clean" fsck.f2fs /dev/weir0 ;;
	esac
	is "$(counter failed)" 0 "$type: no request failed"
	try "$type: no request is lost" at_rest
	udevadm settle
	unload
}

filesystem ext4 irqmode=2
filesystem xfs bs=4096
filesystem btrfs irqmode=0
filesystem f2fs
done_testing
