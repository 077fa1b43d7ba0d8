#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the elevator's knobs take what is in their range and nothing else,
# that its debugfs files add up with the I/O there was, and that its tracepoints
# tell of each decision, with the fields that scripts rely on. Needs tracefs;
# about 30 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 1
no_udev

readonly tracing=/sys/kernel/tracing
weir_disk submit_queues=2 hw_queue_depth=8 irqmode=2 completion_nsec=1000000
attach weir
sched_dir=/sys/kernel/debug/block/$disk/sched

# set_knob NAME VALUE
# shellcheck disable=SC2317 # by refused and try
set_knob()
{
	printf '%s\n' "$2" >"/sys/block/$disk/queue/iosched/$1"
}

# knob NAME MIN MAX
knob()
{
	local file=/sys/block/$disk/queue/iosched/$1 bad before kept=0

	before=$(<"$file")
	dmesg -C
	for bad in '' x -1 1.5 0x10 "1 2" 99999999999999999999 $(($3 + 1)) \
		$(($2 ? $2 - 1 : $3 + 2)); do
		refused 'Invalid argument' "$1: '$bad' is refused" set_knob "$1" "$bad"
		[[ $(<"$file") == "$before" ]] || kept=1
	done
	ok $kept "$1: nothing is changed by that"
	like "$(dmesg | tail -n 1)" "$1 is '.*': want a whole number from $2 to $3" \
		"$1: the kernel says what it wants"
	for good in "$2" "$3" "$before"; do
		try "$1: $good is taken" set_knob "$1" "$good"
		is "$(<"$file")" "$good" "$1: and shown"
	done
}

knob read_lat_nsec 0 10000000000
knob write_lat_nsec 0 10000000000
knob age_msec 1 600000
knob background_age_msec 1 600000
knob idle_age_msec 1 10000

# --- what I/O leaves in debugfs and the trace ---

# events NAME: how many the trace has.
events()
{
	grep -c ": weir_$1: " $tracing/trace
}

# dispatched: requests, by all hardware queues.
dispatched()
{
	cat "/sys/kernel/debug/block/$disk"/hctx*/sched/dispatch | awk '/^dispatched / { n += $2 } END { print n }'
}

echo 16384 >$tracing/buffer_size_kb
echo 1 >$tracing/events/weir/enable
before=$(dispatched)
try 'reads and direct writes' fio_of --direct=1 --ioengine=libaio --rw=randrw --bs=4k \
	--iodepth=64 --size=16m --time_based --runtime=3 --name=mixed
# Nobody waits for these: the file stays open, or closing it would.
echo 65536 >/proc/sys/vm/dirty_background_bytes
echo 10 >/proc/sys/vm/dirty_writeback_centisecs
echo 10 >/proc/sys/vm/dirty_expire_centisecs
exec 8<>/dev/weir0
try 'background writes' dd if=/dev/zero of=/dev/fd/8 bs=1M count=16 conv=notrunc status=none
sleep 1
sync /dev/weir0
exec 8>&-
settled >/dev/null
after=$(dispatched)
echo 0 >$tracing/events/weir/enable
is "$(events dispatch)" $((after - before)) 'weir_dispatch: one for each request'
for pattern in \
	'dispatch: [0-9]+,[0-9]+ class=[0-3] level=[0-4] flow=[0-9]+ sector=[0-9]+ bytes=[1-9][0-9]* cost_ns=[1-9][0-9]* charged=[01] waited_ns=[0-9]+' \
	'window: [0-9]+,[0-9]+ window_ns=[1-9][0-9]* served_ns=[1-9][0-9]* interval_ns=[1-9][0-9]* latency_ns=[0-9]+ unloaded_ns=[0-9]+ backlog=[01] phase=[0-2]' \
	'latency: [0-9]+,[0-9]+ class=0 done=[1-9][0-9]* mean_ns=[1-9][0-9]* expected_ns=[1-9][0-9]*' \
	'throttle: [0-9]+,[0-9]+ step=-?[0-9]+ depth=[1-9][0-9]* max_depth=[1-9][0-9]* period_ns=[1-9][0-9]* read_ns=[0-9]+ read_target_ns=[0-9]+ sync_ns=[0-9]+ sync_target_ns=[0-9]+'; do
	grep -qE ": weir_$pattern\$" $tracing/trace
	ok $? "weir_${pattern%%:*}: its fields" || note "$(grep -m 2 "weir_${pattern%%:*}" $tracing/trace)"
done

is "$(awk '{ n += $3 } END { print n }' "$sched_dir/latency")" "$after" \
	'latency: as many done as were dispatched'
ordered=$(awk '/^(read|sync|write) / {
		for (i = 6; i <= NF; i++)
			if ($i == "p50") {
				rows++
				if ($(i + 1) > $(i + 3) || $(i + 3) > $(i + 5) || $(i + 5) > $(i + 9)) bad++
			}
	} END { print rows, bad + 0 }' "$sched_dir/latency")
is "$ordered" '6 0' 'latency: percentiles of three classes, in order' || note "$(<"$sched_dir/latency")"
like "$(<"$sched_dir/cost")" $'^read base_ns [1-9].* 4:[1-9].*\nwrite base_ns [0-9].* 4:[1-9]' \
	'cost: learned for reads and writes of 4 KiB'
like "$(<"$sched_dir/window")" $'^window_ns [1-9][0-9]*\nnarrow_ns [1-9][0-9]*\ninflight_ns 0\n' \
	'window: a size, and nothing in flight'
depths=$(awk '$1 == "depth" { d = $2 } $1 == "max_depth" { m = $2 }
	$1 == "background_inflight" { b = $2 } END { print (d > 0 && d <= m), b }' "$sched_dir/throttle")
is "$depths" '1 0' 'throttle: a depth within its maximum, nothing in flight' ||
	note "$(<"$sched_dir/throttle")"
like "$(<"$sched_dir/flows")" 'tgid [1-9][0-9]* weight [1-8] inverse_256 [1-9][0-9]* inflight 0 used_ns [1-9]' \
	'flows: who was here, and what they used'
finish
done_testing
