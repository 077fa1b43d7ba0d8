#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a request's time begins when it arrives: while its bytes move, and
# those of a whole list that it came in, the time goes on; and that it is given back
# at the later of both, by a timer, by poll, with a media model, and from the worker.
# In virtual time, where an instruction is a nanosecond: a page copied is half a
# microsecond. Without the allocator's checks: with them freeing one bio of 256 KiB takes
# 25 us, and those that end in the next interrupt wait for it. Needs nothing special;
# about 20 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --icount --smp 1 --append 'slub_debug=- kfence.sample_interval=0'
no_udev

# column NAME OP: of debugfs latency. What has a bucket there is up to 1.6 % longer than it says.
column()
{
	awk -v want="$1" -v op="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) col = i; next }
		$1 == op { print $col }' "$debug/weir0/latency"
}

# big OP: a lone request of 4 MiB; copying it takes more than half a millisecond.
big()
{
	local file=(if=/dev/zero of=/dev/weir0 oflag=direct)

	[[ $1 == write ]] || file=(if=/dev/weir0 of=/dev/null iflag=direct)
	echo 0 >/sys/block/weir0/queue/nomerges
	echo 1 >$debug/weir0/reset
	dd "${file[@]}" bs=4M count=1 status=none
}

# many OP: 16 requests of 256 KiB in one list.
many()
{
	echo 2 >/sys/block/weir0/queue/nomerges
	echo 1 >$debug/weir0/reset
	fio_run --ioengine=io_uring --direct=1 --rw="$1" --bs=256k --size=4m --offset=0 --iodepth=16 \
		--iodepth_batch_submit=16 --iodepth_batch_complete_max=16 --io_size=4m "${@:2}" >/dev/null
}

# written: so that no page has to be made.
written()
{
	echo 4096 >/sys/block/weir0/queue/max_sectors_kb
	dd if=/dev/zero of=/dev/weir0 oflag=direct bs=4M count=1 status=none
	echo 1 >$debug/weir0/timing
}

load gb=1 submit_queues=1 irqmode=2 completion_nsec=3000000
written
for op in write read; do
	big $op
	holds "a $op of 4 MiB takes 3 ms ($(column count $op): $(column max_ns $op) ns)" \
		"$(column max_ns $op) >= 2950000 && $(column max_ns $op) < 3100000"
	many $op
	holds "so does each of 16 of 256 KiB ($(column count $op): $(column max_ns $op) ns)" \
		"$(column p50_ns $op) >= 2950000 && $(column max_ns $op) < 3200000"
done
unload

load gb=1 submit_queues=1 irqmode=2 completion_nsec=1000
written
big write
holds "what is due sooner than its bytes have moved waits for them ($(column max_ns write) ns)" \
	"$(column max_ns write) > 400000"
many write
holds "the first of a list does not wait for the last one's ($(column p50_ns write) of $(column max_ns write) ns)" \
	"$(column p50_ns write) < $(column max_ns write) * 3 / 4"
unload

load gb=1 submit_queues=1 poll_queues=1 completion_nsec=3000000
written
many write --hipri
holds "polled: 3 ms as well ($(column count write): $(column max_ns write) ns)" \
	"$(column p50_ns write) >= 2950000 && $(column max_ns write) < 3300000"
unload

# model OP: its latency is what the model says, and not the copy on top.
model()
{
	local ns parts

	big "$1"
	ns=$(column mean_ns "$1")
	parts=$(awk -v op="$1" '$1 == op { print $11 + $12 + $13 + $14 + $15 + $16 }' "$debug/weir0/latency")
	holds "model: a $1 takes what the model says, $parts ns ($ns ns)" \
		"parts > 1000000 && ns >= parts && ns < parts + 150000"
}
load gb=1 submit_queues=1 profile=cloud speed=20
written
model write
model read
unload

# Pages that cannot be had at once send a request to the worker; so does a discard
# of more than 1 MiB.
load gb=1 submit_queues=1 irqmode=2 completion_nsec=3000000
dd if=/dev/zero of=/dev/weir0 oflag=direct bs=4M count=8 status=none
echo 1 >$debug/weir0/timing
blkdiscard -l 32M /dev/weir0
is "$(counter deferred)" 1 'a long discard goes to the worker'
holds "and takes 3 ms ($(column max_ns discard) ns)" \
	"$(column max_ns discard) >= 2950000 && $(column max_ns discard) < 3200000"
unload
done_testing
