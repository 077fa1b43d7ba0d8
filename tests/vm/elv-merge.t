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

# median NUMBER...
median()
{
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# compare NAME DIRECTION OPTION...: both schedulers in turns; their medians.
compare()
{
	local name=$1 round ours=() theirs=() a b

	shift
	for ((round = 0; round < $(seconds 3 9); round++)); do
		attach mq-deadline
		theirs+=("$(mean "$@")")
		attach "$sched"
		ours+=("$(mean "$@")")
	done
	a=$(median "${ours[@]}") b=$(median "${theirs[@]}")
	note "$name: $sched ${ours[*]}; mq-deadline ${theirs[*]} bytes"
	# One part in twenty is what two runs of mq-deadline differ by.
	holds "$name: $a bytes a request, mq-deadline $b" "a >= b - b / 20 && a > 4096"
}

directs()
{
	compare "$kind: direct writes, libaio" write --ioengine=libaio --direct=1 --iodepth=32 \
		--rw=write --size="$1"
	compare "$kind: direct reads, libaio" read --ioengine=libaio --direct=1 --iodepth=32 \
		--rw=read --size="$1"
	compare "$kind: direct reads, io_uring" read --ioengine=io_uring --direct=1 --iodepth=32 \
		--iodepth_batch=16 --rw=read --size="$1"
}

buffered()
{
	compare "$kind: buffered writes" write --ioengine=psync --rw=write --size="$1" --end_fsync=1
	compare "$kind: buffered reads" read --ioengine=psync --rw=read --size="$1"
}

modprobe mq-deadline
null_disk submit_queues=1 hw_queue_depth=2 irqmode=2 completion_nsec=1000000
directs 4m
buffered 16m
finish
weir_disk submit_queues=1 hw_queue_depth=1 irqmode=2 completion_nsec=2000000
directs 4m
buffered 16m
finish
weir_disk submit_queues=2 hw_queue_depth=2 irqmode=2 completion_nsec=1000000
directs 4m
buffered 16m
finish
for one in nvme virtio; do
	set_up $one
	buffered 16m
	finish
done
done_testing
