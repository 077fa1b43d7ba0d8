#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a disk with a media model is a disk. Under each profile: a file
# system, data verified on interrupt and poll queues, and no request back before
# the model's time. Flush, discard and write-zeroes take theirs. A request that
# times out fails, whether the model has decided it or not. Every number and the
# profile change under I/O, beside elevators, queues, CPUs and another disk that
# come and go. A poll queue that nobody polls holds up no other. Needs 4 CPUs;
# about 2 minutes, 10 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
program ops
in_machine --smp 4 --append sysctl.kernel.hung_task_timeout_secs=60
no_udev
# For settled.
# shellcheck disable=SC2034
disk=weir0 kind=model
files=$debug/weir0
trace=/sys/kernel/debug/tracing
profiles=(hdd sata-ssd nvme-tlc nvme-qlc nvme-nodram nvme-cheap nvme-dc optane cloud)

# gone: the disk has lost nothing, and goes.
gone()
{
	all_back
	try "$kind: it goes" rmdir "$conf/weir0"
}

# rd [DD OPTION]...: one block
# shellcheck disable=SC2317 # called by name
rd()
{
	dd if=/dev/weir0 of=/dev/null bs=4k count=1 iflag=direct status=none "$@"
}

# latency OP COLUMN: of debugfs.
latency()
{
	awk -v op="$1" -v want="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) col = i; next }
		$1 == op { print $col }' "$files/latency"
}

# too_early: the operations whose latencies are less than the model's parts.
too_early()
{
	jq -r 'select(.type == "op" and .timed > 0) |
		select(.sum_ns < ([.parts_ns[]] | add) or ([.parts_ns[]] | add) <= 0) |
		"\(.op): \(.sum_ns) \(.parts_ns)"' "$files/stats.json"
}

# each_late_enough: of the traced requests, how many, and how many came back in
# less than the model's time. A tag has one request at a time.
each_late_enough()
{
	awk '{ split("", f); for (i = 1; i <= NF; i++) if (split($i, kv, "=") == 2) f[kv[1]] = kv[2]
		key = f["hctx"] " " f["tag"] }
		/weir_blk_media:/ { media[key] = f["media_ns"] }
		/weir_blk_complete:/ && key in media {
			n++; early += f["latency_ns"] + 0 < media[key] + 0; delete media[key] }
		END { print n + 0, early + 0 }' "$trace/trace"
}

# --- each profile ---

load nr_devices=0
for profile in "${profiles[@]}"; do
	kind=$profile
	make_disk weir0 size=256 submit_queues=2 poll_queues=1 "profile=$profile"
	ok $? "$profile: a disk" || continue
	cache='write back' rotates=0
	[[ $profile != hdd ]] || rotates=1
	[[ $profile != nvme-dc && $profile != optane && $profile != cloud ]] || cache='write through'
	is "$(get weir0 profile), $(queue write_cache), $(queue rotational)" \
		"$profile, $cache, $rotates" "$profile: says what it is"
	try "$profile: takes a file system" mkfs.ext4 -q /dev/weir0
	mount /dev/weir0 /mnt && cp -r /in /mnt && umount /mnt
	mount /dev/weir0 /mnt && diff -r /in /mnt/in >/dev/null
	ok $? "$profile: and keeps it"
	umount /mnt
	try "$profile: which is sound" fsck.ext4 -fn /dev/weir0
	echo 1 >"$trace/events/weir_blk/weir_blk_media/enable"
	echo 1 >"$trace/events/weir_blk/weir_blk_complete/enable"
	echo >"$trace/trace"
	try "$profile: irq queue" fio_verify --direct=1 --bsrange=512-64k --size=2m \
		--offset=64m --ioengine=libaio --iodepth=16
	try "$profile: poll queue" fio_verify --direct=1 --bsrange=4k-64k --size=2m \
		--offset=64m --ioengine=io_uring --hipri --iodepth=8
	read -r traced early < <(each_late_enough)
	echo 0 >"$trace/events/weir_blk/enable"
	holds "$profile: none of $traced is sooner than the model says ($early)" \
		'traced > 100 && early == 0'
	is "$(too_early)" '' "$profile: nor are all together"
	gone
done

note "profiles: $SECONDS s"

# --- what has a time of its own ---

kind='its times'
make_disk weir0 size=256 poll_queues=1 profile=nvme-tlc flush_ns=30000000 \
	discard_ns=40000000 zeroes_ns=50000000
try 'flush' dd if=/dev/zero of=/dev/weir0 bs=4k count=16 conv=fsync status=none
try 'discard' blkdiscard -o 1048576 -l 1048576 /dev/weir0
try 'write zeroes' blkdiscard -z -o 2097152 -l 1048576 /dev/weir0
for pair in flush:30 discard:40 write_zeroes:50; do
	ms=$(($(latency "${pair%:*}" p50_ns) / 1000000))
	holds "${pair%:*} takes its time ($ms ms)" "ms >= ${pair#*:} - 1 && ms < 2 * ${pair#*:} + 20"
done
put weir0 flush_ns 100000
put weir0 discard_ns 20000
put weir0 zeroes_ns 20000
try 'every operation, byte by byte' ./ops --threads 2 --ops 150 --kib 512 /dev/weir0
try 'polled' ./ops --threads 2 --ops 150 --kib 512 --poll /dev/weir0
try 'discard of all of it' blkdiscard /dev/weir0
is "$(store pages)" 0 'leaves nothing'
gone

note "times: $SECONDS s"

# --- timeouts ---

# late NAME FIO OPTION...: 4 reads; the first is decided, and takes six times the
# block layer's patience; the others wait for its slot.
late()
{
	local name=$1 asked held pid
	shift

	kind=$name
	make_disk weir0 size=64 submit_queues=1 poll_queues=1 profile=nvme-tlc slots=1
	# Only now: looking for partitions took reads, too.
	put weir0 read_ns 1000000000
	put weir0 speed 40
	echo 6000 >/sys/block/weir0/queue/io_timeout
	fio_run --direct=1 --rw=randread --bs=4k --iodepth=4 --io_size=16k --size=1m \
		--continue_on_error=read "$@" >/tmp/fio.log 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		asked=$(counter requests) held=$(counter completed)
		((asked - held >= 4 && $(counter waiting) == 1)) && break
		sleep 0.05
	done
	is "$((asked - held)) $(counter waiting)" '4 1' "$name: one is decided, three are not"
	wait $pid
	is "$(counter timeouts) $(counter failed)" '4 4' "$name: all of them time out" ||
		note "$(tail -n 5 /tmp/fio.log)"
	try "$name: no request is lost" settled
	refused 'timed out' "$name: so does one behind them" rd
	put weir0 speed 1
	put weir0 read_ns 40000
	put weir0 slots 2
	try "$name: another device is as good as new" rd
	try "$name: no request is lost of that" settled
	rmdir "$conf/weir0"
}
late 'timeout' --ioengine=libaio
late 'polled timeout' --ioengine=io_uring --hipri

note "timeouts: $SECONDS s"

# --- a poll queue that nobody polls ---

kind=park
make_disk weir0 size=64 submit_queues=1 poll_queues=1 profile=nvme-tlc slots=1
put weir0 read_ns 1000000000
put weir0 speed 4
./ops --park 20000 /dev/weir0 &
parked=$!
for ((i = 0; i < 100 && $(counter waiting) == 0; i++)); do sleep 0.05; done
start=$(date +%s%N)
asked=$(counter requests)
rd skip=100 &
reader=$!
for ((i = 0; i < 100 && $(counter requests) == asked; i++)); do sleep 0.02; done
is "$(counter waiting)" 1 'a read on an irq queue waits for the slot of one on a poll queue'
wait $reader
took=$((($(date +%s%N) - start) / 1000000))
is "$(counter waiting)" 1 'and is back while that is not'
holds "when its time has come ($took ms)" 'took >= 4000 && took < 20000'
wait $parked
ok $? 'which then is, too'
gone

note "park: $SECONDS s"

# --- live changes ---

# media_files: the attributes of the model, by what may change while the disk is on.
media_files()
{
	local file value

	for file in "$conf"/weir0/*; do
		case ${file##*/} in
		power | badblocks | profile | submit_queues | poll_queues) continue ;;
		# What takes the disk away, or belongs to that.
		remove | power_cut | cut_* | replug | snapshot | history | lose_flushes) continue ;;
		esac
		read -r value <"$file"
		printf '%s\n' "$value" 2>/dev/null >"$file" && echo "${file##*/}"
	done 2>/dev/null
}

# change ATTRIBUTE: to another value and back.
change()
{
	local old other

	read -r old <"$conf/weir0/$1"
	case $1 in
	*_dist) set -- "$1" 'pareto 3' 'table 0:1 1000000:3' ;;
	# What a cap of 1 would hold up for minutes.
	cap_*) set -- "$1" $((old ? old * 2 : 100000)) ;;
	*) set -- "$1" $((old ? old * 2 : 1)) $((old / 2)) $((old - 1)) ;;
	esac
	for other in "${@:2}"; do
		if printf '%s\n' "$other" 2>/dev/null >"$conf/weir0/$1"; then
			printf '%s\n' "$old" >"$conf/weir0/$1"
			return
		fi
	done 2>/dev/null
	return 1
}

# until_end COMMAND...: over and over, behind the test's back.
until_end()
{
	while ((SECONDS < end)); do
		"$@"
	done >/dev/null 2>&1 &
	others+=($!)
}

# shellcheck disable=SC2317 # called by name
schedulers()
{
	local scheduler

	for scheduler in none weir mq-deadline; do
		echo "$scheduler" >/sys/block/weir0/queue/scheduler
		sleep 0.05
	done
}

# shellcheck disable=SC2317 # called by name
queues()
{
	local pair

	for pair in 1:2 3:1 2:2; do
		put weir0 submit_queues "${pair%:*}"
		put weir0 poll_queues "${pair#*:}"
		sleep 0.1
	done
}

# shellcheck disable=SC2317 # called by name
another_disk()
{
	make_disk weir1 size=64 profile=hdd
	dd if=/dev/zero of=/dev/weir1 bs=64k count=4 oflag=direct conv=nocreat
	put weir1 power 0
	rmdir "$conf/weir1"
}

# shellcheck disable=SC2317 # called by name
cpus()
{
	echo 0 >/sys/devices/system/cpu/cpu3/online
	sleep 0.2
	echo 1 >/sys/devices/system/cpu/cpu3/online
	sleep 0.2
}

# shellcheck disable=SC2317 # called by name
look()
{
	cat "$files"/{latency,media,stats.json,queues} "$conf"/weir0/*
	sleep 0.1
}

# live NAME OPTION OF fio...: everything about a disk changes.
live()
{
	local name=$1 end wrong='' others=() changes=0 files file profile pid
	shift

	kind=$name
	make_disk weir0 size=256 submit_queues=2 poll_queues=2 profile=nvme-tlc
	exec 9</dev/weir0
	mapfile -t files < <(media_files)
	holds "$name: ${#files[@]} attributes of the model change live" "${#files[@]} > 45"
	end=$((SECONDS + $(seconds 12 120)))
	fio_verify --direct=1 --bsrange=512-64k --size=4m --numjobs=3 --offset_increment=16m \
		--iodepth=8 --time_based --runtime="$(seconds 12 120)" --verify_backlog=64 \
		"$@" >/tmp/fio.log 2>&1 &
	pid=$!
	until_end schedulers
	until_end queues
	until_end another_disk
	until_end cpus
	until_end look
	while ((SECONDS < end)); do
		for profile in nvme-tlc none hdd cloud optane; do
			put weir0 profile $profile || wrong+="profile $profile is refused; "
			[[ $profile != none ]] || continue
			for file in "${files[@]}"; do
				((SECONDS < end)) || break
				# Not more than outer_mbps, of which other profiles have 1.
				[[ $file != inner_mbps || $profile == hdd ]] || continue
				[[ $profile == nvme-tlc ]] || ((RANDOM % 4 == 0)) || continue
				change "$file" || wrong+="$file under $profile is refused; "
				changes=$((changes + 1))
			done
		done
	done
	wait $pid
	ok $? "$name: what is written is read" || note "$(tail -n 20 /tmp/fio.log)"
	wait "${others[@]}"
	exec 9<&-
	is "$wrong" '' "$name: every change is made"
	holds "$name: $changes numbers changed" 'changes > 10'
	[[ ! -d $conf/weir1 ]] || rmdir "$conf/weir1"
	gone
}
modprobe weir-iosched
live 'live, irq' --ioengine=libaio
live 'live, polled' --ioengine=io_uring --hipri

note "live: $SECONDS s"

# --- together with other things ---

for profile in hdd nvme-tlc; do
	kind="weir on $profile"
	make_disk weir0 size=256 profile=$profile
	echo weir >/sys/block/weir0/queue/scheduler
	is "$(attached)" weir "$kind: is attached"
	try "$kind: what is written is read" fio_verify --direct=1 --bsrange=4k-64k \
		--size=2m --numjobs=2 --offset_increment=16m --ioengine=libaio --iodepth=32
	gone
done

kind=mbps
mkdir "$conf/weir0"
put weir0 mbps 10
put weir0 profile hdd
dmesg --clear
refused 'Invalid argument' 'mbps with a profile' put weir0 power 1
like "$(dmesg)" 'weir0: mbps=10: not 0 with a profile' 'and the log says so'
put weir0 profile none
put weir0 power 1
dmesg --clear
refused 'Invalid argument' 'a profile with mbps' put weir0 profile cloud
like "$(dmesg) $(get weir0 profile)" 'weir0: mbps=10: not 0 with a profile.* none$' \
	'and the log says so, and it is none'
rmdir "$conf/weir0"

# The memory of every kind of device comes back.
cycle()
{
	make_disk weir0 size=1048576 "profile=${profiles[$1 % 6]}" || return
	dd if=/dev/zero of=/dev/weir0 bs=256k count=4 oflag=direct status=none || return
	put weir0 slots $(($1 % 7 + 1)) || return
	put weir0 profile "${profiles[$1 % 5]}" || return
	rmdir "$conf/weir0"
}
# Thirty mappings of 8 MiB are 245760 KiB, twice.
gives_back '42 disks of 1 TiB come and go' 12 42 2048
unload

note "together: $SECONDS s"

# --- by parameters ---

for parameters in 'shared_tags=1' 'blocking=1 poll_queues=1'; do
	kind=$parameters
	# shellcheck disable=SC2086 # several
	load nr_devices=2 gb=1 profile=nvme-tlc seed=5 speed=2 $parameters
	is "$(cat /sys/module/weir_blk/parameters/{profile,seed,speed} | xargs)" 'nvme-tlc 5 2' \
		"$parameters: the parameters say what they are"
	fio_verify --filename=/dev/weir1 --direct=1 --bs=4k --size=2m --ioengine=libaio \
		--iodepth=32 >/tmp/fio.1 2>&1 &
	other=$!
	try "$parameters: one disk" fio_verify --direct=1 --bs=4k --size=2m --ioengine=libaio --iodepth=32
	wait $other
	ok $? "$parameters: and the other, at once" || note "$(tail /tmp/fio.1)"
	try "$parameters: which loses none" at_rest weir1
	all_back
	unload
done
for profile in "${profiles[@]}"; do
	load gb=1 "profile=$profile"
	try "profile=$profile: reads" rd
	unload
done
[[ ! -e $conf && ! -e $debug ]]
ok $? 'nothing is left'
done_testing
