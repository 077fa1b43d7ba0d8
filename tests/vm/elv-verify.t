#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that with the elevator attached what is written is what is read, on
# every kind of device: by fio's checksums through psync, libaio, io_uring,
# io_uring with fixed buffers on poll queues and the page cache, and by those of
# files on ext4, xfs and btrfs. Needs an emulated NVMe and virtio drive; about a
# minute. With WEIR_LONG=1 each kind has all file systems (otherwise one), and
# fio goes on for about 6 minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2

if [[ -n ${WEIR_LONG:-} ]]; then
	shape=(--time_based --runtime=15 --verify_backlog=256)
	tree=(sbin lib/python3.11 share/python3)
else
	shape=()
	tree=(sbin)
fi
shape+=(--bsrange=512-256k --size=2m --numjobs=2 --offset_increment=32m)
cd /usr || exit
find "${tree[@]}" -type f -print0 | sort -z | xargs -0 md5sum >/tmp/sums
note "$(wc -l </tmp/sums) files, $(du -cm "${tree[@]}" | tail -n1 | cut -f1) MB"
cd /

# polled: the requests that came to poll queues.
polled()
{
	awk '$2 == "poll" { n += $3 } END { print n + 0 }' "$debug/weir0/queues"
}

engines()
{
	try "$kind: psync" io_verify "${shape[@]}" --ioengine=psync --direct=1
	try "$kind: libaio" io_verify "${shape[@]}" --ioengine=libaio --direct=1 --iodepth=32
	try "$kind: io_uring" io_verify "${shape[@]}" --ioengine=io_uring --direct=1 --iodepth=32 \
		--iodepth_batch_submit=8 --iodepth_batch_complete_min=4
	if [[ $kind == weir-1 ]]; then
		skip 'it has no poll queue' "$kind: io_uring, fixed buffers, polled"
	else
		try "$kind: io_uring, fixed buffers, polled" io_verify "${shape[@]}" \
			--ioengine=io_uring --direct=1 --iodepth=32 --fixedbufs --hipri
	fi
	[[ $kind != weir-many ]] || holds "$kind: requests came to the poll queues" "$(polled) > 0"
	try "$kind: buffered, written" io_verify "${shape[@]}" --ioengine=psync \
		--do_verify=0 --end_fsync=1
	echo 3 >/proc/sys/vm/drop_caches
	try "$kind: buffered, read again" io_verify "${shape[@]}" --ioengine=psync --verify_only
}

# files FILESYSTEM: copied, dropped from the cache, the same; so after a new mount.
files()
{
	local on="$kind: $1"

	modprobe -q "$1" || grep -qw "$1" /proc/filesystems || give_up "$on is in the kernel"
	wipefs -qa "/dev/$disk"
	try "$on: is made" "mkfs.$1" -q "/dev/$disk"
	try "$on: is mounted" mount -t "$1" "/dev/$disk" /mnt
	try "$on: files are copied" env -C /usr cp -a --parents "${tree[@]}" /mnt
	sync
	echo 3 >/proc/sys/vm/drop_caches
	try "$on: they are the same" env -C /mnt md5sum --quiet -c /tmp/sums
	umount /mnt
	mount -t "$1" "/dev/$disk" /mnt
	try "$on: and after a new mount" env -C /mnt md5sum --quiet -c /tmp/sums
	try "$on: is unmounted" umount /mnt
}

for one in "${kinds[@]}"; do
	set_up "$one"
	engines
	is "$(attached)" "$sched" "$kind: $sched was there all the time"
	# The short version: each kind one, and each file system at least once.
	case ${WEIR_LONG:+long}$kind in
	long*) set -- ext4 xfs btrfs ;;
	null_blk | nvme) set -- ext4 ;;
	weir-1) set -- xfs ;;
	*) set -- btrfs ;;
	esac
	for filesystem in "$@"; do
		files "$filesystem"
	done
	finish
done
done_testing
