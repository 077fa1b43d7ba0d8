#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the times of the media model are those a user sees: alone, nvme-tlc
# and optane read in what their numbers add up to; a flash of 2 x 2 dies gives four
# times at depth 4 what it gives at depth 1, and no more at depth 16; on poll queues
# alike. In virtual time, so slow that the machine's own time is below 1 %.
# scripts/bench-model does all of it at length. Needs nothing special; about 40 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --icount
modprobe configfs
load nr_devices=0
no_udev

readonly common=(memory_backed=0 size=1024 submit_queues=1 poll_queues=1)

# measure FIELD IOS FIO-OPTION...: an integer, of jobs[0].read in fio's words.
measure()
{
	local field=$1 ios=$2
	shift 2

	fio_run --filename=/dev/model --direct=1 --ioengine=io_uring --norandommap --thread \
		--io_size=$((ios * 4))k --bs=4k --output-format=json "$@" >/tmp/fio.json 2>/tmp/fio.log ||
		note "$(tail -n 5 /tmp/fio.json /tmp/fio.log)"
	jq ".jobs[0].read.$field | floor" /tmp/fio.json
}

# near NAME HAVE WANT: within 2 %.
near()
{
	holds "$1: $2, the numbers give $3" "${2:-0} * 100 >= $3 * 98 && ${2:-0} * 100 <= $3 * 102"
}

# The command, the page, its way over the channel (1400 MB/s) and the bus (7000
# MB/s); optane: no channel's, the bus 2400 MB/s. All constant, in ns.
alone()
{
	local profile=$1 speed=$2 ns=$3 queue poll

	make_disk model "${common[@]}" profile="$profile" speed="$speed" read_dist=constant ||
		done_testing
	for queue in irq poll; do
		poll=()
		[[ $queue == irq ]] || poll=(--hipri)
		near "$profile alone, $queue, ns" \
			"$(measure lat_ns.mean 100 --rw=randread "${poll[@]}")" $((ns * speed))
	done
	put model power 0
	rmdir $conf/model
}
alone nvme-tlc 50 $((1000 + 40000 + 4096 * 1000 / 1400 + 4096 * 1000 / 7000))
alone optane 300 $((1000 + 5500 + 4096 * 1000 / 2400))

# In sequence, a stripe is a page: each die in turn. 10 ms a page.
make_disk model "${common[@]}" profile=nvme-tlc channels=2 dies=2 stripe_kib=4 page_kib=4 \
	command_ns=0 bus_mbps=0 channel_mbps=0 read_ns=10000000 read_dist=constant || done_testing
echo 2 >/sys/block/model/queue/nomerges
one=$(measure iops 50 --rw=read)
near 'one die, I/Os a second' "$one" 100
four=$(measure iops 400 --rw=read --iodepth=4)
near 'depth 4 on 2 x 2 dies' "$four" 400
near 'depth 16' "$(measure iops 800 --rw=read --iodepth=16)" 400
near 'depth 16, polled' "$(measure iops 80 --rw=read --iodepth=16 --hipri)" 400
at_rest model
ok $? 'all came back'
put model power 0
rmdir $conf/model
unload
done_testing
