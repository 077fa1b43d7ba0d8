#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that disks can be made and configured in configfs: every attribute keeps
# what is written to it and has its effect, defaults are the module's parameters,
# what was written for null_blk works with the names replaced, data survives a
# power cycle, a disk that is in use does not go away, hardware queues change
# under I/O, and nothing is left behind. Needs 4 CPUs; about 5 minutes, 15 with
# WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 4 --append sysctl.kernel.hung_task_timeout_secs=60
no_udev

seconds=$((${WEIR_LONG:-0} ? 120 : 12))

# --- what there is, and its defaults ---

load nr_devices=0
is "$(ls -d /sys/block/weir* 2>/dev/null)" '' 'nr_devices=0 makes no disk'
# The media model's: docs/device.md.
model=(
	block_pages burst burst_iops burst_ios burst_mbps burst_mib bus_mbps cache_hits
	cache_mib cached_ns cap_io_kib cap_iops cap_mbps channel_mbps channels command_ns dies
	discard_dist discard_mib_ns discard_ns erase_ns flush_dist flush_ns
	gc_burst gc_low_permille idle_ns inner_mbps map_permille mapped_permille op_permille
	outer_mbps page_kib planes plp profile program_kib program_ns read_dist read_ns remote_read_ns remote_write_ns rpm rtt_ns seed
	seek_full_ns seek_third_ns seek_track_ns single_queue slc_mib slc_program_ns slots speed stripe_kib
	suspend_ns write_dist write_settle_ns zeroes_dist zeroes_mib_ns zeroes_ns zones
)

# without_model: lines that begin with none of those names.
without_model()
{
	grep -vE "^($(IFS='|'; echo "${model[*]}"))(=|\$)"
}

is "$(tr ',' '\n' <"$conf/features" | grep -cxF "$(printf '%s\n' "${model[@]}")")" "${#model[@]}" \
	'features names all of the media model'
is "$(tr ',' '\n' <"$conf/features" | without_model | sort | tr '\n' ' ')" \
	'atomic_kib badblocks badblocks_once badblocks_partial_io blocking blocksize cache_size completion_nsec cut_damage cut_first cut_last cut_mode cut_seed discard discard_granularity faults fua history home_node hw_queue_depth init_hctx_fault_inject io_min io_opt irqmode lose_flushes max_discard_segments max_sectors mbps memory_backed no_sched physical_block_size poll_queues power power_cut queue_mode read_only remove replug requeue_inject rotational shared_tag_bitmap shared_tags size snapshot submit_queues timeout_inject use_per_node_hctx virt_boundary write_cache ' \
	'features names what there is, and not zoned'

attributes()
{
	local file

	for file in "$conf/$1"/*; do
		[[ ! -d $file ]] || continue
		# Some can only be written to.
		printf '%s=%s\n' "${file##*/}" "$([[ $(stat -c %a "$file") == 200 ]] || tr '\n' ';' <"$file")"
	done
}

try 'a directory' mkdir "$conf/weir0"
is "$(attributes weir0 | without_model | tr '\n' ' ')" \
	'atomic_kib=0; badblocks= badblocks_once=0; badblocks_partial_io=0; blocking=0; blocksize=512; cache_size=0; completion_nsec=-1; cut_damage=none; cut_first=0; cut_last=18014398509481983; cut_mode=random; cut_seed=0; discard=1; discard_granularity=0; fua=1; history=0; home_node=-1; hw_queue_depth=64; index=0; io_min=0; io_opt=0; irqmode=1; lose_flushes=0; max_discard_segments=1; max_sectors=0; mbps=0; memory_backed=1; no_sched=0; physical_block_size=0; poll_queues=0; power=0; power_cut=off; queue_mode=2; read_only=0; remove= replug= rotational=0; shared_tag_bitmap=0; shared_tags=0; size=4096; snapshot= submit_queues=0; use_per_node_hctx=0; virt_boundary=0; write_cache=1; zoned=0; ' \
	'every attribute, and its default'
is "$(cd "$conf/weir0" && cat profile seed speed read_dist | tr '\n' ' ')" 'none 0 1 constant ' \
	'no media model'
[[ ! -e /sys/block/weir0 ]]
ok $? 'no disk before power=1'

# Each good value is read as it was written, or as what is given after it.
lost=''
while read -r attribute values; do
	for value in $values; do
		want=${value#*:}
		value=${value%%:*}
		put weir0 "$attribute" "$value" 2>/dev/null || lost+="$attribute=$value refused; "
		got=$(get weir0 "$attribute")
		[[ $got == "$want" ]] || lost+="$attribute=$value reads $got; "
	done
done <<'EOT'
size 1 1073741824 250000 64
blocksize 512 1024 2048 4096 512
submit_queues 0 1 4096 2
poll_queues 0 1 4096 0
home_node -1 0 -1
queue_mode 0:2 2
physical_block_size 4096 0
io_min 4096 0
io_opt 1048576 0
discard_granularity 65536 0
max_discard_segments 1 256
badblocks_once 0 1
badblocks_partial_io 0 1
irqmode 0 2 1
completion_nsec 0 60000000000 10000 -1
index 0 1048575 3
hw_queue_depth 1 10240 0x40:64
max_sectors 0 8 8388607 0
mbps 0 40960 0
cache_size 0 1073741824 0
atomic_kib 0 4 1024
cut_seed 0 9223372036854775807 7
cut_first 0 18014398509481983 0
cut_last 0 18014398509481983
lose_flushes 0 1 0
blocking 0 1 y:1 n:0 on:1 off:0
use_per_node_hctx 0 1 0
memory_backed 0 1
discard 0 1
zoned 0
virt_boundary 0 1 0
no_sched 0 1 0
shared_tags 0 1 0
shared_tag_bitmap 0 1 0
fua 0 1
write_cache 0 1
read_only 0 1 0
rotational 0 1 0
EOT
is "$lost" '' 'every attribute reads as it was written'
rmdir "$conf/weir0"
unload

load nr_devices=1 gb=2 bs=4096 irqmode=2 completion_nsec=5000 discard=0 hw_queue_depth=17 \
	mbps=70 cache_size=5 submit_queues=2 poll_queues=1 no_sched=1 rotational=1 fua=0
refused 'File exists' 'the name of one of the module'"'"'s disks is taken' mkdir "$conf/weir0"
mkdir "$conf/weir1"
is "$(get weir1 size) $(get weir1 blocksize) $(get weir1 irqmode) $(get weir1 completion_nsec) $(get weir1 discard) $(get weir1 hw_queue_depth) $(get weir1 mbps) $(get weir1 cache_size) $(get weir1 submit_queues) $(get weir1 poll_queues) $(get weir1 no_sched) $(get weir1 rotational) $(get weir1 fua)" \
	'2048 4096 2 5000 0 17 70 5 2 1 1 1 0' 'defaults are what the module was loaded with'
put weir1 power 1
is "$(get weir1 index)" 1 'the index follows that of the disks there are'
is "$(blockdev --getsize64 /dev/weir1)" $((2 << 30)) 'and a disk like those of the module'
refused 'in use' 'a directory keeps the module' rmmod weir_blk
rmdir "$conf/weir1"
unload

# --- a script as they are written for null_blk: only the names are replaced ---

modprobe -r weir_blk
modprobe weir_blk nr_devices=0

# configure DISK ATTRIBUTE=VALUE...
# shellcheck disable=SC2317 # called by try
configure()
{
	local disk=$1 setting

	shift
	mkdir "/sys/kernel/config/weir/$disk" || return
	while (($#)); do
		setting=$1
		shift
		if ! echo "${setting#*=}" >"/sys/kernel/config/weir/$disk/${setting%%=*}"; then
			rmdir "/sys/kernel/config/weir/$disk"
			return 1
		fi
	done
}

try 'null_blk: completion, queues and memory, as its users set them' configure weir0 \
	completion_nsec=1000 submit_queues=2 irqmode=2 size=1024 blocksize=4096 queue_mode=2 \
	hw_queue_depth=32 home_node=0 use_per_node_hctx=0 blocking=1 memory_backed=1 \
	discard=1 cache_size=8 mbps=0 max_sectors=256 virt_boundary=1 zoned=0 power=1
is "$(cat /sys/block/weir0/size)" 2097152 'size is in MB'
is "$(queue logical_block_size) $(queue physical_block_size)" '4096 4096' 'blocksize'
is "$(hw_queues)" 2 'submit_queues'
is "$(awk 'NR > 1 { print $2 }' $debug/weir0/queues | sort -u)" timer 'irqmode=2'
is "$(cat /sys/block/weir0/mq/0/nr_tags)" 32 'hw_queue_depth'
is "$(queue write_cache) $(queue fua)" 'write back 1' 'cache_size: a write cache, with FUA'
is "$(queue max_hw_sectors_kb)" 128 'max_sectors'
holds 'discard' "$(queue discard_max_bytes) > 0"
try 'I/O' fio_verify --direct=1 --bs=4k --size=4m
echo 0 >/sys/kernel/config/weir/weir0/power
[[ ! -e /sys/block/weir0 ]]
ok $? 'power=0: no disk'
for dir in /sys/kernel/config/weir/*/; do
	rmdir "$dir"
done
try 'the module goes' modprobe -r weir_blk

# --- names ---

load nr_devices=0
for name in 'we!r' 'a b' -a .a 'a/../b' a-name-that-is-longer-than-a-disk-s; do
	if mkdir "$conf/$name" 2>/dev/null; then
		ok 1 "refused as a name: $name"
		rmdir "$conf/$name"
	fi
done
refused 'Invalid argument' 'what is no name of a disk' mkdir "$conf/we!r"
like "$(dmesg | tail -n 1)" 'weir_blk: we!r: not the name of a disk' 'and the kernel says why'
try 'any good name' make_disk My_disk-2.x size=64
[[ -b /dev/My_disk-2.x ]]
ok $? 'is that of the disk'
rmdir "$conf/My_disk-2.x"
other=$(basename "$(ls -d /sys/block/nvme*n1)")
refused 'File exists' 'the name of a disk of another driver' make_disk "$other" size=64
is "$(get "$other" power)" 0 'leaves it off'
rmdir "$conf/$other"

# --- power ---

make_disk weir0 size=64 submit_queues=2
for attribute in size blocksize home_node queue_mode irqmode completion_nsec index \
	hw_queue_depth max_sectors mbps cache_size blocking use_per_node_hctx memory_backed \
	discard zoned virt_boundary no_sched shared_tags shared_tag_bitmap fua write_cache \
	read_only rotational; do
	value=$(get weir0 $attribute)
	if said=$(put weir0 $attribute "$value" 2>&1) || [[ $said != *busy* ]]; then
		ok 1 "EBUSY while power is 1: $attribute"
	fi
done
like "$(dmesg | tail -n 1)" 'weir0: rotational cannot change while power is 1' \
	'nothing but queues changes while power is 1'
try 'power=1 twice' put weir0 power 1

pattern=(--rw=write --bs=64k --size=8m --direct=1 --verify=crc32c --do_verify=0)
try 'data' fio_run "${pattern[@]}"
held=$(store pages)
put weir0 power 0
put weir0 power 1
is "$(store pages)" "$held" 'a power cycle keeps the data'
try 'all of it' fio_run --rw=read --bs=64k --size=8m --verify=crc32c --verify_only
put weir0 power 0
put weir0 size 4
put weir0 power 1
is "$(store pages)" 1024 'a smaller disk has only what fits'
try 'that is right' fio_run --rw=read --bs=64k --size=4m --verify=crc32c --verify_only
put weir0 power 0
put weir0 size 3000
put weir0 power 1
is "$(store pages)" 1024 'a larger one has all of it'
is "$(dd if=/dev/weir0 bs=1M skip=4 count=4 status=none | tr -d '\0' | wc -c)" 0 \
	'what was cut off does not come back'

# --- in use ---

# stays HOW: neither power=0 nor rmdir takes it away.
stays()
{
	refused 'busy' "$1: power=0 is refused" put weir0 power 0
	refused 'busy' "$1: rmdir is refused" rmdir "$conf/weir0"
	is "$(get weir0 power)" 1 "$1: power is 1"
}

exec 9</dev/weir0
stays 'open for reading'
like "$(dmesg | tail -n 1)" 'weir0: in use' 'the kernel says why'
try 'and it can be read' dd bs=4k count=1 of=/dev/null status=none <&9
exec 9<&-
mkfs.ext4 -q /dev/weir0
mount /dev/weir0 /mnt
echo kept >/mnt/file
stays mounted
umount /mnt
mount -o ro /dev/weir0 /mnt
stays 'mounted read-only'
is "$(cat /mnt/file)" kept 'the file is there'
umount /mnt
try 'power=0 when it is closed' put weir0 power 0
put weir0 power 1
mount /dev/weir0 /mnt
is "$(cat /mnt/file)" kept 'so is it after that'
umount /mnt
echo 'start=2048' | sfdisk -q /dev/weir0
exec 9</dev/weir0p1
stays 'a partition open'
exec 9<&-
(sleep 0.4) 9</dev/weir0 &
try 'power=0 waits for one who is about to close it' put weir0 power 0
wait
put weir0 power 1
try 'rmdir of one that is on' rmdir "$conf/weir0"
[[ ! -e /sys/block/weir0 && ! -e $debug/weir0 ]]
ok $? 'nothing is left of it'

# --- badblocks, mbps, read_only ---

make_disk weir0 size=64

# shellcheck disable=SC2317 # called by refused and try
rd()
{
	dd if=/dev/weir0 of=/dev/null bs=512 skip="$1" count="$2" iflag=direct status=none
}

# shellcheck disable=SC2317
wr()
{
	dd if=/dev/zero of=/dev/weir0 bs=512 seek="$1" count="$2" oflag=direct status=none
}

wr 0 64
put weir0 badblocks +16-23
put weir0 badblocks +32-32
is "$(get weir0 badblocks)" $'16 8\n32 1' 'badblocks: first sector and length of each'
refused 'Input/output' 'a read of one fails' rd 23 1
refused 'Input/output' 'a write does' wr 16 1
refused 'Input/output' 'and a discard' blkdiscard -o 8192 -l 4096 /dev/weir0
refused 'Input/output' 'so does a page with one in it' \
	dd if=/dev/weir0 of=/dev/null bs=4k skip=4 count=1 iflag=direct
try 'what is beside them is good' rd 0 16
try 'on both sides' wr 24 8
put weir0 badblocks -18-23
is "$(get weir0 badblocks)" $'16 2\n32 1' 'some are good again'
try 'and can be read' rd 18 6
put weir0 power 0
put weir0 power 1
refused 'Input/output' 'they stay over a power cycle' rd 16 1
put weir0 badblocks -0-1000
is "$(get weir0 badblocks)" '' 'all are good'
try 'and all can be read' rd 0 64
failed=$(counter failed)
wr 0 8
is "$(counter failed)" "$failed" 'nothing fails any more'
for ((i = 0; i < 512; i++)); do put weir0 badblocks "+$((2 * i))-$((2 * i))"; done
refused 'No space' 'more than 512 ranges' put weir0 badblocks +5000-5000
try 'but one that joins two' put weir0 badblocks +1-1
rmdir "$conf/weir0"

make_disk weir0 size=64 mbps=20 irqmode=0
start=$(date +%s%N)
dd if=/dev/zero of=/dev/weir0 bs=1M count=40 oflag=direct status=none
took=$((($(date +%s%N) - start) / 1000000))
holds "mbps=20: 40 MiB in $took ms" "took > 1900"
rmdir "$conf/weir0"
make_disk weir0 size=64 mbps=5 poll_queues=1
start=$(date +%s%N)
try 'polled, too' fio_run --ioengine=io_uring --hipri --rw=write --bs=64k --size=20m --iodepth=4 --direct=1
took=$((($(date +%s%N) - start) / 1000000))
holds "mbps=5: 20 MiB in $took ms" "took > 3900"
rmdir "$conf/weir0"
make_disk weir0 size=64 read_only=1
refused 'not permitted' 'read_only' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 oflag=direct
rmdir "$conf/weir0"

# --- shared_tags ---

make_disk weir0 size=64 shared_tags=1 submit_queues=1
make_disk weir1 size=64 shared_tags=1 hw_queue_depth=1 blocking=1
is "$(hw_queues weir0) $(hw_queues weir1) $(get weir0 submit_queues)" '4 4 4' \
	'shared_tags: queues are as the parameters say'
is "$(cat /sys/block/weir1/mq/0/nr_tags)" 64 'and tags'
refused 'Invalid argument' 'whose number does not change' put weir0 submit_queues 2
for i in 0 1; do
	fio_verify --filename=/dev/weir$i --direct=1 --bs=4k --size=8m --ioengine=libaio \
		--iodepth=64 >/tmp/fio.$i 2>&1 &
	pids[i]=$!
done
wait "${pids[0]}" && wait "${pids[1]}"
ok $? 'both take I/O at once'
wait
rmdir "$conf"/weir[01]

# --- live changes ---

# live NAME OPTION OF fio... -- ATTRIBUTE=VALUE...: queues, schedulers and power change.
live()
{
	local name=$1 options=() end changes=0 wrong='' others pid

	shift
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	make_disk weir0 size=256 "$@"
	# fio does not have it open all the time.
	exec 9</dev/weir0
	fio_verify --direct=1 --bsrange=512-64k --size=4m --numjobs=3 --offset_increment=16m \
		--iodepth=16 --time_based --runtime=$seconds --verify_backlog=64 \
		"${options[@]}" >/tmp/fio.log 2>&1 &
	pid=$!
	end=$((SECONDS + seconds))
	while ((SECONDS < end)); do
		for scheduler in none mq-deadline weir; do
			# Turned away while the number of queues changes.
			echo $scheduler >/sys/block/weir0/queue/scheduler
		done
	done 2>/dev/null &
	others=$!
	while ((SECONDS < end)); do
		put weir0 power 0
		rmdir "$conf/weir0"
		sleep 0.1
	done 2>/dev/null &
	others+=" $!"
	while ((SECONDS < end)); do
		cat $debug/weir0/queues
		get weir0 submit_queues
	done >/dev/null &
	others+=" $!"
	while ((SECONDS < end)); do
		for pair in 1:2 3:1 4:3 2:1; do
			put weir0 submit_queues ${pair%:*} && put weir0 poll_queues ${pair#*:} ||
				wrong+="$pair refused; "
			changes=$((changes + 1))
		done
		[[ $(hw_queues) == 3 ]] || wrong+="$(hw_queues) queues; "
	done
	wait $pid
	ok $? "$name: what is written is read" || note "$(tail -n 20 /tmp/fio.log)"
	# shellcheck disable=SC2086 # several
	wait $others
	exec 9<&-
	is "$wrong" '' "$name: every change is made"
	holds "$name: $changes of them" "changes > 8"
	try "$name: no request is lost" at_rest
	is "$(counter failed)" 0 "$name: none failed"
	put weir0 submit_queues 4
	put weir0 poll_queues 0
	is "$(hw_queues) $(get weir0 submit_queues) $(get weir0 poll_queues)" '4 4 0' "$name: as many as asked for"
	rmdir "$conf/weir0"
}

live softirq --ioengine=libaio --
live timer --ioengine=libaio -- irqmode=2 completion_nsec=300000
live 'polled' --ioengine=io_uring --hipri -- poll_queues=1 completion_nsec=100000
live 'shared bitmap' --ioengine=libaio -- shared_tag_bitmap=1 blocking=1

# --- many at once, and what is left ---

# turmoil NAME: everything about one name, over and over.
turmoil()
{
	local end=$((SECONDS + seconds))

	while ((SECONDS < end)); do
		mkdir "$conf/$1"
		put "$1" size $((RANDOM % 64 + 1))
		put "$1" power 1
		put "$1" submit_queues $((RANDOM % 4 + 1))
		dd if=/dev/zero of="/dev/$1" bs=64k count=8 oflag=direct conv=nocreat
		put "$1" power $((RANDOM % 2))
		rmdir "$conf/$1"
	done 2>/dev/null
}
turmoil weir0 & turmoil weir0 & turmoil weir0 & turmoil weir1 &
wait
rmdir "$conf"/weir[01] 2>/dev/null
is "$(ls -d "$conf"/*/ /sys/block/weir* 2>/dev/null)" '' 'four at once on two names leave nothing'

# cycle: a disk with 8 MiB in it comes and goes, in one of several ways.
cycle()
{
	make_disk weir0 size=64 shared_tags=$(($1 % 2)) hw_queue_depth=$((1 << $1 % 7)) || return
	dd if=/dev/zero of=/dev/weir0 bs=1M count=8 oflag=direct status=none || return
	put weir0 badblocks +100-200
	put weir0 submit_queues $(($1 % 3 + 1)) 2>/dev/null
	if (($1 % 3)); then
		put weir0 power 0 || return
		(($1 % 3 == 1)) || put weir0 power 1 || return
	fi
	rmdir "$conf/weir0"
}

# 80 times 8 MiB is 655360 KiB.
gives_back '100 disks come and go' 20 100 1024

for ((i = 0; i < 40; i++)); do
	make_disk weir$i size=64 submit_queues=1 hw_queue_depth=2 || break
done
is $i 40 '40 disks at once'
is "$(cat "$conf"/*/index | sort -n | uniq | wc -l)" 40 'each with an index of its own'
refused 'in use' 'they keep the module' rmmod weir_blk
rmdir "$conf"/weir*
unload
[[ ! -e $conf && ! -e $debug ]]
ok $? 'nothing is left'
done_testing
