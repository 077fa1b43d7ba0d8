#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that requests which the device gives back, or never answers, are not
# lost: timeouts on /dev/weir0 (interrupt and poll queues), on a SCSI disk that
# leaves commands unanswered and says it is busy, on a null_blk whose bandwidth
# is used up, and an NVMe drive whose controller is reset under load. Needs
# scsi_debug, tracefs and an emulated NVMe drive; about a minute, 3 with
# WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2

tracing=/sys/kernel/tracing
echo 65536 >$tracing/buffer_size_kb
echo 1 >$tracing/events/block/block_rq_requeue/enable

requeues()
{
	grep -c 'block_rq_requeue: ' $tracing/trace
}

# requeues_of NAME: since the last time, some came; the trace says so.
requeues_of()
{
	local n

	n=$(requeues)
	holds "$1: $n requests were requeued" "n > 0"
	echo >$tracing/trace
}

# shape of the short I/O below
few=(--direct=1 --bs=4k --iodepth=16 --io_size=128k --size=1m --rw=randread)

# Three seconds a request, and a third of one allowed.
weir_disk irqmode=2 completion_nsec=3000000000
attach "$sched"
echo 300 >/sys/block/weir0/queue/io_timeout
io "${few[@]}" --ioengine=libaio --continue_on_error=read >/tmp/fio.log 2>&1
holds "timer: $(counter timeouts) requests timed out" "$(counter timeouts) > 10"
is "$(counter failed)" "$(counter timeouts)" 'timer: each fails'
try 'timer: no request is lost' settled
echo 30000 >/sys/block/weir0/queue/io_timeout
try 'timer: with time enough, reads succeed' io "${few[@]}" --ioengine=libaio --io_size=16k
try 'timer: no request is lost' settled
take_down

weir_disk poll_queues=2 completion_nsec=3000000000
attach "$sched"
echo 300 >/sys/block/weir0/queue/io_timeout
io "${few[@]}" --ioengine=io_uring --hipri --continue_on_error=read >/tmp/fio.log 2>&1
holds "poll: $(counter timeouts) requests timed out" "$(counter timeouts) > 10"
try 'poll: no request is lost' settled
take_down

# null_blk stops its queues when its share of bandwidth is used up.
null_disk mbps=20
attach "$sched"
load_start
sleep "$(seconds 2 20)"
load_end 'bandwidth used up: what is written is read'
finish

# scsi NAME FAULTS EVERY: a SCSI disk in memory, under verified I/O; every so many
# commands one has these FAULTS, as the parameter opts of scsi_debug names them.
scsi()
{
	local name=$1 faults=$2 every=$3 tries

	kind=scsi disk=''
	modprobe -a sd_mod || give_up "$name: SCSI disks are known"
	modprobe scsi_debug dev_size_mb=64 delay=0 || give_up "$name: scsi_debug loads"
	disk=$(basename -- /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*)
	for ((tries = 0; tries < 100; tries++)); do
		[[ -b /dev/$disk ]] && break
		disk=$(basename -- /sys/bus/pseudo/drivers/scsi_debug/adapter*/host*/target*/*/block/*)
		sleep 0.1
	done
	attach "$sched"
	echo 1 >"/sys/block/$disk/device/timeout" # s
	# Not while the disk is being found.
	echo "$faults" >/sys/bus/pseudo/drivers/scsi_debug/opts
	echo "$every" >/sys/bus/pseudo/drivers/scsi_debug/every_nth
	echo >$tracing/trace
	try "$name: what is written is read" io_verify --ioengine=libaio --direct=1 \
		--bsrange=4k-64k --iodepth=16 --size=4m --time_based --runtime="$(seconds 3 20)" \
		--verify_backlog=64
	requeues_of "$name"
	echo 0 >/sys/bus/pseudo/drivers/scsi_debug/every_nth
	try "$name: no request is lost" settled
	for ((tries = 0; tries < 50; tries++)); do
		rmmod scsi_debug 2>/dev/null && return
		sleep 0.1
	done
	give_up "$name: scsi_debug unloads"
}

scsi 'host busy' 0x8000 20
scsi 'command unanswered' 0x4 100

# Queues stop and come back, and what the controller had not answered is done again.
set_up nvme
controller=$(readlink -f "/sys/block/$disk/device")
load_start
SECONDS=0 resets=0
while ((resets < 4 || SECONDS < $(seconds 0 40))); do
	echo 1 >"$controller/reset_controller" || ok 1 'nvme: its controller is reset'
	resets=$((resets + 1))
	# A request is tried again five times and no more (nvme_core.max_retries).
	before=$(stat_of writes)
	for ((tries = 0; tries < 100; tries++)); do
		(($(stat_of writes) > before + 300)) && break
		sleep 0.1
	done
done
load_end "nvme: $resets resets: what is written is read"
# The emulated drive mostly answers what it has before it stops.
note "nvme: $(requeues) requests were requeued"
finish
done_testing
