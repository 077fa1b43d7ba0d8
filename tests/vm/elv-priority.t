#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves who goes first where a device cannot keep up: of readers RT before BE
# before IDLE (ioprio), and IDLE still progresses; a reader at depth 1 is not
# starved by a writer at depth 128, a direct writer and background writeback not
# by a flood of reads. By counts of requests on a device so slow that the machine
# keeps it busy, in a machine whose time is what it executes: on a starved host BE
# would now and then have nothing there. Needs nothing special; about a minute, 9
# with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 2 --icount --memory-root
no_udev

run=$(seconds 5 50)

# slow_disk [PARAMETER=VALUE]...: 2 requests a queue at a time, 10 ms each.
slow_disk()
{
	weir_disk hw_queue_depth=2 irqmode=2 completion_nsec=10000000 "$@"
	attach "$sched"
	# Else it would have twice as many as the device, and everybody waited for one,
	# where no scheduler sees them.
	echo 256 >/sys/block/weir0/queue/nr_requests
	if [[ -w /sys/block/weir0/queue/wbt_lat_usec ]]; then
		echo 0 >/sys/block/weir0/queue/wbt_lat_usec
	fi
}

# count JOB read|write: the requests that job of the last fio got done.
count()
{
	jq -r --arg job "$1" --arg way "$2" \
		'[.jobs[] | select(.jobname == $job) | .[$way].total_ios] | add' /tmp/fio.json
}

# jobs NAME OPTION...: for $run seconds.
jobs()
{
	local name=$1

	shift
	try "$name: I/O ends well" fio_of --output-format=json --output=/tmp/fio.json \
		--direct=1 --bs=4k --size=64m --norandommap --ioengine=libaio \
		--time_based --runtime="$run" "$@"
}

knob()
{
	local file=/sys/block/weir0/queue/iosched/$1

	[[ ! -e $file ]] || echo "$2" >"$file"
}

for queues in 1 2; do
	slow_disk submit_queues=$queues
	# BE and IDLE are not starved: what has expired goes before RT. One of each on each
	# CPU: IDLE alone on a hardware queue has all its places, whatever BE gets on
	# another one beside RT.
	jobs "classes, $queues queues" --rw=randread --iodepth=16 \
		--numjobs=2 --cpus_allowed=0,1 --cpus_allowed_policy=split \
		--name=rt --prioclass=1 --prio=4 \
		--name=be --prioclass=2 --prio=4 \
		--name=idle --prioclass=3
	rt=$(count rt read) be=$(count be read) idle=$(count idle read)
	holds "classes, $queues queues: RT ($rt) before BE ($be)" "rt > be"
	holds "classes, $queues queues: BE before IDLE ($idle)" "be > idle"
	holds "classes, $queues queues: IDLE progresses" "idle > 0"
	jobs "BE and IDLE, $queues queues" --rw=randread --iodepth=16 \
		--numjobs=2 --cpus_allowed=0,1 --cpus_allowed_policy=split \
		--name=be --prioclass=2 --prio=4 \
		--name=idle --prioclass=3
	be=$(count be read) idle=$(count idle read)
	holds "BE and IDLE, $queues queues: BE ($be) before IDLE ($idle)" "be > 2 * idle"
	holds "BE and IDLE, $queues queues: IDLE progresses" "idle > 0"

	# First come, first served, there would be 128 writes to a read.
	jobs "deep writer, $queues queues" --name=writer --rw=randwrite --iodepth=128 \
		--name=reader --rw=randread --iodepth=1 --offset=128m
	reads=$(count reader read) writes=$(count writer write)
	holds "deep writer, $queues queues: $reads reads, $writes writes: the reader is not starved" \
		"reads * 24 > writes && reads > 0"
	holds "deep writer, $queues queues: nor is the writer" "writes > reads / 4"

	# Half a second, where the default is longer.
	knob age_msec 500
	jobs "read flood, $queues queues" --name=reader --rw=randread --iodepth=128 \
		--name=writer --rw=randwrite --iodepth=1 --offset=128m
	reads=$(count reader read) writes=$(count writer write)
	# One every half second at least, and one for the machine's own delays.
	holds "read flood, $queues queues: $writes writes, $reads reads: the writer is not starved" \
		"writes >= run * 2 - 2"

	# Writeback that nobody waits for, against the same flood.
	knob background_age_msec 500
	echo 65536 >/proc/sys/vm/dirty_background_bytes
	echo 10 >/proc/sys/vm/dirty_writeback_centisecs
	echo 10 >/proc/sys/vm/dirty_expire_centisecs
	exec 8<>/dev/weir0
	before=$(stat_of writes)
	(sleep 1; exec dd if=/dev/zero of=/dev/fd/8 bs=1M count=64 seek=256 conv=notrunc status=none) &
	writer=$!
	jobs "read flood and writeback, $queues queues" --name=reader --rw=randread --iodepth=128
	writes=$(($(stat_of writes) - before))
	holds "read flood and writeback, $queues queues: $writes writes, $(count reader read) reads" \
		"writes >= run"
	wait $writer
	exec 8>&-
	finish
done
done_testing
