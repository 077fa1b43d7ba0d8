#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a disk that says it has an arm gets its requests in batches sorted by
# sector, and one without does not: of random reads that wait in the elevator, the
# share of dispatches (weir:weir_dispatch) that go on to a higher sector. With one
# hardware queue and with two. Needs tracefs; about 30 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 2
no_udev

readonly tracing=/sys/kernel/tracing

# forward: of 1,000 dispatches, how many went to a higher sector than the last one
# of the same CPU: the job stays on its own, and so on one hardware queue.
forward()
{
	awk '/: weir_dispatch: / && / class=0 / {
		match($0, /sector=[0-9]+/)
		sector = substr($0, RSTART + 7, RLENGTH - 7) + 0
		if (n++ && sector > last) up++
		last = sector
	} END { print (n > 200 ? int(1000 * up / n) : "only " n " dispatches") }' $tracing/trace
}

for queues in 1 2; do
	for rotational in 1 0; do
		weir_disk submit_queues=$queues hw_queue_depth=1 irqmode=2 completion_nsec=2000000 \
			rotational=$rotational
		attach weir
		echo 128 >/sys/block/weir0/queue/nr_requests
		echo >$tracing/trace
		echo 1 >$tracing/events/weir/weir_dispatch/enable
		try "$queues queues, rotational $rotational: reads" fio_of --direct=1 --ioengine=libaio \
			--rw=randread --norandommap --bs=4k --iodepth=64 --size=512m --time_based \
			--runtime=3 --cpus_allowed=0 --name=reads
		echo 0 >$tracing/events/weir/weir_dispatch/enable
		share=$(forward)
		if ((rotational)); then
			holds "$queues queues, rotational: $share of 1000 go forward" "share >= 750"
		else
			holds "$queues queues, not rotational: $share of 1000 go forward" "share > 100 && share <= 600"
		fi
		finish
	done
done
done_testing
