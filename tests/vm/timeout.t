#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a request which the disk does not complete within the block
# layer's timeout fails with ETIMEDOUT, on interrupt and poll queues, and that
# the disk goes on afterwards. Needs nothing special; about 40 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --smp 2
no_udev

# shellcheck disable=SC2317 # by try and refused
read_block()
{
	dd if=/dev/weir0 of=/dev/null bs=4k count=1 iflag=direct status=none
}

load gb=1 irqmode=2 completion_nsec=5000000000
echo 500 >/sys/block/weir0/queue/io_timeout
failed=$(counter failed)
refused 'timed out' 'timer: a read fails' read_block
refused 'timed out' 'timer: so does a write' \
	dd if=/dev/zero of=/dev/weir0 bs=4k count=1 oflag=direct status=none
is "$(($(counter timeouts))) $(($(counter failed) - failed))" '2 2' 'timer: both are counted'
like "$(dmesg)" 'weir0: request at sector 0 timed out' 'timer: the log says so'
fio_run --ioengine=libaio --direct=1 --rw=randread --bs=4k --iodepth=16 --io_size=64k \
	--size=1m --continue_on_error=read >/tmp/fio.log 2>&1
holds 'timer: of many at once' "$(counter timeouts) > 10"
try 'timer: no request is lost' at_rest
echo 30000 >/sys/block/weir0/queue/io_timeout
try 'timer: with time enough a read succeeds' read_block
# Not in the next program's way: under way while the disk goes.
unload
ok 0 'timer: the disk is unloaded'

load gb=1 poll_queues=2 completion_nsec=5000000000
echo 500 >/sys/block/weir0/queue/io_timeout
try 'poll: an interrupt queue does not wait' read_block
refused 'timed out' 'poll: a read fails' \
	fio_run --ioengine=io_uring --hipri --direct=1 --rw=read --bs=4k --size=4k
refused 'timed out' 'poll: a read that nobody polls for fails' ./ops --park 3000 /dev/weir0
is "$(counter timeouts)" 2 'poll: both are counted'
fio_run --ioengine=io_uring --hipri --direct=1 --rw=randread --bs=4k --iodepth=16 \
	--io_size=64k --size=1m --continue_on_error=read >/tmp/fio.log 2>&1
holds 'poll: of many at once' "$(counter timeouts) > 10"
echo 30000 >/sys/block/weir0/queue/io_timeout
try 'poll: with time enough a read succeeds' \
	fio_run --ioengine=io_uring --hipri --direct=1 --rw=read --bs=4k --size=4k
try 'poll: no request is lost' at_rest
unload
ok 0 'poll: the disk is unloaded'
done_testing
