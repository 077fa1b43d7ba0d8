#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a wrong parameter is refused with a message that names it, its
# value and what it may be, and leaves nothing behind; and that the first and
# last good value of each loads. Needs nothing special; about 30 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev

# What is wrong, the value, and the words of the message after "NAME=VALUE: ".
# Values that name no range of their own have to satisfy another parameter or
# the machine.
wrong=$(cat <<'EOT'
nr_devices 257 not a number from 0 to 256
nr_devices -1 not a number from 0 to 256
nr_devices many not a number from 0 to 256
nr_devices 1.5 not a number from 0 to 256
nr_devices 99999999999999999999 not a number from 0 to 256
gb 0 not a number from 1 to 1048576
gb 1048577 not a number from 1 to 1048576
gb 4G not a number from 1 to 1048576
bs 0 not a number from 512 to
bs 511 not a number from 512 to
bs 513 not a power of two
bs 1000 not a power of two
bs 3072 not a power of two
bs 131072 not a number from 512 to
submit_queues -1 not a number from 0 to 4096
submit_queues 4097 not a number from 0 to 4096
poll_queues -1 not a number from 0 to 4096
poll_queues 4097 not a number from 0 to 4096
use_per_node_hctx 2 not 0 or 1
hw_queue_depth 0 not a number from 1 to 10240
hw_queue_depth 10241 not a number from 1 to 10240
shared_tags 2 not 0 or 1
shared_tag_bitmap perhaps not 0 or 1
no_sched -1 not 0 or 1
no_sched 10 not 0 or 1
blocking 7 not 0 or 1
blocking 0x1 not 0 or 1
home_node -2 not a number from -1 to 1023
home_node 1024 not a number from -1 to 1023
home_node 1 not an online NUMA node
queue_mode 1 not 2 (multi-queue), or 0
queue_mode 3 not a number from 0 to 2
irqmode -1 not a number from 0 to 2
irqmode 3 not a number from 0 to 2
irqmode timer not a number from 0 to 2
completion_nsec -2 not a number from -1 to 60000000000
completion_nsec 60000000001 not a number from -1 to 60000000000
memory_backed 2 not 0 or 1
memory_limit -1 not a number from 0 to 1073741824
memory_limit 1073741825 not a number from 0 to 1073741824
memory_limit 1048576 not at most this machine's memory in MiB
discard 2 not 0 or 1
write_cache 2 not 0 or 1
fua 2 not 0 or 1
max_sectors -1 not a number from 0 to 8388607
max_sectors 1 not 0, and not from 8 to 8388607
max_sectors 7 not 0, and not from 8 to 8388607
max_sectors 8388608 not a number from 0 to 8388607
virt_boundary 2 not 0 or 1
read_only 2 not 0 or 1
rotational 2 not 0 or 1
mbps -1 not a number from 0 to 40960
mbps 40961 not a number from 0 to 40960
cache_size -1 not a number from 0 to 1073741824
physical_block_size 256 not 0, or a power of two of at least one block
physical_block_size 3072 not 0, or a power of two of at least one block
physical_block_size 65537 not a number from 0 to 65536
io_min 100 not whole physical blocks
io_opt 513 not whole physical blocks
discard_granularity 1536 not 0, or a power of two of whole physical blocks
max_discard_segments 0 not a number from 1 to 256
max_discard_segments 257 not a number from 1 to 256
badblocks_once 2 not 0 or 1
badblocks_partial_io 2 not 0 or 1
timeout 1,101,0,1 not INTERVAL,PROBABILITY,SPACE,TIMES
requeue 0,1,0,1 not INTERVAL,PROBABILITY,SPACE,TIMES
init_hctx 1,1,1 not INTERVAL,PROBABILITY,SPACE,TIMES
zoned 1 not 0 (a disk with zones is not there yet)
zoned 2 not 0 or 1
EOT
)

left_behind()
{
	ls -d /sys/module/weir_blk /dev/weir* "$debug" /sys/block/weir* 2>/dev/null
}

while read -r name value words; do
	dmesg --clear
	said=$(modprobe weir-blk "$name=$value" 2>&1)
	status=$?
	log=$(dmesg --notime)
	problem=''
	((status)) || problem+='it loaded; '
	[[ $said == *'Invalid argument'* ]] || problem+="not EINVAL but '$said'; "
	[[ $log == *"weir_blk: $name=$value: $words"* ]] || problem+="the kernel said '$log'; "
	[[ -z $(left_behind) ]] || problem+="left behind: $(left_behind); "
	is "$problem" '' "refused: $name=$value"
	[[ -d /sys/module/weir_blk ]] && unload
done <<<"$wrong"

dmesg --clear
refused 'Invalid argument' 'refused: bs=4096 max_sectors=7' modprobe weir-blk bs=4096 max_sectors=7
refused 'Invalid argument' 'refused: an empty value' modprobe weir-blk gb=
refused 'Invalid argument' 'refused: good ones before a wrong one' \
	modprobe weir-blk gb=1 bs=4096 nr_devices=2 irqmode=9
is "$(left_behind)" '' 'nothing is left of any'

try 'no disk at all' modprobe weir-blk nr_devices=0
is "$(ls -d /sys/block/weir* 2>/dev/null)" '' 'no disk is there'
unload

# The ends of each range, and what stands for a choice.
while read -r line; do
	read -ra parameters <<<"$line"
	try "loads: $line" modprobe weir-blk "${parameters[@]}"
	[[ -b /dev/weir0 ]] || ok 1 "/dev/weir0 is there with $line"
	unload
done <<'EOT'
gb=1048576
nr_devices=256 gb=1 submit_queues=1 hw_queue_depth=1
bs=4096 max_sectors=8
bs=512 max_sectors=8388607
submit_queues=0 poll_queues=0
submit_queues=4096 poll_queues=4096
hw_queue_depth=10240 submit_queues=1
home_node=0
home_node=-1
irqmode=0 completion_nsec=-1
irqmode=2 completion_nsec=0
irqmode=0 completion_nsec=60000000000
memory_limit=1
memory_limit=0x10
use_per_node_hctx shared_tags shared_tag_bitmap
shared_tags=y no_sched=n blocking=on
no_such_parameter=1
mbps=1 cache_size=1073741824 zoned=0
EOT
done_testing
