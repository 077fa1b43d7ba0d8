#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that completion_nsec is kept, on interrupt and poll queues, and that
# nothing completes on a poll queue until somebody polls. In virtual time, where
# an instruction is a nanosecond and the host's load has no effect. Needs
# nothing special; about 40 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --icount
no_udev

# latency NAME LEAST MOST FIO OPTION...: of lone 4 KiB reads, in ns.
latency()
{
	local name=$1 least=$2 most=$3 min mean
	shift 3

	fio_run --direct=1 --rw=randread --bs=4k --size=16m --number_ios=300 \
		--output-format=json "$@" >/tmp/fio.json 2>/tmp/fio.log ||
		note "$(tail -n 5 /tmp/fio.json /tmp/fio.log)"
	read -r min mean < <(jq -r '.jobs[0].read.lat_ns | "\(.min) \(.mean | floor)"' /tmp/fio.json)
	holds "$name: none is sooner (least $min ns, not $least)" "${min:-0} >= least"
	holds "$name: none is much later (mean $mean ns, at most $most)" "${mean:-0} < most && ${mean:-0} > 0"
}

for nsec in 20000 100000 1000000; do
	load gb=1 submit_queues=1 poll_queues=1 irqmode=2 completion_nsec=$nsec
	latency "timer, $nsec ns" $nsec $((nsec + 60000)) --ioengine=psync
	latency "poll, $nsec ns" $nsec $((nsec + 60000)) --ioengine=io_uring --hipri
	unload
done
load gb=1 submit_queues=1 poll_queues=1 irqmode=2
latency 'timer, default' 10000 70000 --ioengine=psync
latency 'poll, default' 10000 70000 --ioengine=io_uring --hipri
unload
load gb=1 submit_queues=1 poll_queues=1
latency 'softirq' 0 60000 --ioengine=psync
latency 'poll, no delay' 0 60000 --ioengine=io_uring --hipri

# A polled read that waits long after it is due.
before=$(counter completed)
polls=$(counter polls)
./ops --park 2000 /dev/weir0 &
sleep 1
is "$(counter waiting) $(($(counter completed) - before)) $(($(counter polls) - polls))" '1 0 0' \
	'on a poll queue a request waits until it is polled for'
wait $!
ok $? 'and then completes'
is "$(counter waiting) $(($(counter completed) - before))" '0 1' 'once'
holds 'because of a poll' "$(counter polls) > polls"
is "$(awk '$2 == "poll" { print $(NF - 2) }' $debug/weir0/queues)" 0 'without any interrupt'
unload

# The disk's own histogram: what fio sees, less the way to the disk and back.
load gb=1 submit_queues=1 irqmode=2 completion_nsec=1000000
echo 1 >$debug/weir0/timing
latency 'timed' 1000000 1060000 --ioengine=psync
p50=$(awk '$1 == "read" { print $6 }' $debug/weir0/latency)
holds "the histogram's median is within 3 % ($p50 ns)" \
	"${p50:-0} * 100 >= 97 * 1000000 && ${p50:-0} * 100 <= 103 * 1000000"
unload

# 16 at once take as long as one: the disk has no limit of its own.
load gb=1 submit_queues=1 irqmode=2 completion_nsec=1000000
latency '16 at once' 1000000 1500000 --ioengine=libaio --iodepth=16
unload
done_testing
