#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that what debugfs tells of latencies is so: counts, bytes and percentiles
# beside fio's own, of every operation, on every kind of queue; that a reset loses
# nothing and begins anew, under I/O too; that stats.json is JSON and agrees with
# the queues' counters; and that each tracepoint comes, with its fields. Needs
# nothing special; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --smp 2
no_udev
trace=/sys/kernel/debug/tracing
files=$debug/weir0

# json FILTER: of stats.json, all lines as one array.
json()
{
	jq -s -r "$1" "$files/stats.json"
}

# latency OP COLUMN: of the table.
latency()
{
	awk -v op="$1" -v want="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) col = i; next }
		$1 == op { print col ? $col : "no such column: " want }' "$files/latency"
}

# control FILE VALUE: write it, with one write().
control()
{
	printf '%s\n' "$2" >"$files/$1"
}

# begin PARAMETER...: a disk whose latencies are kept.
begin()
{
	load gb=1 "$@"
	control timing 1
	control reset 1
}

# reads NUMBER FIO OPTION...: that many random reads of 4 KiB.
reads()
{
	local number=$1
	shift

	fio_run --direct=1 --rw=randread --bs=4k --size=64m --number_ios="$number" \
		--percentile_list=50:99:99.9 --output-format=json "$@" >/tmp/fio.json 2>/tmp/fio.log ||
		note "$(tail -n 5 /tmp/fio.json /tmp/fio.log)"
}

# fill: pages that are there, as the short way of a lone page wants them.
fill()
{
	dd if=/dev/zero of=/dev/weir0 bs=1M count=64 oflag=direct status=none
}

# --- off, as it comes ---

load gb=1 irqmode=2
reads 50 --ioengine=psync
is "$(cat $files/timing) $(json 'map(select(.timed > 0)) | length') $(latency read p50_ns)" \
	'0 0 -' 'without timing no latency is kept'
holds 'but requests and bytes are counted' "$(latency read count) >= 50 && $(latency read bytes) >= 50 * 4096"
like "$(cat $files/latency)" 'not kept' 'and the file says so'
is "$(cat $files/media)" '# this disk has no media model' 'media: there is no model'
unload

# --- beside fio ---

# beside NAME NSEC FIO OPTION...: lone reads, due after NSEC.
beside()
{
	local name=$1 nsec=$2 p50 p99 mine50 mine99
	shift 2

	control reset 1
	reads 200 "$@"
	is "$(json 'map(select(.op == "read"))[0] | "\(.count) \(.bytes) \(.timed)"')" \
		"$(jq -r '.jobs[0].read | "\(.total_ios) \(.io_bytes) \(.total_ios)"' /tmp/fio.json)" \
		"$name: as many requests and bytes as fio says, each timed"
	read -r p50 p99 < <(jq -r '.jobs[0].read.clat_ns.percentile | "\(.["50.000000"]) \(.["99.000000"])"' /tmp/fio.json)
	mine50=$(latency read p50_ns)
	mine99=$(latency read p99_ns)
	# A histogram's time is up to 1/64 off; so is fio's. What fio sees is
	# longer, but for the time it takes to begin the next one.
	holds "$name: none is sooner than due (least $(json 'map(select(.op == "read"))[0].buckets[0][0]') ns)" \
		"$(json 'map(select(.op == "read"))[0].buckets[0][0]') * 65 / 64 >= nsec"
	holds "$name: the median is not before it is due ($mine50 ns, $nsec)" "mine50 * 65 / 64 >= nsec"
	holds "$name: and not above fio's ($p50 ns)" "mine50 * 100 <= p50 * 104"
	holds "$name: nor is p99 ($mine99 ns, fio's $p99 ns)" "mine99 * 100 <= p99 * 104"
	holds "$name: the mean is the sum over the number" \
		"$(latency read mean_ns) == $(json 'map(select(.op == "read"))[0] | .sum_ns / .timed | floor')"
}

begin submit_queues=1 poll_queues=1 irqmode=2 completion_nsec=2000000
beside 'timer' 2000000 --ioengine=psync
beside 'poll' 2000000 --ioengine=io_uring --hipri
beside 'timer, 16 at once' 2000000 --ioengine=libaio --iodepth=16
unload
for mode in 0 1; do
	begin irqmode=$mode submit_queues=1
	fill
	beside "irqmode=$mode" 0 --ioengine=psync
	unload
done
begin blocking=1
fill
beside 'blocking' 0 --ioengine=psync
unload

# --- every operation, every counter ---

begin irqmode=2 completion_nsec=100000
before=$(counter requests)
dd if=/dev/zero of=/dev/weir0 bs=64k count=4 oflag=direct conv=fsync status=none
blkdiscard -f -o 0 -l 1m /dev/weir0 2>/dev/null
blkdiscard -f -s -o 0 -l 2m /dev/weir0 2>/dev/null
blkdiscard -f -z -o 0 -l 4m /dev/weir0 2>/dev/null
try 'every operation: no request is lost' at_rest
is "$(json 'map(select(.type == "op") | "\(.op) \(.count) \(.bytes) \(.timed)") | join(", ")')" \
	'read 0 0 0, write 4 262144 4, flush 1 0 1, discard 1 1048576 1, secure_erase 1 2097152 1, write_zeroes 1 4194304 1' \
	'each operation is counted with its bytes, and timed'
is "$(awk 'NR > 1 && NF > 2 { print $1, $2, $3, $4 }' $files/latency | head -n 6 | paste -sd,)" \
	'read 0 0 0,write 4 262144 4,flush 1 0 1,discard 1 1048576 1,secure_erase 1 2097152 1,write_zeroes 1 4194304 1' \
	'the table says the same'
is "$(json 'map(select(.type == "op" and .timed > 0 and .buckets[0][0] * 65 / 64 < 100000)) | length')" 0 \
	'none took less than completion_nsec'
is "$(($(counter requests) - before))" 8 'queues says the same, and is not reset'
fio_run --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw --bsrange=4k-64k --size=8m \
	--offset_increment=16m --numjobs=4 --group_reporting >/tmp/fio.log 2>&1 || note "$(tail -n5 /tmp/fio.log)"
try 'two CPUs: no request is lost' at_rest
is "$(json 'map(select(.type == "op") | .timed) | add') $(json '.[0].completed')" \
	"$(($(counter requests) - before)) $(($(counter completed) - before))" \
	'two CPUs: histograms and counters hold as many'
is "$(json 'map(select(.type == "op") | select(.timed != ([.buckets[][1]] | add + 0))) | length')" 0 \
	'buckets sum up to what was timed'
is "$(json 'map(select(.type == "op") | select([.buckets[][0]] != ([.buckets[][0]] | unique))) | length')" 0 \
	'buckets rise'
is "$(json 'map(select(.type == "op" and .timed > 0) | (.sum_ns / ([.buckets[] | .[0] * .[1]] | add)) | select(. < 1 or . > 1.0313)) | length')" 0 \
	'and agree with the sum'
is "$(wc -l <$files/stats.json) $(json 'length') $(json '.[0].in_flight')" '7 7 0' 'an object a line'

# --- reset ---

json 'map(select(.type == "op")) | tojson' >/tmp/before
for value in 0 2 -1 x '' 1x 11111111111111111111; do
	refused 'Invalid argument' "reset takes no '$value'" control reset "$value"
	like "$(dmesg | tail -n 1)" "weir0: reset is '.*': want a number from 1 to 1" 'and says why'
done
refused 'Invalid argument' 'timing takes no 2' control timing 2
like "$(dmesg | tail -n 1)" "weir0: timing is '2': want a number from 0 to 1" 'and says why'
is "$(json 'map(select(.type == "op")) | tojson')" "$(cat /tmp/before)" 'nothing changed'
resets=$(json '.[0].resets')
control reset 1
is "$(json 'map(select(.type == "op") | .count + .bytes + .timed + .sum_ns + (.buckets | length)) | add')" 0 \
	'after a reset there is nothing'
is "$(json '.[0].resets')" $((resets + 1)) 'but one reset more'

fio_run --direct=1 --ioengine=libaio --iodepth=16 --rw=randrw --bs=4k --size=64m --numjobs=2 \
	--offset_increment=64m --time_based --runtime=300 >/tmp/fio.log 2>&1 &
busy=$!
for ((i = 0, wild = 0; i < 60; i++)); do
	((i % 3)) || control reset 1
	# Less than nothing would be nearly 2^64.
	n=$(json 'map([.. | numbers] | max) | map(select(. > 1e15)) | length')
	wild=$((wild + n))
done
is "$wild" 0 'resets under I/O: no count is less than nothing'
for ((i = 0; i < 40; i++)); do
	control timing $((i % 2))
done
control timing 1
control reset 1
sleep 1
# fio is the child of the function that runs it.
pkill -INT -P "$busy"
wait $busy
try 'timing on and off, and resets, under I/O: no request is lost' at_rest
timed=$(json 'map(select(.type == "op") | .timed) | add')
# What began before timing was on ends untimed.
holds "since the last reset as many are timed as ended ($timed)" \
	"timed > 0 && timed <= $(json '.[0].completed') && timed + 64 >= $(json '.[0].completed')"
control reset 1
reads 100 --ioengine=psync
is "$(json 'map(select(.op == "read"))[0] | "\(.count) \(.timed)"')" '100 100' 'and then just what came'
unload

# --- tracepoints ---

# traced PARAMETER... -- COMMAND...: events of the command in /tmp/trace.
traced()
{
	local parameters=()

	while [[ $1 != -- ]]; do
		parameters+=("$1")
		shift
	done
	shift
	load gb=1 "${parameters[@]}"
	echo >$trace/trace
	echo 1 >$trace/events/weir_blk/enable
	"$@" >/tmp/command.log 2>&1
	sleep 0.2
	echo 0 >$trace/events/weir_blk/enable
	cat $trace/trace >/tmp/trace
}

# events NAME [PATTERN]: how many.
events()
{
	grep -c " $1: .*${2:-}" /tmp/trace
}

# fields EVENT: by name
fields()
{
	sed -n 's/^\tfield:.* \([a-z_]*\);.*/\1/p' "$trace/events/weir_blk/$1/format" | grep -v '^common' | paste -sd' '
}

traced submit_queues=1 irqmode=2 completion_nsec=1000000 -- reads 20 --ioengine=psync
is "$(fields weir_blk_submit)" 'dev hctx tag op sector bytes' 'submit: its fields'
is "$(fields weir_blk_media)" \
	'dev hctx tag op sector bytes media_ns queue_ns cache_ns channel_ns die_ns gc_ns service_ns' 'media: its fields'
is "$(fields weir_blk_complete)" 'dev hctx tag op sector bytes status latency_ns late_ns' 'complete: its fields'
is "$(fields weir_blk_poll)" 'dev hctx found waiting' 'poll: its fields'
is "$(fields weir_blk_timeout)" 'dev hctx tag op sector bytes ours' 'timeout: its fields'
is "$(fields weir_blk_stall)" 'dev hctx tag op sector bytes reason stall_ns' 'stall: its fields'
is "$(events weir_blk_submit 'op=0 .*bytes=4096') $(events weir_blk_complete 'op=0 .*bytes=4096 status=0')" \
	'20 20' 'timer: each read is submitted and completed'
is "$(events weir_blk_poll) $(events weir_blk_timeout) $(json 'map(.timed // 0) | add')" '0 0 0' \
	'timer: none is polled or times out, and traces fill no histogram'
is "$(sed -n 's/.* weir_blk_submit: .*sector=\([0-9]*\) .*/\1/p' /tmp/trace | sort -n | uniq -c | awk '{ print $1 }' | sort -u)" \
	"$(sed -n 's/.* weir_blk_complete: .*sector=\([0-9]*\) .*/\1/p' /tmp/trace | sort -n | uniq -c | awk '{ print $1 }' | sort -u)" \
	'timer: of the same sectors'
is "$(sed -n 's/.* weir_blk_complete: .* latency_ns=\([0-9]*\) .*/\1/p' /tmp/trace | awk '$1 < 1000000' | wc -l)" 0 \
	'timer: none is sooner than due'
is "$(sed -n 's/.* weir_blk_complete: .* late_ns=\([0-9]*\)$/\1/p' /tmp/trace | awk '$1 > 1000000' | wc -l)" \
	"$(events weir_blk_stall reason=0)" 'timer: those late by a millisecond have stalled, and no others'
unload

# shellcheck disable=SC2317 # by traced
filled_reads()
{
	fill
	reads 20 --ioengine=psync
}
traced submit_queues=1 -- filled_reads
is "$(events weir_blk_submit op=0) $(events weir_blk_complete 'op=0 .*status=0 latency_ns=[1-9][0-9]* late_ns=0')" \
	'20 20' 'softirq: each read, with a latency'
reads 20 --ioengine=psync
cp $trace/trace /tmp/trace
is "$(events weir_blk_submit op=0)" 20 'softirq: none once it is off'
if grep -qw function $trace/available_tracers; then
	echo >$trace/trace
	echo weir_watch_submit >$trace/set_ftrace_filter
	echo function >$trace/current_tracer
	reads 20 --ioengine=psync
	is "$(grep -c weir_watch_submit $trace/trace)" 0 'softirq: then no queue is watched any more'
	control timing 1
	reads 20 --ioengine=psync
	is "$(grep -c ' weir_watch_submit ' $trace/trace)" 20 'softirq: with timing each is'
	echo nop >$trace/current_tracer
	echo >$trace/set_ftrace_filter
else
	skip 'the kernel has no function tracer' 'softirq: then no queue is watched any more'
fi
unload

traced submit_queues=1 poll_queues=1 completion_nsec=100000 -- ./ops --park 2000 /dev/weir0
is "$(events weir_blk_poll 'found=1 waiting=0') $(events weir_blk_complete)" '1 1' \
	'poll: a read is found by a poll, once'
stalled=$(sed -n 's/.* weir_blk_stall: .* reason=0 stall_ns=\([0-9]*\)$/\1/p' /tmp/trace)
holds "poll: polled for 2 s late, it has stalled for as long (${stalled:-none} ns)" "${stalled:-0} > 1000000000"
unload

# shellcheck disable=SC2317 # by traced
time_out()
{
	echo 500 >/sys/block/weir0/queue/io_timeout
	dd if=/dev/weir0 of=/dev/null bs=4k count=1 iflag=direct status=none
	echo 30000 >/sys/block/weir0/queue/io_timeout
}
traced submit_queues=1 irqmode=2 completion_nsec=5000000000 -- time_out
is "$(events weir_blk_timeout 'op=0 sector=0 bytes=4096 ours=1') $(events weir_blk_complete 'op=0 sector=0 .*status=[1-9]')" \
	'1 1' 'timeout: a read times out and ends with an error'
unload

# Zeroes that take memory are the worker's, and take their time.
traced submit_queues=1 -- blkdiscard -f -z -l 256m /dev/weir0
is "$(events weir_blk_submit 'op=9 sector=0 bytes=268435456') $(events weir_blk_complete 'op=9 sector=0 .*status=0')" \
	'1 1' 'deferred: submitted and completed'
stalled=$(sed -n 's/.* weir_blk_stall: .* reason=1 stall_ns=\([0-9]*\)$/\1/p' /tmp/trace)
holds "deferred: it has stalled (${stalled:-none} ns)" "${stalled:-0} > 1000000"
unload
done_testing
