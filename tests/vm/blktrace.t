#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that blktrace sees all of a request's way: with a scheduler each is
# queued (Q), has a request got (G), is inserted (I), issued (D) and completed
# (C), once, and that btt makes times of it. Needs a kernel with blktrace;
# about 20 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev
modprobe mq-deadline

# trace FIO OPTION...: fio's 4 KiB requests to 2 MiB, each block once; the events
# of them in /tmp/events as lines "sector action".
trace()
{
	local tracer

	rm -f /tmp/trace.*
	blktrace -d /dev/weir0 -D /tmp -o trace -b 1024 -n 16 >/tmp/blktrace.log 2>&1 &
	tracer=$!
	sleep 1
	fio_run --direct=1 --bs=4k --size=2m "$@" >/tmp/fio.log 2>&1 || note "$(tail -n5 /tmp/fio.log)"
	sleep 0.3
	kill -INT $tracer
	wait $tracer
	blkparse -q -D /tmp -i trace -f '%S %n %a\n' -d /tmp/trace.bin 2>/dev/null |
		awk '$2 == 8 { print $1, $3 }' >/tmp/events
}

# once ACTIONS NAME: each of the 512 blocks has just these, each once.
once()
{
	local wrong

	wrong=$(awk '{ actions[$1] = actions[$1] $2 } END {
			for (sector in actions) {
				n++
				split("", count)
				for (i = 1; i <= length(actions[sector]); i++)
					count[substr(actions[sector], i, 1)]++
				for (i = 1; i <= length(want); i++)
					if (count[substr(want, i, 1)] != 1) break
				if (i <= length(want) || length(actions[sector]) != length(want))
					print "sector " sector ": " actions[sector]
			}
			if (n != 512) print n + 0 " blocks, not 512"
		}' want="$1" /tmp/events | head -n 20)
	is "$wrong" '' "$2"
}

load gb=1 poll_queues=1 irqmode=2 completion_nsec=100000
echo 2 >/sys/block/weir0/queue/nomerges
echo mq-deadline >/sys/block/weir0/queue/scheduler
trace --ioengine=psync --rw=randwrite
once QGIDC 'mq-deadline: each write has Q, G, I, D and C'
# Where it is run it leaves files of its own.
said=$(cd /tmp && btt -i /tmp/trace.bin 2>&1)
for what in Q2Q Q2G G2I I2D D2C Q2C; do
	like "$said" "$what +[0-9.]+ +[0-9.]+ +[0-9.]+ +51[12]"$'\n' "btt has all of them for $what"
done
d2c=$(awk '$1 == "D2C" { print int($3 * 1e9); exit }' <<<"$said")
holds "D2C is completion_nsec or more ($d2c ns)" "d2c >= 100000"

trace --ioengine=libaio --iodepth=32 --rw=randread
once QGIDC 'mq-deadline, 32 at once: each read, too'
echo none >/sys/block/weir0/queue/scheduler
trace --ioengine=psync --rw=randread
once QGDC 'none: Q, G, D and C'
trace --ioengine=io_uring --hipri --rw=randwrite
once QGDC 'polled: Q, G, D and C'
unload
done_testing
