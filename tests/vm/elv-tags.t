#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that nobody keeps others from getting a scheduler tag: with 64 of them, as on
# SATA, beside a reader or writer at depth 256, four of them, or an fsync of much dirty
# data, who comes with one request has its tag at once, and is then held up by no more
# than what the device has already; that level RT may use all tags, and that who comes
# after a deep reader of RT gets no more than a part of them; and that a lone deep
# reader, which may not use all, still reaches the device's full rate. By latencies on a
# slow disk in a machine whose time is what it executes. Needs nothing special; a minute
# and a half, more with WEIR_LONG=1 (longer runs).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 4 --icount --memory-root
no_udev

run=$(seconds 3 20)
dirty_mib=96

# disk_of DEPTH [PARAMETER=VALUE]...: so many requests at a time, 4 ms each.
disk_of()
{
	local depth=$1

	shift
	weir_disk submit_queues=1 irqmode=2 completion_nsec=4000000 hw_queue_depth="$depth" "$@"
}

# with SCHEDULER
with()
{
	attach "$1"
	[[ $1 == none ]] || echo 64 >/sys/block/weir0/queue/nr_requests
	if [[ -w /sys/block/weir0/queue/wbt_lat_usec ]]; then
		echo 0 >/sys/block/weir0/queue/wbt_lat_usec
	fi
}

# No invalidation: fio would wait for all dirty data of the disk.
common=(--direct=1 --bs=4k --size=64m --norandommap --invalidate=0 --ioengine=libaio
	--time_based --runtime="$run" --slat_percentiles=1 --lat_percentiles=1
	--output-format=json --output=/tmp/fio.json)

# jobs NAME OPTION...
jobs()
{
	local name=$1

	shift
	try "$name: I/O ends well" fio_of "${common[@]}" "$@"
}

# of JOB FIELD...: fields of what that job of the last fio read or wrote (all of its
# processes: the worst): ios, and the percentiles in us of the time for a tag (slat),
# and until it is done (lat).
of()
{
	jq -r --arg job "$1" '[.jobs[] | select(.jobname == $job) | .read, .write |
		select(.total_ios > 0)] | [(map(.total_ios) | add),
		(map(.slat_ns.percentile["99.000000"]) | max / 1000 | floor),
		(map(.lat_ns.percentile["99.000000"]) | max / 1000 | floor)] | @tsv' /tmp/fio.json
}

# at_once NAME: the job new got its tags so. Then it waits for one request of the
# device's to end, maybe two, before its own.
at_once()
{
	local ios slat lat

	read -r ios slat lat < <(of new)
	holds "$1: it does something ($ios)" "ios > run * 20"
	holds "$1: it has a tag in p99 $slat us" "slat < 2000"
	holds "$1: it is done in p99 $lat us" "lat < 14000"
}

# tags_used: the most scheduler tags taken at a time, in a second and a half.
tags_used()
{
	local i busy most=0

	for ((i = 0; i < 30; i++)); do
		busy=$(sed -n '/^busy=/{s/.*=//p;q}' /sys/kernel/debug/block/weir0/hctx0/sched_tags)
		((busy <= most)) || most=$busy
		sleep 0.05
	done
	echo "$most"
}

# waits LEVEL: the most requests of a level that wait, in half a second.
waits()
{
	local i nr most=0

	for ((i = 0; i < 10; i++)); do
		nr=$(sed -n "s/^$1 \([0-9]*\) .*/\1/p" /sys/kernel/debug/block/weir0/hctx0/sched/staged)
		((nr <= most)) || most=$nr
		sleep 0.05
	done
	echo "$most"
}

# It pauses after each request, and others have its tag by then.
new=(--name=new --iodepth=1 --cpus_allowed=0 --thinktime=10ms)
deep=(--name=deep --iodepth=256 --cpus_allowed=1-3 --offset=128m)

# The deep ones have half a second to take what they can get.
disk_of 4 max_sectors=32
with "$sched"
for way in read write; do
	jobs "deep ${way}s" "${deep[@]}" --rw=rand$way --runtime=$((run + 1)) \
		"${new[@]}" --rw=randread --startdelay=500ms
	at_once "a reader beside deep ${way}s"
done
jobs 'deep reads' "${deep[@]}" --rw=randread --runtime=$((run + 1)) \
	"${new[@]}" --rw=randwrite --startdelay=500ms
at_once 'a writer beside deep reads'
jobs 'four deep readers' "${deep[@]}" --rw=randread --numjobs=4 --runtime=$((run + 1)) \
	"${new[@]}" --rw=randread --startdelay=500ms
at_once 'a reader beside four deep ones'

# Much dirty data, and nothing that writes it but the fsync, whose writes are
# waited for.
echo 0 >/proc/sys/vm/dirty_writeback_centisecs
echo $((8 * dirty_mib << 20)) >/proc/sys/vm/dirty_bytes
echo $((4 * dirty_mib << 20)) >/proc/sys/vm/dirty_background_bytes
exec 8<>/dev/weir0
dd if=/dev/zero of=/dev/fd/8 bs=1M count=$dirty_mib seek=256 conv=notrunc status=none
# Not on the CPU of the reader, which would wait for that.
taskset -c 1-3 sync --data /dev/fd/8 &
syncing=$!
load_waits
jobs 'an fsync' "${new[@]}" --rw=randread --runtime=3
kill -0 $syncing
ok $? 'an fsync: it still went on'
at_once 'a reader beside an fsync'
wait $syncing
exec 8>&-

# Level RT may have all tags, and goes first.
fio_of "${common[@]}" --output=/tmp/rt.json --runtime=3 --name=rt --prioclass=1 --prio=4 --iodepth=256 \
	--rw=randread &
rt_pid=$!
sleep 1
used=$(tags_used)
holds "RT: uses $used of 64 tags" "used == 64"
wait $rt_pid
jobs 'RT beside deep reads' "${deep[@]}" --rw=randread --runtime=$((run + 1)) \
	"${new[@]}" --rw=randread --startdelay=500ms --prioclass=1 --prio=4
at_once 'a reader of level RT beside deep ones'

# Beside an active level above a level gets no more than a quarter of the tags, and the
# sixteenth that anybody gets: a deep reader of level RT finds the others. What a level
# has already it keeps, so here it comes later.
for below in be:2 idle:3; do
	level=${below%:*}
	fio_of "${common[@]}" --output=/tmp/rt.json --runtime=4 --group_reporting --name=rt \
		--prioclass=1 --prio=4 --iodepth=256 --rw=randread --cpus_allowed=0 \
		--name="$level" --prioclass="${below#*:}" --iodepth=256 --rw=randread \
		--cpus_allowed=1-3 --offset=128m --startdelay=500ms &
	rt_pid=$!
	sleep 2
	wait_most=$(waits "$level")
	holds "deep RT beside deep ${level^^}: of that wait $wait_most" \
		"wait_most > 0 && wait_most <= 64 / 4 + 64 / 16"
	wait $rt_pid
	ok $? "deep RT beside deep ${level^^}: I/O ends well"
done
finish

# All that a device takes, and more, by one process: what it may have is enough.
disk_of 32
rates=()
for one in none "$sched"; do
	with "$one"
	jobs "$one: alone" "${deep[@]}" --rw=randread
	rates+=("$(of deep | cut -f 1)")
done
holds "alone: ${rates[1]} reads, without a scheduler ${rates[0]}" "rates[1] * 100 >= rates[0] * 95"
finish
done_testing
