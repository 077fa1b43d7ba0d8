#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts made for null_blk run: names that begin with a digit,
# queue_mode=0, badblocks_once, badblocks_partial_io, the groups timeout_inject,
# requeue_inject and init_hctx_fault_inject with what blktests asks of them; that
# parameters which are not there are refused; and the sizes that a disk tells of
# itself, and discards of several ranges. Needs discards by io_uring (6.12) for
# the last; about 40 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program discards
in_machine --smp 2
no_udev

while read -r name value words; do
	dmesg --clear
	said=$(modprobe weir-blk "$name=$value" 2>&1)
	[[ $said == *'Invalid argument'* && $(dmesg --notime) == *"weir_blk: $name: $words"* ]]
	ok $? "refused, not ignored: $name" || note "$said; $(dmesg --notime)"
done <<'EOT'
zone_size 256 null_blk's, not there: this disk has no zones
zone_capacity 256 null_blk's, not there
zone_nr_conv 0 null_blk's, not there
zone_max_open 0 null_blk's, not there
zone_max_active 0 null_blk's, not there
zone_append_max_sectors 0 null_blk's, not there
zone_full 0 null_blk's, not there
EOT

# As null_blk's users load it.
dmesg --clear
load queue_mode=0 nr_devices=1 gb=1 timeout=1,50,0,-1
like "$(dmesg --notime)" 'queue_mode=0: there is no bio-based interface' 'queue_mode=0: a warning'
is "$(cat /sys/module/weir_blk/parameters/timeout)" '1,50,0,-1' 'the parameter timeout'
echo 300 >/sys/block/weir0/queue/io_timeout
result=$(for ((i = 0; i < 8; i++)); do
	dd if=/dev/weir0 of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null && printf . || printf '*'
done)
like "$result" '\..*\*|\*.*\.' "half of the requests time out: $result"
unload

load nr_devices=0
try 'a name that begins with a digit' make_disk 0null size=64
try 'is a disk' dd if=/dev/0null of=/dev/null bs=4k count=1 iflag=direct status=none
rmdir "$conf/0null"
refused 'Invalid argument' 'another does not' mkdir "$conf/-null"

# blktests block/014, 015
make_disk weir0 size=64 timeout_inject/probability=50 timeout_inject/times=-1 timeout_inject/verbose=0
echo 200 >/sys/block/weir0/queue/io_timeout
fio_run --ioengine=libaio --direct=1 --bs=4k --rw=randread --iodepth=64 --size=256k \
	--continue_on_error=read >/tmp/fio.log 2>&1
holds "timeout_inject: $(counter timeouts) of 64 requests" \
	"$(counter timeouts) > 10 && $(counter timeouts) < 60"
put weir0 timeout_inject/probability 0
before=$(counter timeouts)
try 'probability=0: none' fio_run --ioengine=libaio --direct=1 --bs=4k --rw=randread --size=256k
is "$(counter timeouts)" "$before" 'none at all'
put weir0 requeue_inject/probability 30
put weir0 requeue_inject/times -1
try 'requeue_inject: what is written is what is read' fio_verify --ioengine=libaio --direct=1 \
	--bs=4k --iodepth=16 --size=1m
put weir0 requeue_inject/probability 100
put weir0 requeue_inject/times 5
try 'and with a number of times' dd if=/dev/weir0 of=/dev/null bs=4k count=1 iflag=direct status=none
is "$(get weir0 requeue_inject/times)" 0 'which has been used up'
put weir0 requeue_inject/probability 0

# blktests block/030
put weir0 submit_queues 1
put weir0 init_hctx_fault_inject/space 2 # the first is made anew
put weir0 init_hctx_fault_inject/probability 100
refused '' 'init_hctx_fault_inject: no second queue' put weir0 submit_queues 2
is "$(hw_queues weir0) $(get weir0 submit_queues)" '1 1' 'one is left'
try 'which works' fio_verify --ioengine=libaio --direct=1 --bs=4k --size=256k
put weir0 init_hctx_fault_inject/probability 0
try 'then two again' put weir0 submit_queues 2
put weir0 power 0
put weir0 init_hctx_fault_inject/probability 100
put weir0 init_hctx_fault_inject/times -1
refused '' 'nor a disk without queues' put weir0 power 1
is "$(get weir0 power)" 0 'it stays off'
rmdir "$conf/weir0"

# badblocks
write_blocks()
{
	head -c 8192 /dev/zero | tr '\0' "$1" |
		dd of=/dev/weir0 bs=8k count=1 iflag=fullblock oflag=direct conv=nocreat status=none
}

# shellcheck disable=SC2317 # by try and refused
read_blocks()
{
	dd if=/dev/weir0 of=/dev/null bs=16k count=1 iflag=direct status=none
}

make_disk weir0 size=64 badblocks_once=1 badblocks_partial_io=1
write_blocks a
put weir0 badblocks +9-9
refused 'Input/output' 'badblocks_partial_io: a write fails' write_blocks b
is "$(head -c 8192 /dev/weir0 | tr -d a | wc -c)" $((9 * 512)) 'and is done up to the bad sector'
is "$(get weir0 badblocks)" '' 'badblocks_once: it is good again'
put weir0 badblocks +0-7
put weir0 badblocks +16-23
refused 'Input/output' 'badblocks_once: a read meets the first range' read_blocks
is "$(get weir0 badblocks)" '16 8' 'and the second stays bad'
put weir0 badblocks +40-47
is "$(get weir0 badblocks)" '16 8
40 8' 'as it does when another becomes bad'
refused 'Input/output' 'the next read meets it' read_blocks
try 'the third meets none' read_blocks
rmdir "$conf/weir0"

make_disk weir0 size=64 blocksize=4096 badblocks_partial_io=1 badblocks=+9-9
refused 'Input/output' 'blocks of 4096: a write fails' write_blocks c
put weir0 badblocks -9-9
is "$(head -c 8192 /dev/weir0 | tr -d c | wc -c)" 4096 'and is done up to the block'
rmdir "$conf/weir0"

# What the disk tells of itself
make_disk weir0 size=64 physical_block_size=4096 io_min=16384 io_opt=262144 \
	discard_granularity=65536 max_discard_segments=256
is "$(queue logical_block_size) $(queue physical_block_size) $(queue minimum_io_size) $(queue optimal_io_size)" \
	'512 4096 16384 262144' 'block sizes, smallest and best request'
is "$(queue discard_granularity) $(queue max_discard_segments)" '65536 256' 'and discards'
rmdir "$conf/weir0"
make_disk weir0 size=64 physical_block_size=4096
is "$(queue minimum_io_size) $(queue optimal_io_size) $(queue discard_granularity) $(queue max_discard_segments)" \
	'4096 0 4096 1' 'and what follows if nothing is told'
rmdir "$conf/weir0"

# Joined in the plug: blocks of a row, in any order, of which the neighbours stay.
make_disk weir0 size=1024 max_discard_segments=256
status=0
said=$(timeout -k 5 60 ./discards /dev/weir0 3 together 2>&1) || status=$?
if ((status == 2)); then
	skip 'no discards by io_uring in this kernel' 'discards of several ranges'
else
	is $status 0 "discards of several ranges: $said"
	joined=$(awk '{ print $13 }' /sys/block/weir0/stat)
	holds "$joined were joined" 'joined > 0'
	try 'no request is lost' at_rest
fi
rmdir "$conf/weir0"
unload
ok 0 'the module goes'
done_testing
