#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that floods pass on every kind of device and lose nothing: of fsyncs, of
# discards among reads, of direct I/O at a depth of 1024, of processes by the
# thousand; and that in the flood of others who goes last of all (ionice -c 3)
# has a request done within 10 s.
# Needs an emulated NVMe and virtio drive; about a minute and a half, 5 with
# WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
program crowd
machine_with_all --smp 2

timed=(--time_based --runtime="$(seconds 1 15)")

for one in "${kinds[@]}"; do
	set_up "$one"
	try "$kind: fsyncs" fio_of "${timed[@]}" --ioengine=psync --rw=randwrite --bs=4k --size=4m \
		--name=direct --direct=1 --fdatasync=1 --numjobs=8 --thread --offset_increment=4m \
		--name=buffered --fsync=1 --numjobs=8 --thread --offset=64m --offset_increment=4m
	try "$kind: discards among reads and writes" fio_of "${timed[@]}" --direct=1 --size=8m \
		--name=trims --ioengine=libaio --iodepth=16 --rw=randtrim --bs=64k --numjobs=2 \
		--offset=64m --offset_increment=8m \
		--name=verified --ioengine=libaio --iodepth=16 --rw=randwrite --bs=4k \
		"${verify[@]}" --verify_backlog=64 \
		--name=reads --ioengine=io_uring --iodepth=16 --rw=randread --bs=4k
	try "$kind: the whole disk is discarded, and again" bash -c \
		"for i in 1 2 3; do blkdiscard /dev/$disk || exit; done"
	try "$kind: depth 1024" io_verify --ioengine=libaio --direct=1 --bs=4k --iodepth=1024 \
		--size=16m "${timed[@]}" --verify_backlog=2048
	try "$kind: $(seconds 500 2000) processes" \
		./crowd "/dev/$disk" "$(seconds 500 2000)" "$(seconds 4 20)"
	finish
done

# A device that takes 4 requests at a time and 2 ms for each, and never has
# fewer than 64 to choose from that all go before the one of class IDLE.
weir_disk submit_queues=1 hw_queue_depth=4 irqmode=2 completion_nsec=2000000
attach "$sched"
# All of them wait in the scheduler, and not for one of its tags.
echo 256 >"/sys/block/$disk/queue/nr_requests"
fio_of --direct=1 --bs=4k --size=64m --time_based --runtime="$(seconds 13 60)" \
	--prioclass=2 --prio=4 --ioengine=libaio --iodepth=32 \
	--name=readers --rw=randread --name=writers --rw=randwrite --offset=64m \
	>/tmp/flood.log 2>&1 &
flood=$!
load_waits
# Each read is a process of its own: its 10 s are its own.
SECONDS=0 n=0
while ((n == 0 || SECONDS < $(seconds 8 50))); do
	timeout 10 ionice -c 3 dd if=/dev/weir0 of=/dev/null bs=4k count=1 skip=$((50000 + n)) \
		iflag=direct status=none || break
	n=$((n + 1))
done
holds "IDLE: $n reads, each within 10 s" "n > 0 && SECONDS >= $(seconds 8 50)"
kill -0 $flood
ok $? 'IDLE: the others kept the disk busy'
wait $flood
ok $? 'IDLE: and ended well' || note "$(tail -n 5 /tmp/flood.log)"
finish
done_testing
