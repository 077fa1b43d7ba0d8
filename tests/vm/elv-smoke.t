#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the elevator works at all, on the kernel WEIR_KERNEL: naming it
# loads it, on null_blk, /dev/weir0, an NVMe and a virtio-blk drive; what is
# written through it is read back; the kernel's own writeback throttling is off
# meanwhile and back afterwards; it goes. Needs nothing special; about 30 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2 --drive nvme:256M --drive virtio:256M,num-queues=2

# throttled DISK: "1 LATENCY" by default; 3 instead of 1 when that default is not
# in force, for which older kernels show the latency all the same.
throttled()
{
	if [[ ! -e /sys/block/$1/queue/wbt_lat_usec ]]; then
		echo 'not by this kernel'
		return
	fi
	echo "$(<"/sys/kernel/debug/block/$1/rqos/wbt/enabled") $(queue wbt_lat_usec "$1")"
}

# scheduler DISK NAME
# shellcheck disable=SC2317 # by try
scheduler()
{
	echo "$2" >"/sys/block/$1/queue/scheduler" && [[ $(queue scheduler "$1") == *"[$2]"* ]]
}

# idle DISK: nothing is on its way.
# shellcheck disable=SC2317 # by try
idle()
{
	local inflight

	read -r -a inflight <"/sys/block/$1/inflight"
	[[ ${inflight[*]} == '0 0' ]]
}

# by_wbt GOT REGEX NAME
by_wbt()
{
	if [[ -e /sys/block/weir0/queue/wbt_lat_usec ]]; then
		like "$@"
	else
		skip 'this kernel has no writeback throttling' "$3"
	fi
}

note "kernel $(uname -r)"
disks=(weir0 "${DRIVE1##*/}" "${DRIVE2##*/}")
# A kernel without configfs has none.
if modinfo null_blk >/dev/null 2>&1; then
	modprobe null_blk nr_devices=1 queue_mode=2 memory_backed=1 gb=1 submit_queues=2
	disks=(nullb0 "${disks[@]}")
fi
load gb=1
no_udev
[[ ! -e /sys/module/weir_iosched ]]
ok $? 'the elevator is not loaded yet'

for disk in "${disks[@]}"; do
	before=$(throttled "$disk")
	by_wbt "$before" '^1 [1-9]' "$disk: writeback is throttled by the kernel before"
	try "$disk: takes weir" scheduler "$disk" weir
	[[ -e /sys/module/weir_iosched && -d /sys/block/$disk/queue/iosched ]]
	ok $? "$disk: the module is there, and its knobs"
	by_wbt "$(throttled "$disk")" '^3 ' "$disk: writeback is not throttled by the kernel"
	try "$disk: io_uring, direct" fio_verify --filename="/dev/$disk" \
		--ioengine=io_uring --direct=1 --bsrange=4k-64k --size=16m --iodepth=32
	try "$disk: two jobs of libaio" fio_verify --filename="/dev/$disk" --ioengine=libaio \
		--direct=1 --bs=4k --size=4m --iodepth=16 --numjobs=2 --offset_increment=16m
	try "$disk: buffered" fio_verify --filename="/dev/$disk" \
		--ioengine=psync --bs=4k --size=16m --end_fsync=1
	try "$disk: no request is left" idle "$disk"
	for depth in 4 200 16; do
		try "$disk: nr_requests $depth" \
			bash -c "echo $depth >/sys/block/$disk/queue/nr_requests"
		try "$disk: I/O with nr_requests $depth" fio_verify --filename="/dev/$disk" \
			--ioengine=libaio --direct=1 --bs=4k --size=1m --iodepth=64
	done
	refused 'in use' "$disk: the elevator in use cannot be unloaded" rmmod weir_iosched
	try "$disk: takes mq-deadline" scheduler "$disk" mq-deadline
	is "$(throttled "$disk")" "$before" "$disk: writeback is throttled as before"
	try "$disk: takes weir again" scheduler "$disk" weir
	try "$disk: takes none" scheduler "$disk" none
	is "$(throttled "$disk")" "$before" "$disk: and as before"
done
nothing_lost

try 'the elevator unloads' rmmod weir_iosched
unload
[[ ! -e /sys/module/null_blk ]] || try 'null_blk unloads' rmmod null_blk
[[ ! -e /sys/module/weir_iosched ]]
ok $? 'nothing is left'
done_testing
