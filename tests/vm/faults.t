#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves each kind of fault rule through the whole driver: status, delay, hold and
# release, timeout, requeue, corruption, misdirection and loss, of data and of
# flushes; that counted rules hit the same requests in each run; that a bad rule
# changes nothing, and is told with its place. Needs nothing special; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev

# rules LINE...: these, and no others.
rules()
{
	printf '%s\n' removeall "$@" >"$conf/weir0/faults/rules"
}

# counts: what each rule has seen and hit.
counts()
{
	sed 's/.*# //' "$conf/weir0/faults/rules" | tr '\n' ' '
}

waiting()
{
	sed -n "s/^$1 //p" "$conf/weir0/faults/waiting"
}

# soon COMMAND...: is it true within some seconds?
soon()
{
	local tries

	for ((tries = 0; tries < 100; tries++)); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

# shellcheck disable=SC2317 # by soon
held_are()
{
	[[ $(waiting hold) == "$1" ]]
}

# The 4 KiB block N of the disk: written with a letter, and what is in it.
write_block()
{
	head -c 4096 /dev/zero | tr '\0' "$2" |
		dd of=/dev/weir0 bs=4k seek="$1" count=1 iflag=fullblock oflag=direct conv=nocreat status=none
}

read_block()
{
	dd if=/dev/weir0 of=/dev/null bs=4k skip="$1" count=1 iflag=direct status=none
}

# letters N: those in the block, each once.
letters()
{
	dd if=/dev/weir0 bs=4k skip="$1" count=1 iflag=direct status=none | tr '\0' 0 | fold -w1 | sort -u | tr -d '\n'
}

ms()
{
	echo $(($(date +%s%N) / 1000000))
}

load nr_devices=0 'faults=add,op=FLUSH,lost;add,op=WRITE,start=8,nr_sectors=8,status=NOSPC,nth=2'
make_disk weir0 size=64
is "$(cat "$debug/weir0/faults")" "$(cat <<'EOT'
add,op=FLUSH,lost # seen=0 hits=0
add,op=WRITE,start=8,nr_sectors=8,status=NOSPC,nth=2 # seen=0 hits=0
EOT
)" 'a disk begins with the rules of the module parameter'
write_block 1 a
refused 'No space left' 'parameter: the second write fails' write_block 1 b
try 'parameter: not the third' write_block 1 c
is "$(letters 1)" c 'which is there'

# --- status ---

problem=''
while read -r status words; do
	rules "add,op=READ,start=0,nr_sectors=1,status=$status"
	said=$(read_block 0 2>&1) && problem+="$status: it succeeds; "
	[[ $said == *"$words"* ]] || problem+="$status: $said; "
done <<'EOT'
IOERR Input/output error
MEDIUM No data available
NOSPC No space left on device
TARGET Remote I/O error
TRANSPORT Link has been severed
TIMEOUT Connection timed out
NOTSUPP Operation not supported
PROTECTION Invalid or incomplete multibyte or wide character
RESV_CONFLICT Invalid exchange
RESOURCE Cannot allocate memory
AGAIN Resource temporarily unavailable
DEV_RESOURCE Device or resource busy
OFFLINE No such device
EOT
is "$problem" '' 'every status is the error that it stands for'

rules 'add,op=WRITE,status=IOERR,nth=2,every=3,times=2'
result=''
for ((i = 0; i < 9; i++)); do
	write_block $((20 + i)) w 2>/dev/null && result+=. || result+='*'
done
is "$result $(counts)" '.*..*.... seen=9 hits=2 ' 'nth=2,every=3,times=2: the second and the fifth'
is "$(letters 21)$(letters 22)" '0w' 'a write that fails has not been done'

rules 'add,op=READ,status=IOERR' 'add,op=READ,start=0,nr_sectors=8,delay_ns=1'
try 'the last rule decides' read_block 0
refused 'Input/output' 'where it does not match, the one before' read_block 1

# sample SEED: which of 60 reads fail.
sample()
{
	rules "add,op=READ,status=MEDIUM,chance=4,seed=$1"
	for ((i = 0; i < 60; i++)); do
		read_block $i 2>/dev/null && printf . || printf '*'
	done
}

one=$(sample 1)
is "$(sample 1)" "$one" 'chance: the same seed, the same requests'
[[ $(sample 2) != "$one" ]]
ok $? 'another seed, others'
hits=$(tr -d . <<<"$one" | tr -d '\n' | wc -c)
holds "about a quarter of them: $hits" 'hits > 5 && hits < 28'

rules 'add,op=FLUSH,status=IOERR,times=1' 'add,op=DISCARD,status=IOERR'
refused 'Input/output' 'a flush fails' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 conv=fsync,nocreat status=none
try 'and the next does not' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 conv=fsync,nocreat status=none
refused 'Input/output' 'so does a discard' blkdiscard -l 4096 /dev/weir0

# --- waiting ---

rules 'add,op=READ,start=0,nr_sectors=8,delay_ns=700000000'
read_block 1
begin=$(ms)
read_block 0
end=$(ms)
holds "delay_ns: the read took $((end - begin)) ms" 'end - begin >= 700'
is "$(counts)" 'seen=1 hits=1 ' 'and it alone was delayed'

write_block 3 o
write_block 4 o
rules 'add,op=WRITE,hold'
write_block 3 n &
first=$!
soon held_are 1
ok $? 'hold: a write waits'
write_block 4 n &
second=$!
soon held_are 2
ok $? 'hold: and a second'
is "$(letters 3)$(letters 4)" oo 'neither is on the disk'
printf 'release,start=32,nr_sectors=8\n' >"$conf/weir0/faults/rules"
wait $second
is "$(letters 3)$(letters 4)" on 'release: the second, by its range'
is "$(waiting hold)" 1 'the first still waits'
echo 'release' >"$conf/weir0/faults/rules"
wait $first
is "$(letters 3)$(letters 4)" nn 'release: all'

# Those that are held now, 64 under the lock at a time, and none that comes meanwhile: the
# same 4,000 come again.
make_disk many size=64 submit_queues=1 hw_queue_depth=4096
echo 2 >/sys/block/many/queue/nomerges

# shellcheck disable=SC2317 # by soon
# many_held: all that the reader has
many_held()
{
	grep -qx 'hold 4000' "$conf/many/faults/waiting"
}

echo 'add,op=READ,hold' >"$conf/many/faults/rules"
fio_run --filename=/dev/many --direct=1 --ioengine=libaio --iodepth=4000 --rw=randread --bs=4k \
	--time_based --runtime=100 >/tmp/said 2>&1 &
reader=$!
soon many_held
ok $? 'hold: four thousand'
for ((round = 0; round < 20; round++)); do
	echo release >"$conf/many/faults/rules"
	soon many_held || break
done
like "$(<"$conf/many/faults/rules")" 'hits=84000$' 'release: those that are held, and none that comes meanwhile'
# Its child: it is a shell.
pkill -TERM -P "$reader"
echo removeall >"$conf/many/faults/rules"
wait "$reader"
put many power 0
rmdir "$conf/many"

# Whoever waits for a request that is held has locks, but not those of release.
modprobe mq-deadline
write_block 3 m &
soon held_are 1
echo mq-deadline >/sys/block/weir0/queue/scheduler &
put weir0 submit_queues 1 &
sleep 0.3
is "$(waiting hold)" 1 'a switch of scheduler and of queues wait for it'
rules
wait
is "$(letters 3) $(hw_queues weir0)" 'm 1' 'removeall lets it go, and all go on'
echo none >/sys/block/weir0/queue/scheduler
put weir0 submit_queues 2

echo 400 >/sys/block/weir0/queue/io_timeout
before=$(counter timeouts)
write_block 5 o
rules 'add,op=WRITE,timeout,times=1' 'add,op=READ,hold,times=1'
refused 'timed out' 'timeout: a write never completes' write_block 5 n
refused 'timed out' 'hold: a read that nobody releases times out' read_block 5
is "$(letters 5) $(($(counter timeouts) - before))" 'o 2' 'neither was done'
echo 30000 >/sys/block/weir0/queue/io_timeout

# --- requeue ---

rules 'add,op=ANY,requeue,every=3' 'add,op=ANY,requeue,chance=5,seed=4'
try 'requeue: what is written is what is read' fio_verify --ioengine=libaio --direct=1 --bs=4k \
	--iodepth=16 --size=2m
like "$(counts)" 'hits=[1-9][0-9]+ .*hits=[1-9][0-9]+ ' 'both rules have hit'
try 'no request is lost' at_rest

# --- wrong data ---

head -c 4096 /dev/urandom >/tmp/good
put_good()
{
	dd if=/tmp/good of=/dev/weir0 bs=4k seek=6 count=1 oflag=direct conv=nocreat status=none
}

get_bad()
{
	dd if=/dev/weir0 of=/tmp/bad bs=4k skip=6 count=1 iflag=direct status=none
	cmp -l /tmp/good /tmp/bad
}

rules 'add,op=WRITE,corrupt=1'
put_good
first=$(get_bad)
is "$(wc -l <<<"$first")" 1 'corrupt=1: one byte of a write is another'
rules 'add,op=WRITE,corrupt=1'
put_good
is "$(get_bad)" "$first" 'the same one each time'
rules 'add,op=WRITE,corrupt=1,seed=9'
put_good
[[ $(get_bad) != "$first" ]]
ok $? 'another with another seed'
rules 'add,op=WRITE,corrupt=4096'
put_good
is "$(get_bad | wc -l)" 4096 'corrupt=4096: every byte of 4 KiB'
rules 'add,op=READ,corrupt=3,times=1'
put_good
is "$(get_bad | wc -l) $(get_bad | wc -l)" '3 0' 'corrupt: of a read, only what is read'
exec 9</dev/weir0 # or the last close would drop the page cache
rules 'add,op=WRITE,corrupt=64'
good=$(head -c 1048576 /dev/urandom | tee /tmp/big | sha256sum)
dd if=/tmp/big of=/dev/weir0 bs=1M seek=8 count=1 conv=fsync,nocreat status=none
is "$(dd if=/dev/weir0 bs=1M skip=8 count=1 status=none | sha256sum)" "$good" \
	'corrupt: the page cache of the writer stays good'
rules
echo 3 >/proc/sys/vm/drop_caches
diff=$(dd if=/dev/weir0 bs=1M skip=8 count=1 iflag=direct status=none | cmp -l /tmp/big - | wc -l)
holds "and what is on the disk is not: $diff bytes" 'diff >= 64'
exec 9<&-

write_block 10 a
write_block 11 b
rules 'add,op=WRITE,misdirect=8,times=1' 'add,op=READ,misdirect=-16,nth=3,times=1'
write_block 10 c
is "$(letters 10)$(letters 11)" ac 'misdirect=8: a write lands a block further'
write_block 9 r
is "$(letters 11)$(letters 11)" rc 'misdirect=-16: a read comes from two blocks before'
rules 'add,op=WRITE,misdirect=-8'
write_block 0 z
rules
is "$(letters 16383)" z 'what would be before the disk is at its end'

write_block 12 o
rules 'add,op=WRITE,lost,times=1' 'add,op=FLUSH,lost'
try 'lost: a write succeeds' write_block 12 n
is "$(letters 12)" o 'and is not there'
try 'lost: a flush succeeds' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 conv=fsync,nocreat status=none
like "$(counts)" 'seen=[0-9]+ hits=1 seen=[1-9][0-9]* hits=[1-9][0-9]* ' 'both rules say so'

# --- text ---

rules 'add,op=READ,start=8,nr_sectors=8,status=IOERR,chance=10,seed=3' 'add,op=ANY,requeue,every=1000'
read_block 2
cat "$conf/weir0/faults/rules" >/tmp/rules
rules
cat /tmp/rules >"$conf/weir0/faults/rules"
is "$(sed 's/ #.*//' "$conf/weir0/faults/rules")" "$(sed 's/ #.*//' /tmp/rules)" \
	'what is read can be written'

problem=''
before=$(cat "$conf/weir0/faults/rules")
while IFS='|' read -r text words; do
	dmesg --clear
	# The shell alone would write this line by line.
	printf '%b\n' "$text" | cat >"$conf/weir0/faults/rules" 2>/dev/null && problem+="$text is taken; "
	[[ $(dmesg --notime) == *"weir0: faults, $words"* ]] || problem+="$text: $(dmesg --notime); "
done <<'EOT'
add,op=REED,status=IOERR|line 1, character 8: expected ANY, READ, WRITE
removeall\nadd,op=READ,lost\nadd,op=READ,chance=0,lost|line 3, character 20: expected a number from 1
add,op=READ,status=EIO|line 1, character 20: expected a name as in BLK_STS
add,op=READ|line 1, character 12: expected status=
remove|line 1, character 1: expected add, removeall or release
EOT
is "$problem" '' 'a bad rule is told with its place'
is "$(cat "$conf/weir0/faults/rules")" "$before" 'and nothing has changed, not even by the lines before it'
for ((i = 0; i < 40; i++)); do
	echo 'add,op=READ,start=8,nr_sectors=8,lost'
done >/tmp/rules
refused 'No space left' 'too many rules' dd if=/tmp/rules of="$conf/weir0/faults/rules" bs=4k status=none
is "$(cat "$conf/weir0/faults/rules")" "$before" 'change nothing'
rmdir "$conf/weir0"
unload
refused 'Invalid argument' 'a bad rule as a parameter' modprobe weir-blk 'faults=add,op=READ'
done_testing
