#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves every operation byte for byte: reads and writes of any length at any
# block, flush and FUA, discard, secure erase, write zeroes with and without
# unmap, by threads that share pages, on both block sizes and on every way to
# complete; and that pages come back when they should and only then.
# Needs gcc and a static C library on the host; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --smp 2
no_udev

# all_ops NAME OPTION... -- PARAMETER...
all_ops()
{
	local name=$1 options=()

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	load gb=1 "$@"
	try "$name" ./ops --ops 700 "${options[@]}" /dev/weir0
	try "$name: no request is lost" at_rest
	for op in read write flush discard secure_erase write_zeroes fua; do
		(($(counter $op))) && continue
		ok 1 "$name: the device saw $op"
	done
	blkdiscard /dev/weir0
	is "$(store pages)" 0 "$name: no page is held after a discard of all"
	unload
}

all_ops 'softirq' --seed 1 -- irqmode=1
all_ops 'inline' --seed 2 -- irqmode=0
all_ops 'timer' --seed 3 -- irqmode=2
all_ops 'blocking' --seed 4 -- blocking=1
all_ops 'blocks of 4096' --seed 5 -- bs=4096
all_ops 'blocks of 4096, timer, blocking' --seed 6 -- bs=4096 irqmode=2 blocking=1
all_ops 'blocks of 1024, requests of 8 KiB at most' --seed 7 -- bs=1024 max_sectors=16
all_ops 'virt_boundary' --seed 8 -- virt_boundary=1
all_ops 'poll' --seed 9 --poll -- poll_queues=2
all_ops 'poll after 100 us, inline, blocks of 4096' --seed 10 --poll -- \
	poll_queues=1 irqmode=0 completion_nsec=100000 bs=4096
all_ops 'poll, blocking' --seed 11 --poll -- poll_queues=2 blocking=1

load gb=1
refused 'should be' 'a wrong byte is noticed' ./ops --ops 50 --break 25 /dev/weir0
unload

# Pages. The disk starts empty; a page is 8 sectors.
load gb=1
is "$(store pages)" 0 'a new disk holds no page'
dd if=/dev/zero of=/dev/weir0 bs=64k count=16 oflag=direct status=none
is "$(store pages)" 256 '1 MiB of zeroes written holds 256 pages'
dd if=/dev/weir0 of=/dev/null bs=1M count=16 iflag=direct status=none
is "$(store pages)" 256 'reading holds no more'
fallocate --zero-range --keep-size -o 0 -l 64k /dev/weir0
is "$(store pages)" 256 'zeroing without unmap keeps pages'
fallocate --zero-range --keep-size -o 2M -l 64k /dev/weir0
is "$(store pages)" 272 'and makes them where there were none'
blkdiscard --zeroout -o 4M -l 64k /dev/weir0
is "$(store pages)" 288 'so does BLKZEROOUT'
fallocate --punch-hole -o 2M -l 64k /dev/weir0
is "$(store pages)" 272 'zeroing with unmap gives them back'
blkdiscard -o 512 -l 3584 /dev/weir0
is "$(store pages)" 272 'a discard of a part of a page does not'
blkdiscard -o 512 -l 8192 /dev/weir0
is "$(store pages)" 271 'a discard gives back the pages it covers'
blkdiscard --secure -o 1032192 -l 16384 /dev/weir0
is "$(store pages)" 267 'a secure erase, too'
blkdiscard /dev/weir0
is "$(store pages)" 0 'a discard of all gives all back'
unload

load discard=0 gb=1
refused 'not supported' 'discard=0: no discard' blkdiscard /dev/weir0
refused 'not supported' 'discard=0: no secure erase' blkdiscard --secure /dev/weir0
try 'discard=0: everything else' ./ops --ops 300 --no-discard /dev/weir0
unload
done_testing
