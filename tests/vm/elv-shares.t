#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that io.weir.weight is what groups get of the whole device, whatever hardware
# queues they use: two deep readers on two of four queues, weights 100:300, also in the
# class idle, and 1:10; four on four queues; and groups three levels deep. By counts of
# requests on a drive whose bus is the limit, ten times slower than nvme-tlc so that the
# machine can keep it busy, in a machine whose time is what it executes. Needs nothing
# special; a minute, more with WEIR_LONG=1 (longer runs).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 4 --icount --memory-root
no_udev

run=$(seconds 3 20)
cgroups=/sys/fs/cgroup

# group NAME WEIGHT: and what is above it has its controllers.
group()
{
	local above=$1

	mkdir -p "$cgroups/$1" || give_up "there is a group $1"
	while [[ $above ]]; do
		above=${above%"${above##*/}"} above=${above%/}
		echo +io >"$cgroups/$above/cgroup.subtree_control" || give_up "$1 has the file"
	done
	echo "$2" >"$cgroups/$1/io.weir.weight" || give_up "$1 has weight $2"
}

# class: of ionice, for all readers
class=2

# shares NAME[:CPU]...: a deep reader in each of these groups for $run seconds; sets
# reads_of[NAME] to the requests of its last three quarters, when shares are known.
declare -A reads_of=()
shares()
{
	local one name pids=()

	rm -f /tmp/shares-*
	for one in "$@"; do
		name=${one%:*}
		(
			echo $BASHPID >"$cgroups/$name/cgroup.procs" &&
			fio_of --output-format=json --output="/tmp/shares-${name//\//-}" --direct=1 \
				--bs=64k --size=64m --norandommap --ioengine=libaio --iodepth=128 \
				--rw=randread --time_based --ramp_time=$((run / 4)) \
				--runtime=$((run - run / 4)) --cpus_allowed="${one##*:}" \
				--prioclass=$class --name=reads
		) >/tmp/fio.log 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}" || give_up "fio: $*" "$(tail -n 5 /tmp/fio.log)"
	for one in "$@"; do
		name=${one%:*}
		reads_of[$name]=$(jq '.jobs[0].read.total_ios' "/tmp/shares-${name//\//-}")
	done
}

mountpoint=$(stat -f -c %T $cgroups)
[[ $mountpoint == cgroup2fs ]] || mount -t cgroup2 none $cgroups || give_up 'cgroups are there'
load nr_devices=0
make_disk weir0 size=1024 submit_queues=4 hw_queue_depth=64 profile=nvme-tlc speed=10 ||
	give_up 'there is a disk'
disk=weir0 kind=weir
attach "$sched"
# Enough for all: they are to wait in the scheduler, not for one of its tags.
echo 512 >/sys/block/weir0/queue/nr_requests

# ratio NAME GROUP OTHER PERCENT: OTHER has so many reads for 100 of GROUP's, within a tenth.
ratio()
{
	local one=${reads_of[$2]} other=${reads_of[$3]}

	holds "$1: $other reads for $one" \
		"other * 1000 >= one * $4 * 9 && other * 1000 <= one * $4 * 11"
}

group a 100
group b 300
shares a:0 b:1
ratio '100:300 on two queues' a b 300
class=3
shares a:0 b:1
ratio 'the same in the class idle' a b 300
class=2
group b 1000
shares a:0 b:1
ratio '1:10 on two queues' a b 1000
group b 300
group c 100
group d 300
shares a:0 b:1 c:2 d:3
ratio '100:300 on the first two of four queues' a b 300
ratio 'on the last two' c d 300
ratio 'and across' a d 300

# Half for each of two branches, and there a quarter and three.
group one 100
group one/half 100
group one/half/light 100
group one/half/heavy 300
group two 100
shares one/half/light:0 one/half/heavy:1 two:2
ratio 'three levels deep' one/half/light one/half/heavy 300
reads_of[one]=$((reads_of[one/half/light] + reads_of[one/half/heavy]))
ratio 'and its branch beside another one' one two 100

all_back
put weir0 power 0
rmdir "$conf/weir0"
unload
done_testing
