#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that CPUs may come and go under I/O on every way to complete: nothing
# hangs, every byte is right, no request is lost. Needs 4 CPUs; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 4 --append sysctl.kernel.hung_task_timeout_secs=60
no_udev

cpu()
{
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# under NAME OPTION OF fio... -- PARAMETER...
under()
{
	local name=$1 options=() pid cpus=0 turn=0 i

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	load gb=1 "$@"
	fio_verify --direct=1 --bsrange=512-64k --size=4m --numjobs=4 --offset_increment=16m \
		--iodepth=16 --time_based --runtime=6 --verify_backlog=64 "${options[@]}" \
		>/tmp/fio.log 2>&1 &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		for i in 1 2 3; do
			cpu $i 0 && cpus=$((cpus + 1))
			# All but CPU 0 gone every second turn, one at a time else.
			((turn % 2)) && cpu $i 1
		done
		sleep 0.1
		for i in 1 2 3; do
			[[ $(cat /sys/devices/system/cpu/cpu$i/online) == 1 ]] || cpu $i 1
		done
		turn=$((turn + 1))
	done
	wait $pid
	ok $? "$name: what is written is read" || note "$(tail -n 20 /tmp/fio.log)"
	holds "$name: CPUs went $cpus times" "$cpus > 5"
	try "$name: no request is lost" at_rest
	is "$(counter failed)" 0 "$name: none failed"
	unload
}

under softirq --ioengine=libaio -- irqmode=1
under timer --ioengine=libaio -- irqmode=2 completion_nsec=500000
under poll --ioengine=io_uring --hipri -- poll_queues=4
under 'poll after 200 us' --ioengine=io_uring --hipri -- poll_queues=2 completion_nsec=200000

# Loaded while a CPU is away, which then comes.
cpu 3 0
load gb=1 irqmode=2
cpu 3 1
try 'a CPU that comes later has a queue' taskset -c 3 \
	dd if=/dev/zero of=/dev/weir0 bs=4k count=16 oflag=direct
try 'and loses no request' at_rest
unload
done_testing
