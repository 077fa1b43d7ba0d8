#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts/trace records disks of weir-blk, of others, and partitions,
# that its averages are btt's on the same trace, and that it leaves no trace on
# the device, however it ends. About a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
carry ../../scripts/trace ../../scripts/weirlab
in_machine --smp 2 --drive virtio:1G
no_udev
modprobe mq-deadline

# traced FOLDER DEVICE FIO OPTION...: each block once, so that btt, too, can tell
# the requests apart.
traced()
{
	local folder=$1 device=$2

	shift 2
	try "traces $device: $*" python3 ./trace --out "/tmp/$folder" "$device" -- \
		fio --name=job --filename="$device" --output=/tmp/fio.log --randseed=7 --size=8m "$@"
}

# json FOLDER FILTER: of its trace.json
json()
{
	jq -r "$2" "/tmp/$1/trace.json"
}

# events FOLDER "ACTION RWBS": how many blkparse counts of those.
events()
{
	blkparse -q -D "/tmp/$1" -i trace -f '%a %d\n' 2>/dev/null | grep -c "^$2$"
}

# as_btt FOLDER PHASE...: these are the phases, with the averages that btt makes of
# the same files here, to its nanosecond. (It calls some of a virtio disk Q2Qdm.)
as_btt()
{
	local folder=$1 said wrong

	shift
	blkparse -q -O -D "/tmp/$folder" -i trace -d /tmp/merged.bin >/dev/null 2>&1
	# Where it is run it leaves files of its own.
	said=$(cd /tmp && btt -i /tmp/merged.bin 2>/dev/null |
		awk '/= All Devices =/ { on = 1; next } /^=/ { if (n) exit } on && NF == 5 && sub(/^[A-Z]2[A-Z](dm)?$/, substr($1, 1, 3), $1) {
			n++; printf "%s %.0f %.0f %.0f %d\n", $1, $2 * 1e9, $3 * 1e9, $4 * 1e9, $5 }')
	is "$(cut -d' ' -f1 <<<"$said" | sort | xargs)" "$(printf '%s\n' "$@" | sort | xargs)" \
		"$folder: btt has the phases that are wanted"
	wrong=$(join <(sort <<<"$said") <(json "$folder" '.phases | to_entries[] |
			"\(.key) \(.value | "\(.min_ns) \(.mean_ns) \(.max_ns) \(.count)")"' | sort) |
		awk '{ n++; d = $3 - $7; if ($2 != $6 || d > 1 || d < -1 || $4 != $8 || $5 != $9) print }
			END { if (n != want) print n + 0 " phases in common, not " want }' want=$#)
	is "$wrong" '' "$folder: minimum, mean, maximum and count are btt's"
	is "$(json "$folder" '.btt | keys | join(" ")')" "$(cut -d' ' -f1 <<<"$said" | sort | xargs)" \
		"$folder: and btt's are in trace.json"
}

# clean DISK: no trace is left on it
clean()
{
	is "$(cat "/sys/block/$1/trace/enable")" 0 "$2"
}

# begun DISK: wait until there is a trace on it.
begun()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		[[ $(cat "/sys/block/$1/trace/enable") != 1 ]] || break
		sleep 0.1
	done
	# Its threads have their files.
	sleep 1
}

load gb=1 profile=nvme-tlc seed=3
disk=$DRIVE1 name=${DRIVE1##*/}

traced weir /dev/weir0 --direct=1 --ioengine=libaio --iodepth=8 --rw=randrw --bs=4k
as_btt weir D2C Q2C Q2G Q2Q
is "$(json weir '"\(.simulated), \(.device), \(.scheduler), \(.dropped), \(.missing_events)"')" \
	'profile nvme-tlc, seed 3, weir0, none, 0, 0' 'what it was recorded on'
is "$(json weir '"\(.finished_bios) \(.counts.unfinished) \(.by_process[0].process) \(.absent | join(" "))"')" \
	'2048 0 fio G2I I2D' 'all of fio, and no inserts with none'
is "$(json weir '.by_operation | map(.operation) | sort | join(" ")')" 'read write' 'reads and writes'
holds 'D2C is longer than the reads of the model can be' \
	"$(json weir '.by_operation[] | select(.operation == "read") | if .phases.D2C.min_ns > 20000 then 1 else 0 end')"
clean weir0 'the trace is off the disk'

echo mq-deadline >/sys/block/weir0/queue/scheduler
traced merged /dev/weir0 --direct=1 --ioengine=libaio --iodepth=32 --iodepth_batch=32 --rw=write --bs=4k
as_btt merged D2C G2I I2D M2D Q2C Q2G Q2M Q2Q
is "$(json merged .merges.back)" "$(events merged 'M .*')" 'as many merges as blkparse counts'
holds 'and there were some' "$(json merged '.merges.back')"
holds 'the phases are all of the time' "$(json merged '[.budget[].share] | add | if . > 0.999999 and . < 1.000001 then 1 else 0 end')"
is "$(json merged '.over_time.D2C | map(add) | add')" 2048 'the heat map has all of them'

traced flushed /dev/weir0 --ioengine=psync --rw=write --bs=64k --fsync=16
is "$(json flushed '.by_operation[] | select(.operation == "flush") | "\(.bios) \(.phases.D2C.count)"')" \
	"$(events flushed 'Q FWS') $(events flushed 'Q FWS')" 'as many flushes as blkparse counts'
holds 'and there were some' "$(events flushed 'Q FWS')"
is "$(json flushed '.counts.unfinished')" 0 'and all are completed'

echo none >"/sys/block/$name/queue/scheduler"
traced virtio "$disk" --direct=1 --ioengine=libaio --iodepth=8 --rw=randread --bs=4k
as_btt virtio D2C Q2C Q2G Q2Q
is "$(json virtio '"\(.simulated) \(.device) \(.finished_bios)"')" "null $name 2048" 'virtio: nothing is simulated'

echo 64 >"/sys/block/$name/queue/max_sectors_kb"
traced split "$disk" --direct=1 --ioengine=psync --rw=read --bs=256k
is "$(json split '"\(.finished_bios) \(.counts.splits) \(.phases.Q2C.count) \(.phases.D2C.count) \(.counts.unfinished)"')" \
	'32 96 32 128 0' 'split in four: a bio ends with its last part'

sfdisk -q "$disk" <<<'2048,262144' >/dev/null 2>&1
partprobe "$disk" 2>/dev/null
traced part "${disk}1" --direct=1 --ioengine=psync --rw=randread --bs=4k --number_ios=100
like "$(json part '.what')" "partition 1 of $name" 'a partition: says what is traced'
is "$(json part '"\(.device) \(.disk) \(.finished_bios)"')" "${name}1 $name 100" 'and has what went there'
fio --name=job --filename="$disk" --direct=1 --rw=randread --bs=4k --size=8m --time_based --runtime=60 \
	--output=/tmp/fio.log &
busy=$!
try 'for some time' python3 ./trace --out /tmp/timed --seconds 2 "$name"
kill -INT $busy
wait $busy
holds 'has what happened then' "$(json timed 'if .finished_bios > 0 and .duration_s < 5 then 1 else 0 end')"
cp /tmp/timed/trace.json /tmp/before
try 'reads it again' python3 ./trace --read /tmp/timed
try 'and finds the same' cmp /tmp/before /tmp/timed/trace.json

python3 ./trace --out /tmp/killed weir0 -- sleep 100 >/tmp/said 2>&1 &
tracer=$!
begun weir0
is "$(cat /sys/block/weir0/trace/enable)" 1 'while it runs there is a trace'
kill -TERM $tracer
wait $tracer
is "$?" 143 'SIGTERM ends it'
clean weir0 'and leaves no trace on the disk'
try 'nor a folder, nor the command' bash -c '! pgrep -x sleep && [[ ! -e /tmp/killed ]]'

python3 ./trace --out /tmp/killed weir0 -- sleep 100 >/tmp/said 2>&1 &
tracer=$!
begun weir0
kill -KILL $tracer
wait $tracer 2>/dev/null
for ((tries = 0; tries < 50; tries++)); do
	pgrep -x blktrace >/dev/null || break
	sleep 0.1
done
clean weir0 'SIGKILL: blktrace ends with it, and takes its trace off the disk'
python3 ./trace --out /tmp/other weir0 -- sleep 100 >/tmp/said 2>&1 &
tracer=$!
begun weir0
refused "is being traced already, by process $(pgrep -x blktrace)" 'one at a time: says who has it' \
	python3 ./trace --out /tmp/second weir0 --seconds 1
kill -TERM $tracer
wait $tracer 2>/dev/null
clean weir0 'and whoever had it ends as ever'
rm -rf /tmp/third
python3 ./trace --out /tmp/third weir0 -- sleep 100 >/tmp/said 2>&1 &
tracer=$!
begun weir0
# Or it would clear up after blktrace.
kill -STOP $tracer
pkill -KILL -x blktrace
kill -KILL $tracer
wait $tracer 2>/dev/null
pkill -x sleep
refused 'blktrace -d /dev/weir0 -k' 'blktrace itself was killed: says how to remove its trace' \
	python3 ./trace --out /tmp/second weir0 --seconds 1
try 'as it says' blktrace -d /dev/weir0 -k
echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/one
echo 0 >/sys/fs/cgroup/one/cpuset.cpus
# shellcheck disable=SC2016 # for the shell inside
refused 'echo $$ >/sys/fs/cgroup/cgroup.procs' 'not on all CPUs: says what to do' bash -c \
	'echo $$ >/sys/fs/cgroup/one/cgroup.procs && python3 ./trace --out /tmp/second weir0 --seconds 1'
clean weir0 'and leaves no trace on the disk'
cp "$(command -v dd)" $'/tmp/\xff\n\e[1m'
try 'a name that is no UTF-8, and no line' bash -c 'python3 ./trace --out /tmp/odd weir0 -- "$@" \
	>/tmp/said && grep -qF "\xff\n\x1b[1m (" /tmp/said' - $'/tmp/\xff\n\e[1m' if=/dev/weir0 of=/dev/null \
	bs=4k count=9 iflag=direct
is "$(json odd .finished_bios)" 9 'is traced, after all that'
try 'no file of btt stays' bash -c '! ls -- *_fp.dat /tmp/*/*_fp.dat 2>/dev/null'
refused 'ended with status 7' 'a command that fails' python3 ./trace --out /tmp/failing weir0 -- \
	bash -c 'dd if=/dev/weir0 of=/dev/null bs=4k count=9 iflag=direct; exit 7'
is "$(json failing .finished_bios)" 9 'is traced all the same'
refused "'nosuch'" 'no such command' python3 ./trace --out /tmp/nosuch weir0 -- nosuch
clean weir0 'no trace of that'
refused 'not empty' 'a folder that is taken' python3 ./trace --out /tmp/weir weir0 --seconds 1
refused 'needs root' 'not root: says so' setpriv --reuid=65534 --clear-groups \
	python3 ./trace weir0 --seconds 1
refused 'blktrace is not installed' 'no blktrace: says so' unshare --mount bash -c \
	'mount --bind /dev/null /usr/sbin/blktrace && python3 ./trace weir0 --seconds 1'
unshare --mount bash -c 'mount --bind /dev/null /usr/sbin/blktrace && python3 ./trace weir0 --seconds 1' 2>/dev/null
is $? 3 'with its own status'
unload
done_testing
