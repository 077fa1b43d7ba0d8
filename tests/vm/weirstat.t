#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts/weirstat shows what disks and schedulers do while they do it:
# every request once, with latencies that are right, as a table and as JSON; while
# disks come and go; and what is wrong where there is nothing to show. Needs python3
# in the machine; about 40 s. Figures are checked by tests/lab/weirstat.t.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
carry ../../scripts/weirstat ../../scripts/weirlab
in_machine --smp 2
no_udev

# begin OPTION...: weirstat in the background, its output in /tmp/shown.
begin()
{
	python3 ./weirstat "$@" >/tmp/shown 2>/tmp/errors &
	stat=$!
	sleep 2
}

# end: as Ctrl-C does
end()
{
	sleep 2
	kill -INT $stat
	wait $stat
	is "$? $(cat /tmp/errors)" '0 ' "$1: Ctrl-C ends it, and nothing went wrong"
}

# json FILTER: of /tmp/shown, all as one array
json()
{
	jq -s -r "$1" /tmp/shown
}

refused 'no disk of weir-blk' 'no disk: says so' python3 ./weirstat
load gb=1 nr_devices=2 irqmode=2 completion_nsec=1000000
refused 'permission denied' 'not root: says so' setpriv --reuid=65534 --clear-groups python3 ./weirstat
refused 'weir7: neither' 'no such disk: says so' python3 ./weirstat weir7
umount /sys/kernel/debug/tracing 2>/dev/null
umount /sys/kernel/debug
refused 'mount -t debugfs' 'no debugfs: says how' python3 ./weirstat
mount -t debugfs none /sys/kernel/debug
modprobe weir-iosched
echo weir >/sys/block/weir1/queue/scheduler

begin --json --timing --interval 0.5
is "$(cat $debug/weir0/timing) $(cat $debug/weir1/timing)" '1 1' '--timing: latencies are kept'
for disk in weir0 weir1; do
	fio_run --filename=/dev/$disk --direct=1 --ioengine=libaio --iodepth=4 --rw=randread --bs=8k \
		--size=16m --number_ios=400 >/tmp/fio.log 2>&1 || note "$(tail -n5 /tmp/fio.log)"
	dd if=/dev/zero of=/dev/$disk bs=4k count=10 oflag=direct conv=fsync status=none
done
end 'JSON'
is "$(cat $debug/weir0/timing) $(cat $debug/weir1/timing)" '0 0' '--timing: and no longer, after'
is "$(json 'map(.device) | unique | join(" ")')" 'weir0 weir1' 'JSON: both disks'
for disk in weir0 weir1; do
	is "$(json "map(select(.device == \"$disk\").ops) | \"\(map(.read.timed) | add) \(map(.write.timed) | add) \(map(.flush.timed) | add)\"")" \
		'400 10 1' "JSON: each request of $disk once"
	holds "JSON: its rates are those requests over time" \
		"$(json "map(select(.device == \"$disk\") | .ops.read.bytes_per_s * .interval_s) | add / 8192 | round | if . >= 396 and . <= 404 then 1 else 0 end")"
	is "$(json "map(select(.device == \"$disk\").ops.read | select(.timed > 0 and (.p50_ns * 65 / 64 < 1000000 or .p99_ns < .p50_ns or .max_ns < .p99_ns))) | length")" \
		0 'JSON: percentiles are not below completion_nsec, and rise'
done
is "$(json 'map(select(.device == "weir0" and has("scheduler"))) | length')" 0 'JSON: no scheduler where there is none'
is "$(json 'map(select(.device == "weir1") | .scheduler.classes.read.done) | add')" 400 \
	'JSON: the scheduler saw the reads'
is "$(json 'map(select(.device == "weir1").scheduler | select(.phase and .step >= 0 and .depth > 0 and .window_ns > 0)) | length')" \
	"$(json 'map(select(.device == "weir1")) | length')" 'JSON: its window, phase, step and depth'

fio_run --filename=/dev/weir0 --direct=1 --ioengine=libaio --iodepth=4 --rw=randrw --bs=4k --size=16m \
	--time_based --runtime=60 >/tmp/fio.log 2>&1 &
busy=$!
sleep 2
try 'table: three times' python3 ./weirstat --count 3 --timing
python3 ./weirstat --count 2 --timing >/tmp/shown
is "$(awk '$1 == "weir0" && ($2 == "read" || $2 == "write") && $3 > 0 && $5 >= 984 && $6 >= $5' /tmp/shown | wc -l)" 4 \
	'table: reads and writes with their percentiles' || note "$(cat /tmp/shown)"
is "$(awk '$1 == "weir1" && $2 == "sync"' /tmp/shown | wc -l)" 2 'table: the scheduler by class'
is "$(python3 ./weirstat --count 1 weir1 | awk '$1 == "weir0"' | wc -l)" 0 'only the disk that is named'
pkill -INT -P "$busy"
wait $busy

begin --json --interval 0.3
unload
sleep 1
load gb=1 irqmode=2 completion_nsec=1000000
sleep 1
fio_run --direct=1 --ioengine=psync --rw=randread --bs=4k --size=16m --number_ios=50 >/tmp/fio.log 2>&1
end 'the module goes and comes'
holds 'and is shown again' "$(json 'last | if .device == "weir0" then 1 else 0 end')"
holds 'with what it did' "$(json 'map(.ops.read.per_s * .interval_s) | add | round | if . >= 50 then 1 else 0 end')"
unload
done_testing
