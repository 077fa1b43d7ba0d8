#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the elevator's tick never looks at the tags of a queue that have been
# replaced: eight disks under load whose nr_requests grows by one at a time (which frees
# the old tags), while a process with a real-time policy interrupts whoever runs, the
# tick too, in the middle of what it does. What shows it is the kernel: KASAN at once
# (WEIR_KERNEL="$(scripts/debug-kernel)"), the allocator's red zones and poison, which
# all test machines have, if the tick writes there. Needs nothing special; some 40 s,
# 4 minutes with WEIR_LONG=1 (up to nr_requests 2048).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 2
no_udev

readonly disks=8
most=$(seconds 240 2048)

weir_disk nr_devices=$disks submit_queues=2 irqmode=2 completion_nsec=100000
files=''
for ((n = 0; n < disks; n++)); do
	disk=weir$n
	attach "$sched"
	echo 64 >/sys/block/$disk/queue/nr_requests
	files+=${files:+:}/dev/$disk
done
disk=weir0

# Every few milliseconds something takes both CPUs away for a moment.
hogs=()
for cpu in 0 1; do
	taskset -c $cpu chrt -f 50 bash -c 'while :; do
		for ((i = 0; i < 200; i++)); do :; done
		read -rt 0.003 <> <(:)
	done' &
	hogs+=($!)
done
fio_of --filename="$files" --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=128 \
	--numjobs=2 --size=16m --norandommap --time_based --runtime=3000 --name=load >/tmp/load.log 2>&1 &
load_pid=$!
load_waits
grown=0
for ((depth = 65; depth <= most; depth++)); do
	for ((n = 0; n < disks; n++)); do
		echo $depth >/sys/block/weir$n/queue/nr_requests || grown=1
	done
done
kill "${hogs[@]}"
wait "${hogs[@]}"
ok $grown "nr_requests of $disks disks grows from 64 to $most, one by one"
load_end 'I/O goes on meanwhile'
for ((n = 0; n < disks; n++)); do
	is "$(queue nr_requests weir$n)" "$most" "weir$n: nr_requests"
done
all_back
unload
done_testing
