#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that I/O works and the number of hardware queues is right for few and
# many queues, poll queues, shared tags, a shared bitmap, a queue per NUMA node
# and a depth of 1. Needs 4 CPUs and two emulated NUMA nodes; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 4 --append numa=fake=2
no_udev
nodes=$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)
# A kernel without NUMA is one node.
((nodes)) || nodes=1

short=(--direct=1 --bsrange=512-64k --size=2m --numjobs=4 --offset_increment=16m --iodepth=16)

# queues INTERRUPT POLL PARAMETER...: that many of each, and both work.
queues()
{
	local interrupt=$1 poll=$2 disk
	shift 2

	load gb=1 "$@"
	for disk in /sys/block/weir*; do
		disk=${disk##*/}
		is "$(hw_queues "$disk")" $((interrupt + poll)) \
			"${*:-no parameter}: $((interrupt + poll)) queues on $disk"
		is "$(grep -c ' poll ' "$debug/$disk/queues")" "$poll" "${*:-no parameter}: $poll poll"
		try "${*:-no parameter}: interrupt I/O on $disk" \
			fio_verify --ioengine=libaio "${short[@]}" --filename="/dev/$disk"
		if ((poll)); then
			try "${*:-no parameter}: polled I/O on $disk" \
				fio_verify --ioengine=io_uring --hipri "${short[@]}" --filename="/dev/$disk"
			awk '$2 == "poll" { n += $3 } END { exit !n }' "$debug/$disk/queues"
			ok $? "${*:-no parameter}: requests came to the poll queues of $disk"
		fi
		try "${*:-no parameter}: no request is lost on $disk" at_rest "$disk"
	done
	unload
}

queues 4 0
queues 1 0 submit_queues=1
queues 3 0 submit_queues=3
queues 4 0 submit_queues=4
queues 4 0 submit_queues=9
queues 1 1 submit_queues=1 poll_queues=1
queues 2 4 submit_queues=2 poll_queues=8 irqmode=2
queues 4 3 poll_queues=3 irqmode=0
queues "$nodes" 0 use_per_node_hctx=1
queues "$nodes" 1 use_per_node_hctx=1 submit_queues=4 poll_queues=1
queues 2 0 nr_devices=3 shared_tags=1 submit_queues=2 hw_queue_depth=8
queues 4 0 shared_tag_bitmap=1 irqmode=2
queues 4 2 shared_tag_bitmap=1 poll_queues=2 hw_queue_depth=4
queues 4 1 hw_queue_depth=1 poll_queues=1 irqmode=2
queues 1 0 hw_queue_depth=1 submit_queues=1 blocking=1

load nr_devices=2 gb=1 hw_queue_depth=16
is "$(queue nr_requests) $(queue nr_requests weir1)" '16 16' 'nr_requests is hw_queue_depth'
unload

# Three disks at once, whose tags are few and shared.
load nr_devices=3 gb=1 shared_tags=1 submit_queues=1 hw_queue_depth=4 irqmode=2
for disk in weir0 weir1 weir2; do
	fio_verify --ioengine=libaio "${short[@]}" --filename=/dev/$disk >/tmp/$disk.log 2>&1 &
	pids[${disk#weir}]=$!
done
for disk in weir0 weir1 weir2; do
	wait "${pids[${disk#weir}]}"
	ok $? "shared tags, all disks at once: $disk" || note "$(tail -n 5 /tmp/$disk.log)"
	try "no request is lost on $disk" at_rest $disk
done
unload
done_testing
