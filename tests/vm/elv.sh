# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For tests/vm/elv-*.t, after lib.sh: the kinds of device an elevator meets, and
# what must hold on each of them once the I/O is over. WEIR_SCHED names another
# scheduler than weir, to see what the kernel's own do in the same test.

carry elv.sh

sched=${WEIR_SCHED:-weir}
# The kinds of device; weir-1 and weir-many are /dev/weir0 with one hardware
# queue, and with one a CPU and poll queues.
# shellcheck disable=SC2034 # by the tests
kinds=(null_blk weir-1 weir-many nvme virtio)
# Set by set_up: the kind, and its disk as /sys/block and /dev have it.
kind='' disk=''
# The block device that I/O goes to, as /dev has it, if that is one on top of the disk.
top=''
null_dir=/sys/kernel/config/nullb/elv

# seconds SHORT LONG: how long something is to run.
seconds()
{
	echo $((${WEIR_LONG:-0} ? $2 : $1))
}

# machine_with_all [OPTION OF scripts/vm]...: in_machine, with a drive of each
# emulated kind. Whoever sleeps for half a minute in the kernel is reported.
machine_with_all()
{
	in_machine --drive nvme:1G,max_ioqpairs=4 --drive virtio:1G,num-queues=3 \
		--append 'nvme.poll_queues=1 virtio_blk.poll_queues=1' \
		--append sysctl.kernel.hung_task_timeout_secs=30 "$@"
	no_udev
}

# give_up WHAT [SAID]: the test cannot go on.
give_up()
{
	ok 1 "$1"
	[[ -z ${2:-} ]] || note "$2"
	note "$(dmesg | tail -n 5)"
	done_testing
}

# null_disk [ATTRIBUTE=VALUE]...: a null_blk of 1 GiB with data; sets $disk.
null_disk()
{
	local pair

	modprobe null_blk nr_devices=0 || give_up 'null_blk is there'
	mkdir $null_dir || give_up 'null_blk has its folder'
	for pair in size=1024 memory_backed=1 discard=1 submit_queues=2 poll_queues=0 "$@"; do
		echo "${pair#*=}" >"$null_dir/${pair%%=*}" || give_up "null_blk takes $pair"
	done
	echo 1 >$null_dir/power || give_up "null_blk appears with $*"
	# Named after its folder, or by its number before 6.3.
	disk=${null_dir##*/}
	[[ -b /dev/$disk ]] || disk=nullb$(<$null_dir/index)
	kind=null_blk
}

# weir_disk PARAMETER=VALUE...
weir_disk()
{
	load gb=1 "$@"
	disk=weir0 kind=weir
}

# set_up KIND: its disk, with the scheduler under test.
set_up()
{
	case $1 in
	null_blk) null_disk poll_queues=1 ;;
	weir-1) weir_disk submit_queues=1 ;;
	weir-many) weir_disk poll_queues=2 ;;
	nvme) disk=${DRIVE1#/dev/} ;;
	virtio) disk=${DRIVE2#/dev/} ;;
	esac
	kind=$1
	attach "$sched"
}

# take_down: the disk as nobody had ever used it.
take_down()
{
	case $kind in
	null_blk)
		echo 0 >$null_dir/power || give_up "$kind: goes"
		rmdir $null_dir
		;;
	weir*) unload ;;
	*)
		echo none >"/sys/block/$disk/queue/scheduler" || give_up "$kind: $sched goes"
		;;
	esac
}

# finish: everything is back, and the disk goes.
finish()
{
	all_back
	take_down
}

# attach SCHEDULER: or the test is over.
attach()
{
	local said

	said=$({ echo "$1" >"/sys/block/$disk/queue/scheduler"; } 2>&1) ||
		give_up "$kind: takes $1" "$said"
	[[ $(attached) == "$1" ]] || give_up "$kind: has $1"
}

# attached: the scheduler the disk has.
attached()
{
	local all

	all=$(queue scheduler "$disk")
	all=${all##*[}
	echo "${all%%]*}"
}

# sched_module: what the module of the scheduler under test is called.
sched_module()
{
	case $sched in
	weir) echo weir_iosched ;;
	kyber) echo kyber_iosched ;;
	mq-deadline) echo mq_deadline ;;
	*) echo "$sched" ;;
	esac
}

# weir_holds DIRECTORY: what the elevator has, by its own count.
weir_holds()
{
	[[ -e $1/sched/window && -e $1/hctx0/sched/staged ]] || echo 'weir shows nothing'
	grep -H 'inflight\(_ns\)\? -\?[1-9]' "$1"/sched/{window,throttle,flows}
	# staged N asleep N tags N, then LEVEL N waiting N.
	awk 'FNR == 1 && $2 + $6 || FNR > 1 && $2 + $4 { print FILENAME ": " $0 }' \
		"$1"/hctx*/sched/staged
}

# settled: nobody has a request of the disk any more: not the block layer, not
# the elevator, not the driver; every tag is free.
settled()
{
	local tries dir left

	for ((tries = 0; tries < 100; tries++)); do
		left=$({
			echo inflight
			grep -v '^ *0 *0$' "/sys/block/$disk/inflight"
			dir=/sys/kernel/debug/block/$disk
			grep -H . "$dir/requeue_list" "$dir"/hctx*/{busy,dispatch}
			grep -H '^busy=[1-9]' "$dir"/hctx*/{tags,sched_tags}
			[[ $(attached) != weir ]] || weir_holds "$dir"
			[[ $disk != weir0 ]] || at_rest
		} 2>&1)
		[[ $left == inflight ]] && return 0
		sleep 0.1
	done
	echo "$left"
	return 1
}

# all_back: every request came back, and well.
all_back()
{
	try "$kind: no request is lost" settled
	if [[ $disk == weir0 ]]; then
		is "$(counter failed)" 0 "$kind: none failed"
	fi
}

# fio_of [OPTION]...: fio on the disk. One that waits for ever is ended, in vain
# maybe, but then the test says where it was.
fio_of()
{
	local written=("--filename=/dev/${top:-$disk}")

	# A second one would not replace the first: fio takes both.
	[[ " $*" != *' --filename='* ]] || written=()
	timeout -k 20 $((${WEIR_LONG:-0} ? 900 : 400)) fio --output-format=terse \
		--name=global "${written[@]}" --randseed=7 --allow_file_create=0 "$@"
}

# io [OPTION]...: one job.
io()
{
	fio_of "$@" --name=job
}

verify=(--verify=crc32c --verify_fatal=1 --verify_state_save=0)

# io_verify [OPTION]...: what was written is what is read, by checksum.
io_verify()
{
	io "${verify[@]}" --rw=randwrite "$@"
}

# load_start: mixed I/O behind the test's back, until load_end:
# direct writes that are verified, buffered ones with fsync, and reads, each in
# its own part of the disk.
load_pid=''
# How the reads of load_start ask for them.
reads_by=io_uring
load_start()
{
	fio_of --exitall_on_error --direct=1 --bsrange=512-64k --iodepth=16 \
		--time_based --runtime=3000 \
		--name=verified --ioengine=libaio --rw=randwrite "${verify[@]}" \
		--verify_backlog=64 --size=4m --numjobs=2 --offset_increment=8m \
		--name=fsynced --ioengine=psync --direct=0 --iodepth=1 --rw=randwrite --fsync=8 \
		--size=8m --offset=32m --bsrange=4k-64k \
		--name=reads --ioengine="$reads_by" --rw=randread --size=16m --offset=64m \
		>/tmp/load.log 2>&1 &
	load_pid=$!
	load_waits
}

# load_waits: until the disk has something to do.
load_waits()
{
	local tries before

	before=$(stat_of writes)
	for ((tries = 0; tries < 100; tries++)); do
		(($(stat_of writes) > before + 100)) && return
		sleep 0.1
	done
	give_up "$kind: the I/O begins" "$(grep -v '^[0-9];' /tmp/load.log | tail -n 5)"
}

# load_end NAME: the I/O is still going on, and ends when told so (fio says 128
# then); it has read what it wrote.
load_end()
{
	local status=0

	# Its child: it is a shell.
	pkill -TERM -P "$load_pid"
	wait "$load_pid" || status=$?
	[[ $status == 128 ]] && ! grep -q 'err=' /tmp/load.log
	ok $? "$1" || note "status $status"$'\n'"$(grep -v '^[0-9];' /tmp/load.log | tail -n 12)"
}

# switch_for SECONDS SEED SCHEDULER...: from one to the other; the number of switches to
# stdout, or why there are no more.
switch_for()
{
	local file=/sys/block/$disk/queue/scheduler end=$((SECONDS + $1)) n=0

	RANDOM=$2
	shift 2
	while ((SECONDS < end)); do
		echo "${@:RANDOM % $# + 1:1}" >"$file" || return
		n=$((n + 1))
	done
	echo "$n"
}

# stat_of FIELD [DISK]: of /sys/block/DISK/stat (Documentation/block/stat.rst).
stat_of()
{
	local -A fields=([reads]=1 [read_sectors]=3 [writes]=5 [write_sectors]=7)

	awk -v n="${fields[$1]}" '{ print $n }' "/sys/block/${2:-$disk}/stat"
}
