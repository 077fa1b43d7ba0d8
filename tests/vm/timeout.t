#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a request which the disk does not complete within the block
# layer's timeout fails with ETIMEDOUT, on interrupt and poll queues, and that
# the disk goes on afterwards; that one which was done, and only nobody polled for
# it, succeeds; and that the timeout is as many times longer as speed says. Needs
# nothing special; about 45 s.

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

load gb=1 poll_queues=1 completion_nsec=1000
echo 500 >/sys/block/weir0/queue/io_timeout
try 'poll: a read that was done, and that nobody polls for, succeeds' ./ops --park 3000 /dev/weir0
is "$(counter timeouts) $(counter failed)" '0 0' 'and is no time-out of the disk'
like "$(dmesg)" 'sector 0 timed out, but was done' 'the log says so'
try 'and is given back once' at_rest
unload

load nr_devices=0
make_disk a size=64 profile=nvme-tlc speed=20
is "$(queue io_timeout a)" 600000 'speed=20: the time-out is 20 times 30 s'
put a speed 40
is "$(queue io_timeout a)" 1200000 'and follows a change'
echo 1000 >/sys/block/a/queue/io_timeout
put a speed 20
is "$(queue io_timeout a)" 500 'as what the user chose does'
put a profile none
# In ticks of the kernel, whatever they are.
holds 'without a model there is no speed' "$(queue io_timeout a) >= 20 && $(queue io_timeout a) <= 25"
put a power 0
rmdir $conf/a
unload
done_testing
