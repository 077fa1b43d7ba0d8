#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that sequential 4 KiB I/O, through the page cache and direct at depth 32,
# reaches a device that cannot keep up as requests at least as large as with
# mq-deadline in the same machine. The size is sectors by requests, of
# /sys/block/DISK/stat. Needs an emulated NVMe and virtio drive; one to two minutes,
# more with WEIR_LONG=1 (more rounds).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2 --icount

# mean DIRECTION OPTION...: the mean size in bytes of what that fio sends there.
mean()
{
	local way=$1 n sectors

	shift
	n=$(stat_of "${way}s") sectors=$(stat_of "${way}_sectors")
	sync
	echo 3 >/proc/sys/vm/drop_caches
	io --bs=4k "$@" >/tmp/fio.log 2>&1 || { cat /tmp/fio.log; return 1; }
	n=$(($(stat_of "${way}s") - n)) sectors=$(($(stat_of "${way}_sectors") - sectors))
	echo $((n ? 512 * sectors / n : 0))
}

# average NUMBER...
average()
{
	local n sum=0

	for n in "$@"; do
		sum=$((sum + n))
	done
	echo $((sum / $#))
}

# compare ROUNDS NAME DIRECTION OPTION...: both schedulers in turns, their averages.
# The machine counts instructions as time: how busy the host is plays no part in
# what has come when the device takes the next.
compare()
{
	local rounds=$1 name=$2 round ours=() theirs=() a b

	shift 2
	for ((round = 0; round < rounds; round++)); do
		attach mq-deadline
		theirs+=("$(mean "$@")")
		attach "$sched"
		ours+=("$(mean "$@")")
	done
	a=$(average "${ours[@]}") b=$(average "${theirs[@]}")
	note "$name: $sched ${ours[*]}; mq-deadline ${theirs[*]} bytes"
	# One part in eight is what averages of mq-deadline itself differ by.
	holds "$name: $a bytes a request, mq-deadline $b" "a >= b - b / 8 && a > 4 * 4096"
}

direct_rounds=$(seconds 3 12)
direct=(--direct=1 --iodepth=32 --size=1m)

direct_writes()
{
	compare "$direct_rounds" "$kind: direct writes, libaio" write --ioengine=libaio --rw=write "${direct[@]}"
}

direct_reads()
{
	compare "$direct_rounds" "$kind: direct reads, io_uring" read --ioengine=io_uring --iodepth_batch=16 \
		--rw=read "${direct[@]}"
}

buffered_writes()
{
	compare "$(seconds 1 4)" "$kind: buffered writes" write --ioengine=psync --rw=write --size=8m --end_fsync=1
}

buffered_reads()
{
	compare "$(seconds 1 4)" "$kind: buffered reads" read --ioengine=psync --rw=read --size=8m
}

modprobe mq-deadline
null_disk submit_queues=1 hw_queue_depth=2 irqmode=2 completion_nsec=1000000
direct_writes
direct_reads
buffered_writes
buffered_reads
finish
weir_disk submit_queues=1 hw_queue_depth=2 irqmode=2 completion_nsec=1000000
direct_writes
direct_reads
finish
weir_disk submit_queues=2 hw_queue_depth=2 irqmode=2 completion_nsec=1000000
direct_reads
buffered_writes
finish
for one in nvme virtio; do
	set_up $one
	buffered_writes
	buffered_reads
	finish
done
done_testing
