#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a CPU which a process with a real-time policy (SCHED_FIFO) has for itself
# holds up no other: its hardware queue has requests that wait and cannot run, and the
# readers on other hardware queues of the disk read as much as with the same hog and
# nothing waiting there. On a disk so slow that a busy host keeps it busy. Needs 4 CPUs;
# a minute, 4 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 4
no_udev

turns=$(seconds 3 20)

# One die for all of four hardware queues: 16 KiB in 5 ms.
load nr_devices=0
make_disk weir0 size=1024 submit_queues=4 hw_queue_depth=64 profile=nvme-tlc \
	channels=1 dies=1 op_permille=0 read_ns=5000000 || give_up 'there is a disk'
disk=weir0 kind=weir
attach "$sched"
echo 256 >/sys/block/weir0/queue/nr_requests
# So that the device is given hardly more than one request at a time.
target=/sys/block/weir0/queue/iosched/read_lat_nsec
[[ ! -e $target ]] || echo 5000000 >$target
# All of the CPU, not 95 % of it.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us

reads=(--direct=1 --size=64m --norandommap --ioengine=libaio --rw=randread --time_based
	--runtime=3000)

# With a hog on CPU 3, in two seconds: KiB that the disk reads.
hogged=0
with_hog()
{
	local hog before

	taskset -c 3 chrt -f 50 bash -c 'while :; do :; done' &
	hog=$!
	# What the device has of the hogged CPU's requests ends meanwhile.
	sleep 1
	before=$(stat_of read_sectors)
	sleep 2
	hogged=$((($(stat_of read_sectors) - before) / 2))
	kill $hog
	wait $hog
}

# end PID: of fio in the background. It is a shell; fio, its child, says 128 then.
end()
{
	pkill -TERM -P "$1"
	wait "$1"
	[[ $? == 128 ]] || ok 1 'I/O ends well'
}

# So few of these that none is so old that it goes first for that.
fio_of "${reads[@]}" --bs=64k --iodepth=4 --numjobs=3 --cpus_allowed=0-2 --cpus_allowed_policy=split \
	--name=large >/tmp/large.log 2>&1 &
large=$!
sleep 3
alone=0 beside=0 each=''
for ((turn = 0; turn < turns; turn++)); do
	with_hog
	alone=$((alone + hogged)) each+=" $hogged"
	fio_of "${reads[@]}" --bs=4k --iodepth=32 --cpus_allowed=3 --name=small >/tmp/small.log 2>&1 &
	small=$!
	sleep 3
	with_hog
	beside=$((beside + hogged)) each+="/$hogged"
	end $small
done
# As much, but for what a busy host makes of it.
note "KiB in 2 s, without and with requests on the hogged CPU:$each"
holds "others read on: $beside KiB, without requests there $alone" \
	"beside * 5 > alone * 3 && alone > turns * 1000"
end $large
all_back
put weir0 power 0
rmdir "$conf/weir0"
unload
done_testing
