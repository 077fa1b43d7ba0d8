#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves by fio's checksums that each way into the block layer brings back what
# it was given: io_uring, io_uring with polling, libaio, psync and mmap, direct
# and through the page cache, sizes from 512 B to 1 MiB, several jobs at once.
# Needs nothing special; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev
modprobe -a mq-deadline kyber-iosched bfq

# Three jobs, each in its own part of the disk.
jobs=(--numjobs=3 --size=12m --offset_increment=64m --bsrange=512-1m)

load gb=1 poll_queues=2
for depth in 1 32; do
	try "io_uring, depth $depth" \
		fio_verify "${jobs[@]}" --ioengine=io_uring --direct=1 --iodepth=$depth
	try "io_uring, polled, depth $depth" \
		fio_verify "${jobs[@]}" --ioengine=io_uring --hipri --direct=1 --iodepth=$depth
done
holds 'requests were polled for' "$(counter polls) > 0"
try 'io_uring, batches, fixed buffers' fio_verify "${jobs[@]}" --ioengine=io_uring --direct=1 \
	--iodepth=32 --iodepth_batch_submit=8 --iodepth_batch_complete_min=4 --fixedbufs
holds 'requests came in batches' "$(counter batches) > 0"
try 'libaio' fio_verify "${jobs[@]}" --ioengine=libaio --direct=1 --iodepth=32
try 'psync' fio_verify "${jobs[@]}" --ioengine=psync --direct=1
try 'no request is lost' at_rest
blkdiscard /dev/weir0

# Through the page cache: written, flushed, dropped, and read again from the disk.
for engine in psync mmap io_uring; do
	options=("--ioengine=$engine" --direct=0)
	case $engine in
	# One job at the start, then a job that reads: fio punches out what it maps
	# for writing (MADV_REMOVE), and with an offset does so for each request.
	mmap) options+=(--bs=4k --size=24m) again=(--rw=randread) ;;
	*)
		options+=(--bsrange=512-1m --numjobs=3 --size=8m --offset_increment=64m)
		again=(--verify_only)
		;;
	esac
	try "$engine, buffered, is written" \
		fio_verify "${options[@]}" --do_verify=0 --end_fsync=1
	is "$(store pages)" 6144 "$engine, buffered, is on the disk"
	sync
	echo 3 >/proc/sys/vm/drop_caches
	read=$(counter read_sectors)
	try "$engine, buffered, is read again" fio_verify "${options[@]}" "${again[@]}"
	holds "$engine, buffered, comes from the disk" \
		"$(counter read_sectors) - $read >= 24 * 2048"
	blkdiscard /dev/weir0
done
try 'no request is lost' at_rest
unload

# The ways to complete, and schedulers between.
load gb=1 irqmode=2 completion_nsec=200000
for scheduler in none mq-deadline kyber bfq; do
	echo $scheduler >/sys/block/weir0/queue/scheduler
	try "timer, $scheduler" \
		fio_verify "${jobs[@]}" --ioengine=libaio --direct=1 --iodepth=32
done
try 'no request is lost' at_rest
unload
load gb=1 irqmode=0 blocking=1
try 'inline, blocking' fio_verify "${jobs[@]}" --ioengine=io_uring --direct=1 --iodepth=32
unload
load gb=1 max_sectors=8 virt_boundary=1
try 'requests of 4 KiB at most, virt_boundary' \
	fio_verify "${jobs[@]}" --ioengine=io_uring --direct=1 --iodepth=32
unload
done_testing
