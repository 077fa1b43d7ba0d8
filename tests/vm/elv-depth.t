#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the depth of the queue may change under I/O on every kind of
# device, from 4 requests to the maximum; that one tag is enough; that hardware
# queues may come and go; that who does not want to wait (RWF_NOWAIT) does not,
# and loses nothing; and that background writes never take the last scheduler
# tags: a read finds one while they are stuck. Needs an emulated NVMe and virtio
# drive; about a minute, 4 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
program nowait
machine_with_all --smp 2

# nr_requests N
nr_requests()
{
	echo "$1" >"/sys/block/$disk/queue/nr_requests"
}

# sched_tags FIELD: nr_tags or busy, of the first hardware queue.
sched_tags()
{
	sed -n "/^$1=/{s/.*=//p;q}" "/sys/kernel/debug/block/$disk/hctx0/sched_tags"
}

# The elevator's own ceiling: 16 times the block layer's default of 128.
most=2048

for one in "${kinds[@]}"; do
	set_up "$one"
	load_start
	SECONDS=0 n=0
	while ((n < 2 || SECONDS < $(seconds 0 30))); do
		for depth in 4 5 $most 7 64 16 333 4 $most 31 $((RANDOM % 2000 + 4)); do
			nr_requests "$depth" || ok 1 "$kind: takes nr_requests $depth"
			[[ $(queue nr_requests "$disk") == "$depth" ]] || ok 1 "$kind: has nr_requests $depth"
			sleep 0.05
		done
		n=$((n + 1))
	done
	load_end "$kind: nr_requests from 4 to $most, $n times: what is written is read"
	nr_requests 5
	refused 'Invalid argument' "$kind: not more than $most" \
		bash -c "echo $((most + 1)) >/sys/block/$disk/queue/nr_requests"
	is "$(queue nr_requests "$disk")" 5 "$kind: which leaves it as it was"
	finish
done

# One tag in the device; as few as there can be in the scheduler.
one_tag()
{
	local depth

	attach "$sched"
	note "$kind: one tag, nr_requests $(queue nr_requests "$disk")"
	for depth in "$(queue nr_requests "$disk")" 4; do
		nr_requests "$depth"
		load_start
		sleep "$(seconds 1 10)"
		load_end "$kind: one tag, nr_requests $depth: what is written is read"
	done
	finish
}

null_disk submit_queues=1 hw_queue_depth=1
one_tag
weir_disk submit_queues=1 hw_queue_depth=1
one_tag
weir_disk submit_queues=2 hw_queue_depth=1 irqmode=2
one_tag

# Hardware queues come and go: the elevator goes before them and comes back.
null_disk irqmode=2
attach "$sched"
load_start
SECONDS=0 n=0
while ((n < 3 || SECONDS < $(seconds 0 30))); do
	for queues in 1 2; do
		echo $queues >$null_dir/submit_queues || ok 1 "null_blk: takes $queues queues"
		[[ $(hw_queues "$disk") == "$queues" ]] || ok 1 "null_blk: has $queues queues"
		[[ $(attached) == "$sched" ]] || ok 1 "null_blk: $sched is back"
	done
	n=$((n + 1))
done
load_end "null_blk: hardware queues from 1 to 2 and back, $n times: what is written is read"
finish

# Who must not wait: on a device with 4 requests at a time and 4 scheduler tags,
# some are turned away, and those that were not get the right bytes.
weir_disk submit_queues=1 hw_queue_depth=4 irqmode=2 completion_nsec=500000
attach "$sched"
nr_requests 4
try 'RWF_NOWAIT: right or EAGAIN' \
	bash -c "./nowait /dev/$disk 8 $(seconds 2 20) >/tmp/nowait"
note "$(cat /tmp/nowait)"
finish

# Background writes (the flusher's: the disk stays open, as a last close would
# write for somebody who waits) on a device that takes one request at a time, and
# a quarter of a second for each. They never get all tags; the read that comes
# then has its own at once, and passes all but a few of them.
null_disk submit_queues=1 hw_queue_depth=1 irqmode=2 completion_nsec=250000000 memory_backed=0
attach "$sched"
nr_requests 16
# The kernel's own throttling, where the elevator has not put it off.
echo 0 >"/sys/block/$disk/queue/wbt_lat_usec"
echo 65536 >/proc/sys/vm/dirty_background_bytes
echo 10 >/proc/sys/vm/dirty_writeback_centisecs
echo 10 >/proc/sys/vm/dirty_expire_centisecs
exec 8<>"/dev/$disk"
echo 3 >/proc/sys/vm/drop_caches
dd if=/dev/zero of=/dev/fd/8 bs=1M count=6 seek=512 conv=notrunc status=none
SECONDS=0 most=0
while ((SECONDS < 3)); do
	busy=$(sched_tags busy)
	((busy <= most)) || most=$busy
done
tags=$(sched_tags nr_tags)
holds "writeback: gets tags, and not the last ($most of $tags)" "most > 1 && most < tags"
# No new process between the two counts: on a busy host that takes many writes.
# The disk reads as zeroes: up to the first of them.
exec 7<"/dev/$disk"
read -ra stats <"/sys/block/$disk/stat"
mapfile -d '' -n 1 -u 7
read -ra stats_after <"/sys/block/$disk/stat"
exec 7<&-
holds 'writeback: a read came to the disk' "stats_after[0] > stats[0]"
passed=$((stats_after[4] - stats[4]))
holds "writeback: $passed writes went before it" "passed <= 4"
busy=$(sched_tags busy)
holds "writeback: and was still at it ($busy tags)" "busy > 1"
exec 8>&-
finish
done_testing
