#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the order of ioprio levels, and the shares of equals, hold for the whole
# device: for readers on different hardware queues, beside a backlog older than any
# expiry, inside the sorted batches of a rotational disk, and where the device is given
# hardly more than one request at a time. By counts of requests on a disk whose one die
# serves all queues, a millisecond a read, in a machine whose time is what it executes.
# Needs nothing special; about a minute, more with WEIR_LONG=1 (longer runs).

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 4 --icount --memory-root
no_udev

run=$(seconds 4 20)

# one_die [ATTRIBUTE=VALUE]...: however many hardware queues the disk has, it reads one
# page after another, 1,000 a second.
one_die()
{
	load nr_devices=0
	make_disk weir0 size=1024 submit_queues=4 hw_queue_depth=64 profile=nvme-tlc \
		channels=1 dies=1 op_permille=0 read_ns=1000000 "$@" ||
		give_up "there is a disk with $*"
	disk=weir0 kind=weir
	attach "$sched"
	# Enough for all: they are to wait in the scheduler, not for one of its tags.
	echo 512 >/sys/block/weir0/queue/nr_requests
	if [[ -w /sys/block/weir0/queue/wbt_lat_usec ]]; then
		echo 0 >/sys/block/weir0/queue/wbt_lat_usec
	fi
}

# power_off: the end of one_die.
power_off()
{
	all_back
	put weir0 power 0
	rmdir "$conf/weir0"
	unload
}

knob()
{
	local file=/sys/block/weir0/queue/iosched/$1

	[[ ! -e $file ]] || echo "$2" >"$file"
}

# of_front FILE: the reads of the disk in that copy of /sys/block/DISK/stat.
of_front()
{
	awk '{ print $1 }' "front.$1.txt"
}

# beside FRONT_OPTION... -- [OPTION]...: the readers of the job front for $run seconds,
# and those of the jobs after "--", who have a second before that to fill the queues.
# Sets $ours, the requests that front got done, $theirs, those of everybody else
# meanwhile, $percent, the part of the latter, and $mean and $p99 of front, in us.
ours=0 theirs=0 percent=0 mean=0 p99=0
beside()
{
	local front=()

	while [[ $1 != -- ]]; do
		front+=("$1")
		shift
	done
	shift
	fio_of --output-format=json --output=/tmp/fio.json --direct=1 --bs=4k --size=64m \
		--norandommap --ioengine=libaio --rw=randread --time_based \
		--runtime=$((run + 1)) "$@" \
		--name=front --startdelay=1 --runtime="$run" "${front[@]}" \
		--exec_prerun="cat /sys/block/weir0/stat" --exec_postrun="cat /sys/block/weir0/stat" \
		>/tmp/fio.log 2>&1 || give_up "fio: ${front[*]} -- $*" "$(tail -n 5 /tmp/fio.log)"
	read -r ours mean p99 < <(jq -r '[.jobs[] | select(.jobname == "front") | .read] |
		[(map(.total_ios) | add), (map(.clat_ns.mean) | add / length / 1000 | floor),
		(map(.clat_ns.percentile["99.000000"]) | max / 1000 | floor)] | @tsv' /tmp/fio.json)
	theirs=$(($(of_front postrun) - $(of_front prerun) - ours))
	percent=$((100 * theirs / (ours + theirs)))
}

# one_die, with its time for a read and what it needs to be busy known to the scheduler.
known_die()
{
	one_die "$@"
	beside --iodepth=32 --cpus_allowed=1 -- --name=warm --cpus_allowed=1 --iodepth=1 --runtime=1
}

# each CPU...: one process on each of these.
each()
{
	local IFS=,

	echo "--numjobs=$#" --cpus_allowed="$*" --cpus_allowed_policy=split
}

rt=(--prioclass=1 --prio=4)
be=(--prioclass=2 --prio=4)
idle=(--prioclass=3)

# Each level on hardware queues of its own. The reader of level RT always has more
# waiting than the device is given, so it is as if it were alone, but for what keeps
# the others from starving.
known_die
beside "${rt[@]}" --cpus_allowed=0 --iodepth=32 --
alone=$ours alone_mean=$mean alone_p99=$p99
# shellcheck disable=SC2207 # options
flood=(--name=be "${be[@]}" --iodepth=64 $(each 1 2 3))
beside "${rt[@]}" --cpus_allowed=0 --iodepth=32 -- "${flood[@]}"
holds "RT and BE on 4 queues: RT reads $ours, alone $alone" "ours * 10 > alone * 8"
holds "RT and BE on 4 queues: in $mean us, alone $alone_mean" "mean < 2 * alone_mean"
holds "RT and BE on 4 queues: p99 $p99 us, alone $alone_p99" "p99 < 2 * alone_p99"
holds "RT and BE on 4 queues: BE progresses ($theirs)" "theirs > 0"
# At depth 1 it leaves the device to others, and waits for the few that they have there.
beside "${rt[@]}" --cpus_allowed=0 --iodepth=1 -- "${flood[@]}"
holds "RT at depth 1 and BE on 4 queues: mean $mean, p99 $p99 us" "p99 < 10000"
# Some of IDLE are to fall into the time that is counted.
knob idle_age_msec 300
# shellcheck disable=SC2046 # options
beside "${be[@]}" --iodepth=16 $(each 0 1) -- --name=idle "${idle[@]}" --iodepth=16 $(each 2 3)
holds "BE and IDLE on queues of their own: IDLE has $percent % ($theirs)" "percent < 10"
holds "BE and IDLE on queues of their own: IDLE progresses" "theirs > 0"
power_off

# A backlog that has waited for longer than its expiry is not more urgent for it.
known_die submit_queues=1
beside "${rt[@]}" --iodepth=16 -- --name=be "${be[@]}" --iodepth=224 --numjobs=2
holds "RT and an old backlog: BE has $percent % ($theirs)" "percent < 10"
holds "RT and an old backlog: BE progresses" "theirs > 0"
beside --prioclass=2 --prio=0 --iodepth=224 -- --name=low --prioclass=2 --prio=7 --iodepth=224
holds "BE 0 and BE 7, both old: BE 7 has $percent % ($theirs)" "percent < 25 && theirs > 0"

# A reader at depth 1 comes back when the device has been given the next request of
# the others already, but no more than that where hardly more than one fits.
knob read_lat_nsec 1000000
beside "${be[@]}" --iodepth=1 --cpus_allowed=0 -- \
	--name=deep "${be[@]}" --iodepth=32 --cpus_allowed=1
holds "depth 1 beside 32: $ours and $theirs" "ours * 100 > (ours + theirs) * 35"
# shellcheck disable=SC2046 # options
beside "${be[@]}" --iodepth=1 --cpus_allowed=0 -- --name=deep "${be[@]}" --iodepth=32 $(each 1 2 3)
holds "depth 1 beside three of 32: $ours and $theirs" "ours * 100 > (ours + theirs) * 17"
power_off

# In the batches of a rotational disk as well.
# What the disk has in its own queue nobody sorts here: half of what they want.
known_die submit_queues=1 rotational=1 hw_queue_depth=32
beside "${be[@]}" --iodepth=16 -- --name=idle "${idle[@]}" --iodepth=16
holds "rotational: IDLE has $percent % beside BE ($theirs)" "percent < 10"
holds "rotational: IDLE progresses" "theirs > 0"
beside "${rt[@]}" --iodepth=16 -- --name=be "${be[@]}" --iodepth=16
holds "rotational: BE has $percent % beside RT ($theirs)" "percent < 10"
holds "rotational: BE progresses" "theirs > 0"
# Two of one level have half each, also if one always has more to choose from. Both have
# more than the disk takes: who has nothing that waits has no say.
beside "${be[@]}" --iodepth=64 -- --name=deep "${be[@]}" --iodepth=224
holds "rotational: of two the deeper one has $percent %" "percent > 35 && percent < 65"
power_off
done_testing
