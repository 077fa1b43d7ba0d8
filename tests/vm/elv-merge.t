#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that sequential 4 KiB I/O, through the page cache and direct at depth 32,
# reaches a device that cannot keep up as requests at least as large as with
# mq-deadline in the same machine. The size is sectors by requests, of
# /sys/block/DISK/stat. Needs an emulated NVMe and virtio drive; about a minute,
# 4 with WEIR_LONG=1 (more rounds).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2

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

# best NUMBER...
best()
{
	printf '%s\n' "$@" | sort -n | tail -n 1
}

# compare NAME DIRECTION OPTION...: both schedulers in turns, and the best of
# each: a busy host makes requests smaller, as then less has come when the device
# takes the next, and never larger.
compare()
{
	local name=$1 round ours=() theirs=() a b

	shift
	for ((round = 0; round < $(seconds 2 8); round++)); do
		attach mq-deadline
		theirs+=("$(mean "$@")")
		attach "$sched"
		ours+=("$(mean "$@")")
	done
	a=$(best "${ours[@]}") b=$(best "${theirs[@]}")
	note "$name: $sched ${ours[*]}; mq-deadline ${theirs[*]} bytes"
	# One part in twenty is what two runs of mq-deadline differ by.
	holds "$name: $a bytes a request, mq-deadline $b" "a >= b - b / 20 && a >= 4096"
}

direct=(--direct=1 --iodepth=32 --size=2m)

direct_writes()
{
	compare "$kind: direct writes, libaio" write --ioengine=libaio --rw=write "${direct[@]}"
}

direct_reads()
{
	compare "$kind: direct reads, io_uring" read --ioengine=io_uring --iodepth_batch=16 \
		--rw=read "${direct[@]}"
}

buffered_writes()
{
	compare "$kind: buffered writes" write --ioengine=psync --rw=write --size=8m --end_fsync=1
}

buffered_reads()
{
	compare "$kind: buffered reads" read --ioengine=psync --rw=read --size=8m
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
