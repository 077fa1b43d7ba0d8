#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a request which the disk does not complete within the block
# layer's timeout fails with ETIMEDOUT, on interrupt and poll queues, and that
# the disk goes on afterwards; that one which was done, and only nobody polled for
# it, succeeds; that the timeout is as many times longer as speed says; and, on a kernel
# that has fail_io_timeout (check-debug), that a completion which the block layer takes
# away ends as a time-out, once. Needs nothing special; about 45 s.

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

# --- io-timeout-fail: the block layer itself says which completions are to be lost ---

# lost NAME OPTION...: three of 64 reads (fio's OPTIONs are in $how) are never completed.
lost()
{
	local name=$1

	shift
	load gb=1 "$@"
	echo 500 >/sys/block/weir0/queue/io_timeout
	echo 1 >/sys/block/weir0/io-timeout-fail
	echo 3 >$fail/times
	fio_run "${how[@]}" --direct=1 --rw=randread --bs=4k --iodepth=16 --io_size=256k \
		--size=1m --continue_on_error=read >/tmp/fio.log 2>&1
	is "$(counter timeouts) $(<$fail/times)" '3 0' "io-timeout-fail, $name: three are lost, and time out"
	try "io-timeout-fail, $name: each ends once" at_rest
	echo 0 >/sys/block/weir0/io-timeout-fail
	echo 3 >$fail/times
	try "io-timeout-fail, $name: 0 ends it" read_block
	is "$(<$fail/times)" 3 "io-timeout-fail, $name: and nothing else is lost"
	unload
}

fail=/sys/kernel/debug/fail_io_timeout
if [[ -d $fail ]]; then
	echo 100 >$fail/probability
	echo 1 >$fail/interval
	echo 0 >$fail/verbose
	how=(--ioengine=io_uring)
	lost 'at once' irqmode=0
	lost softirq irqmode=1
	lost timer irqmode=2 completion_nsec=20000
	lost model profile=nvme-tlc
	how=(--ioengine=io_uring --hipri)
	lost poll poll_queues=1 completion_nsec=20000
else
	skip 'this kernel has no fail_io_timeout: scripts/check-debug has one' 'io-timeout-fail'
fi
done_testing
