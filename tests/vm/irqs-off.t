#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that interrupts are off for less than 100 us at a time, whatever the model and
# the commands. The function graph tracer takes the time of every timer interrupt, with
# all the timers that it runs, and of what is done under the locks with interrupts off;
# Debian's kernels have no irqsoff tracer. In virtual time, where an instruction is a
# nanosecond, the tracer's own included. Without the allocator's checks: with them it walks
# a list for each bio that is freed, and ending 32 requests takes it 400 us, not 40. Needs
# nothing special; about 2 minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --icount --smp 1 --append 'slub_debug=- kfence.sample_interval=0'
no_udev
tracing=/sys/kernel/tracing

# All that runs with interrupts off, and is long enough to be a function of its own.
off=(hrtimer_interrupt weir_timer weir_media_{step,submit,settle,stats,reset_stats,retune}
	weir_wait_{all,close} take_some_{off,covered})

# watch: what of it takes longer than 20 us comes into the trace.
watch()
{
	local function

	for function in "${off[@]}"; do
		echo "$function" >>$tracing/set_ftrace_filter || ok 1 "$function can be traced"
	done
	echo 20 >$tracing/tracing_thresh
	echo 0 >$tracing/tracing_on
	echo function_graph >$tracing/current_tracer
}

# brief NAME COMMAND...: nothing takes 100 us while the command runs.
brief()
{
	local name=$1 longest status=0

	shift
	echo >$tracing/trace
	echo 1 >$tracing/tracing_on
	"$@" >/tmp/said 2>&1 || status=$?
	echo 0 >$tracing/tracing_on
	is $status 0 "$name" || note "$(tail -n 3 /tmp/said)"
	longest=$(sed -n 's/.* \([0-9]*\)\.[0-9]* us .*\/\* \([a-z_]*\).*/\1 \2/p' $tracing/trace |
		sort -n | tail -n 1)
	holds "$name: interrupts are off for less than 100 us (${longest:-less than 20})" \
		"$((${longest%% *} + 0)) < 100"
}

# drive PROFILE NUMBER=VALUE...: a disk x.
drive()
{
	make_disk x memory_backed=0 submit_queues=1 hw_queue_depth=2048 profile="$1" "${@:2}" ||
		ok 1 "a disk with $*"
	echo none >/sys/block/x/queue/scheduler
	echo 2 >/sys/block/x/queue/nomerges
}

gone()
{
	put x power 0
	rmdir $conf/x
}

# io COUNT OPTION...: so many at a time.
io()
{
	fio_run --filename=/dev/x --direct=1 --ioengine=io_uring --iodepth="$1" \
		--iodepth_batch_submit="$1" --iodepth_batch_complete_min="$1" "${@:2}"
}

load nr_devices=0
watch

# 2^18 units go out of the mapping.
drive nvme-tlc size=16384
fio_run --filename=/dev/x --direct=1 --rw=write --bs=1m --size=64m >/dev/null
brief 'a discard of all of a large disk' blkdiscard /dev/x
gone

# 16384 pages in the cache of one die, which nobody looks at for long enough to be all due.
# shellcheck disable=SC2317 # by brief
idle()
{
	fio_run --filename=/dev/x --direct=1 --rw=write --bs=1m --size=63m &&
		sleep 1 &&
		dd if=/dev/x of=/dev/null bs=4k count=1 iflag=direct status=none
}
drive nvme-tlc size=1024 channels=1 dies=1 page_kib=4 stripe_kib=4 cache_mib=64 program_ns=1000
brief 'a full cache, and a second later' idle
gone

# shellcheck disable=SC2317 # by brief
changed()
{
	echo 'lognormal 30%' >"$conf/x/read_dist" &&
		echo 'pareto 2.5' >"$conf/x/write_dist" &&
		echo 7 >"$conf/x/seed" &&
		cat "$debug/x/stats.json" &&
		echo 1 >"$debug/x/reset"
}
drive nvme-tlc size=1024 channels=64 dies=16 stripe_kib=4 page_kib=4 cache_mib=16
brief '1024 dies are written' io 16 --rw=write --bs=1m --size=20m
brief '1024 dies are flushed' io 1 --rw=write --bs=64k --size=512k --fsync=2
brief '1024 dies change, and tell' changed
brief '1024 dies are read' io 16 --rw=read --bs=1m --size=16m
gone

# Each 4 KiB that are written have others copied, and a write is 256 of them.
for burst in 0 4; do
	drive nvme-tlc size=1024 channels=1 dies=1 page_kib=4 stripe_kib=4 program_kib=16384 \
		cache_mib=64 op_permille=10 mapped_permille=1000 program_ns=1000 gc_burst=$burst
	brief "a used drive with long programs is written, gc_burst=$burst" \
		io 16 --rw=randwrite --bs=1m --io_size=64m --size=1g
	gone
done

# All that a bad drive has, with many dies: of each 4 KiB of a read it is asked whether they
# are in the cache.
drive nvme-tlc size=1024 channels=64 dies=16 page_kib=4 stripe_kib=4 program_kib=64 \
	cache_mib=64 op_permille=10 mapped_permille=1000 map_permille=1 cache_hits=1 slc_mib=64 \
	slc_program_ns=1000 idle_ns=1000 gc_burst=4
brief 'a drive that lacks everything is written' \
	io 16 --rw=randwrite --bs=1m --io_size=64m --size=1g
brief 'and read' io 16 --rw=randread --bs=1m --io_size=64m --size=1g
gone

# A program makes room for 1024 writes that wait for it.
drive nvme-tlc size=64 channels=1 dies=1 page_kib=1024 cache_mib=1 op_permille=0 slots=1024 \
	program_ns=50000000
brief '1024 are due at the same time' io 1024 --rw=write --bs=512 --size=1536k
gone

# An arm that chooses from 1024; what it has put off until it is looked at.
drive hdd size=4096 slots=1024 cache_mib=64 zones=1024
brief 'an arm reads' io 1024 --rw=randread --bs=4k --io_size=4m --size=2g
io 256 --rw=randwrite --bs=4k --io_size=1m --size=4g >/dev/null
sleep 10
brief 'an arm has written' cat "$debug/x/stats.json"
gone

make_disk x size=64 irqmode=2 completion_nsec=20000000 submit_queues=1 hw_queue_depth=4096
echo none >/sys/block/x/queue/scheduler
brief '2000 at a time' io 2000 --rw=randread --bs=4k --io_size=16m --size=40m

echo 2 >/sys/block/x/queue/nomerges

# held RULES: until 2000 requests are held, and then what lets them go.
# shellcheck disable=SC2317 # by brief
held()
{
	local pid tries

	echo 'add,op=READ,hold' >"$conf/x/faults/rules"
	io 2000 --rw=randread --bs=4k --io_size=8000k --size=40m &
	pid=$!
	for ((tries = 0; tries < 200; tries++)); do
		! grep -q 'hold 2000' "$conf/x/faults/waiting" || break
		sleep 0.05
	done
	grep -q 'hold 2000' "$conf/x/faults/waiting" || return
	echo "$1" >"$conf/x/faults/rules"
	wait "$pid"
}
brief '2000 are held, and let go' held $'removeall\nrelease'
brief '2000 are held, and released' held $'release\nremoveall'
gone
echo nop >$tracing/current_tracer
unload
done_testing
