#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a logical block is read and written whole: two writers of one block
# leave one of the two, and no reader sees a part of each, whatever the size of a
# block, on the short way and the long one, with memory in pieces, and while the
# block is discarded or zeroed, or kept in a volatile cache. Needs gcc and a static C
# library on the host; about half a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program whole
in_machine --smp 2
no_udev

# whole NAME BLOCK [OPTION]... [-- PARAMETER]...
whole()
{
	local name=$1 block=$2 options=()

	shift 2
	while (($#)) && [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	load gb=1 "${@:2}"
	try "$name" ./whole "${options[@]}" /dev/weir0 "$block" 4000
	try "$name: no request is lost" at_rest
	unload
}

whole 'a page' 4096 -- bs=4096
whole 'a page, by sectors' 4096
whole 'a sector' 512
whole 'a page in two pieces of memory' 4096 --skew 2052 -- bs=4096
whole 'a page, by timer' 4096 -- bs=4096 irqmode=2 completion_nsec=1000
whole 'a page that is discarded' 4096 --with discard -- bs=4096
whole 'a page that is zeroed' 4096 --with zeroes -- bs=4096
whole 'a page that is discarded, in two pieces of memory' 4096 --with discard --skew 2052 -- bs=4096
whole 'a page in two pieces of memory, with a volatile cache' 4096 --skew 2052 -- \
	bs=4096 cache_size=16
whole 'a page that is discarded, in two pieces, with a volatile cache' 4096 --with discard \
	--skew 2052 -- bs=4096 cache_size=16

block_max=$(modinfo -F parm weir-blk | sed -n 's/^bs:.*(512 to \([0-9]*\);.*/\1/p')
if ((block_max == 65536)); then
	whole 'a block of 64 KiB' 65536 -- bs=65536
	whole 'a block of 64 KiB, in pieces of memory' 65536 --skew 2052 -- bs=65536
	whole 'a block of 64 KiB that is discarded' 65536 --with discard -- bs=65536
	whole 'a block of 16 KiB that is zeroed' 16384 --with zeroes -- bs=16384
else
	skip 'this kernel has no blocks larger than a page' 'a block of 64 KiB'
fi
done_testing
