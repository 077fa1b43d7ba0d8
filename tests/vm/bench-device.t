#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts/bench refuses a real disk that anything uses, and that its half
# in scripts/guest gives the disk and the machine back as they were, however it ends.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
carry ../../scripts/{bench,weirlab,guest}
in_machine --smp 2 --drive virtio:1G
no_udev
modprobe -a mq-deadline bfq

disk=$DRIVE1 queue=/sys/block/${DRIVE1##*/}/queue
cat >/tmp/reader.fio <<'JOB'
; weir summary: a reader for a moment
; weir profiles: nvme-tlc
; weir foreground: reader
; weir destroys: no
[reader]
filename=${DEVICE}
direct=1
ioengine=io_uring
rw=randread
time_based
runtime=${TIME}
JOB

# --- who has it ---

# taken NAME: the disk is refused, with status 2, and says that it is in use.
taken()
{
	local said status=0

	said=$(./bench --device "$disk" --out /tmp/none /tmp/reader.fio 2>&1) || status=$?
	like "$status $said" '2 .*is in use: mounted, swapped to' "$1"
}

said=$(./bench --device "${disk}9" --out /tmp/none /tmp/reader.fio 2>&1)
like "$said" 'no such device' 'no such disk'
like "$(./bench --device "$disk" --out /tmp/none /tmp/reader.fio 2>&1)" 'missing: numpy' \
	'a free disk is not refused, but for what is missing here'
# loses SED NAME: a job so changed would lose what is on it, and is not run.
loses()
{
	local said status=0

	sed "$1" /tmp/reader.fio >/tmp/loser.fio
	said=$(./bench --device "$disk" --out /tmp/none /tmp/loser.fio 2>&1) || status=$?
	like "$status $said" "2 .*$2" "$3"
}

loses /destroys/d 'WOULD BE LOST' 'who says nothing is taken to write'
loses 's/destroys: no/destroys: yes/' 'WOULD BE LOST' 'who says that he writes'
loses 's/destroys: no/&\n; weir mount: ext4/' 'WOULD BE LOST' 'a file system is made'
loses 's/destroys: no/destroys: No/' "destroys is 'No': want yes or no" 'no other word'
mkfs.ext4 -q "$disk"
mount "$disk" /mnt
taken 'mounted'
umount /mnt
mkswap "$disk" >/dev/null 2>&1
swapon "$disk"
taken 'swapped to'
swapoff "$disk"
sfdisk -q "$disk" <<<'2048,262144' >/dev/null 2>&1
partprobe "$disk"
mkfs.ext4 -q "${disk}1"
mount "${disk}1" /mnt
taken 'a part of it mounted'
like "$(./bench --device "${disk}1" --out /tmp/none /tmp/reader.fio 2>&1)" 'want a whole disk' \
	'a part of a disk'
umount /mnt
like "$(./bench --device "$disk" --out /tmp/none /tmp/reader.fio 2>&1)" 'missing: numpy' \
	'and free again'
is "$(setpriv --reuid=65534 --clear-groups ./bench --device "$disk" --out /tmp/none /tmp/reader.fio 2>&1)" \
	'bench: --device wants root' 'not root'
try 'who is refused leaves nothing' test ! -e /tmp/none

# --- what it gives back ---

# plan LINE...: with tabs for blanks; then one case that runs as long as TIME says.
plan()
{
	printf '%s\n' "device $disk" "$@" 'seed 1' 'job /tmp/reader.fio' "case all TIME=$time -" |
		tr ' ' '\t' >/tmp/plan
	rm -rf /tmp/results
}

# state: of the disk and the machine.
state()
{
	cat "$queue/scheduler" "$queue/wbt_lat_usec" "$queue/nr_requests"
	grep -c bench-dir /proc/mounts
	ls -d /run/bench-dir /sys/fs/cgroup/readers 2>&1
	cat /sys/fs/cgroup/cgroup.subtree_control
	pgrep -x 'fio|blktrace'
}

echo mq-deadline >"$queue/scheduler"
echo 3000 >"$queue/wbt_lat_usec"
before=$(state)
time=300ms
plan 'scheduler none wbt_lat_usec=0 nr_requests=16' 'mount ext4' 'group readers 300' 'trace'
try 'runs a case on a real disk' bash guest/bench /tmp/plan /tmp/results
is "$(awk '$1 == "wbt_lat_usec" { print $2 }' /tmp/results/all/scheduler.txt)" 0 'as the plan says'
like "$(<"/tmp/results/all/scheduler.txt")" '\[none\]' 'with that scheduler'
holds 'which did something' "$(sed -n '/^{/,$p' /tmp/results/all/fio.json | jq '.jobs[0].read.total_ios')"
holds 'and was traced' "$(stat -c %s /tmp/results/all/trace.blktrace.0)"
is "$(state)" "$before" 'and gives all back'

echo none >"$queue/scheduler"
echo 64 >"$queue/nr_requests"
before=$(state)
plan 'scheduler mq-deadline'
try 'with a scheduler, which begins with more requests' bash guest/bench /tmp/plan /tmp/results
is "$(state)" "$before" 'gives back how many there were'
plan 'scheduler mq-deadline nr_requests=17'
try 'with fewer' bash guest/bench /tmp/plan /tmp/results
is "$(state)" "$before" 'gives back how many there were, too'
echo mq-deadline >"$queue/scheduler"
before=$(state)

plan 'scheduler none' readonly
sed -i 's/^rw=randread/rw=randwrite/' /tmp/reader.fio
sum=$(md5sum <"$disk")
bash guest/bench /tmp/plan /tmp/results >/tmp/said 2>&1
is $? 1 'whoever says that it only reads cannot write'
is "$(md5sum <"$disk")" "$sum" 'and did not'
sed -i 's/^rw=randwrite/rw=randread/' /tmp/reader.fio

for signal in TERM INT HUP; do
	time=60s
	plan 'scheduler bfq low_latency=0' 'mount ext4' 'group readers 300' 'trace'
	# A shell of its own, for which SIGINT is not ignored.
	setsid python3 -c 'import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp("bash", ["bash", "guest/bench", "/tmp/plan", "/tmp/results"])' >/tmp/said 2>&1 &
	bench=$!
	for ((i = 0; i < 100; i++)); do
		! pgrep -x fio >/dev/null || break
		sleep 0.1
	done
	like "$(<"$queue/scheduler")" '\[bfq\]' 'while it runs it is that scheduler'
	kill -s $signal "$bench"
	began=$SECONDS
	wait "$bench"
	is "$?" $((128 + $(kill -l $signal))) "SIG$signal ends it"
	holds 'at once' $((SECONDS - began < 20))
	is "$(state)" "$before" 'and it gives all back'
done

plan 'scheduler none nr_requests=many'
refused 'none refuses nr_requests=many' 'a setting that is none' bash guest/bench /tmp/plan /tmp/results
is "$(state)" "$before" 'gives all back, too'
plan 'scheduler nosuch'
refused 'no scheduler nosuch' 'a scheduler that is none' bash guest/bench /tmp/plan /tmp/results
is "$(state)" "$before" 'and it, too'
echo bfq >"$queue/scheduler"
rm "/lib/modules/$(uname -r)/modules.dep.bin" "/lib/modules/$(uname -r)/modules.dep"
time=100ms
plan 'scheduler mq-deadline'
try 'a scheduler that is there needs no modprobe' bash guest/bench /tmp/plan /tmp/results
done_testing
