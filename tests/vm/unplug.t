#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a disk can be taken away while it is in use, as a cable is pulled: with
# requests that wait in a slow media model, for a timer, for a poll, and for a
# scheduler; mounted, and mapped. All fails with EIO and soon, nothing hangs, nothing is
# leaked, and the disk comes back with its data. And that while one disk waits for its
# requests another's attributes can be read. Needs nothing special; about a minute.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program ops
in_machine --smp 2
no_udev
modprobe dm-mod

# pull ATTRIBUTE VALUE: and it is over within some seconds.
pull()
{
	timeout 20 bash -c "echo '$2' >$conf/a/$1"
}

# readers: many, that go on until they fail. A disk that was taken away has no size, and a
# read behind its end brings no byte and no error: fio's libaio then goes on for ever where
# it had nothing under way at that moment, its psync says EIO, and ends all.
readers()
{
	local looked before i

	read -r looked _ </sys/block/a/stat
	fio --filename=/dev/a --direct=1 --rw=randread --bs=4k --time_based --runtime=100 \
		--exitall_on_error --output-format=terse \
		--name=deep --ioengine=libaio --iodepth=32 --numjobs=2 \
		--name=single --ioengine=psync >/tmp/fio.log 2>&1 &
	reader=$!
	for ((i = 0; i < 200; i++)); do
		read -r before _ </sys/block/a/stat
		((before <= looked)) || break
		sleep 0.1
	done
}

# fell NAME: the readers have failed, with EIO, and the disk is off.
fell()
{
	local status=0

	timeout 20 tail --pid=$reader -f /dev/null || status=1
	is $status 0 "$1: its readers do not hang"
	wait $reader
	holds "$1: they fail" "$? != 0"
	like "$(cat /tmp/fio.log)" 'Input/output error|error=5|No such device' "$1: with EIO"
	is "$(get a power)" 0 "$1: power is 0"
	try "$1: the directory goes" rmdir $conf/a
}

load nr_devices=0
sched=(none mq-deadline)
number=0
# Who looks for partitions waits as long as all others.
for parameters in 'irqmode=1' 'irqmode=2 completion_nsec=1000000000' 'profile=hdd speed=500' \
	'profile=nvme-tlc speed=10000' 'memory_backed=0 mbps=1'; do
	# shellcheck disable=SC2086
	make_disk a size=256 $parameters
	echo "${sched[number++ % 2]}" >/sys/block/a/queue/scheduler
	readers
	refused 'busy' "$parameters: power=0 is refused" bash -c "echo 0 >$conf/a/power"
	try "$parameters: it is taken away" pull remove 1
	fell "$parameters"
done

# Nobody polls.
make_disk a size=64 poll_queues=1 completion_nsec=5000000000
./ops --park 3000 /dev/a >/tmp/park.log 2>&1 &
parked=$!
sleep 1
try 'poll: power accepts 0 force' pull power '0 force'
timeout 10 tail --pid=$parked -f /dev/null
ok $? 'poll: who has parked a request there has it back'
wait $parked
like "$(cat /tmp/park.log)" 'Input/output error' 'poll: with EIO'
rmdir $conf/a

# Mounted, and the data is there again.
make_disk a size=256
mkfs.ext4 -q /dev/a
mount /dev/a /mnt
echo precious >/mnt/file
sync
readers
try 'mounted: it is taken away' pull remove 1
fail=0
timeout 20 dd if=/dev/zero of=/mnt/more bs=64k count=64 conv=fsync status=none 2>/tmp/dd.log && fail=1
is $fail 0 'mounted: a write with fsync fails'
like "$(cat /tmp/dd.log)" 'Input/output error|Read-only file system' 'mounted: with EIO'
timeout 20 tail --pid=$reader -f /dev/null
ok $? 'mounted: its readers do not hang'
wait $reader
refused '' 'mounted: rmdir is refused as long as it is' rmdir $conf/a
try 'mounted: it can be unmounted' timeout 20 umount /mnt
put a power 1
try 'it comes back' mount /dev/a /mnt
is "$(cat /mnt/file)" precious 'with what was durable'
umount /mnt

# Mapped.
# udev is kept out of this, and would be waited for.
dmsetup create --noudevsync --noudevrules over --table "0 131072 linear /dev/a 0"
dmsetup mknodes over
try 'mapped: it is taken away' pull remove 1
refused 'Input/output error' 'mapped: a read fails' timeout 20 dd if=/dev/mapper/over of=/dev/null bs=4k count=1 iflag=direct
refused 'Input/output error' 'mapped: so does a write' timeout 20 dd if=/dev/zero of=/dev/mapper/over bs=4k count=1 oflag=direct
try 'mapped: the mapping goes' dmsetup remove --noudevsync --noudevrules over
try 'and the directory' rmdir $conf/a

# A disk that waits for its requests, and another.
make_disk a size=64 submit_queues=2 irqmode=2 completion_nsec=4000000000
make_disk b size=65
dd if=/dev/a of=/dev/null bs=4k count=1 iflag=direct status=none &
sleep 0.5
put a submit_queues 1 &
sleep 0.5
is "$(timeout 2 cat $conf/b/size)" 65 'one that waits does not hold up who reads another'
wait
is "$(get a submit_queues)" 1 'and gets there'
put a power 0
rmdir $conf/a $conf/b

# What it says of itself follows the profile.
make_disk a size=64
is "$(queue rotational a) $(queue write_cache a)" '0 write back' 'as it was made'
put a profile hdd
is "$(queue rotational a)" 1 'a hard disk rotates'
holds 'its write-zeroes are short' "$(queue write_zeroes_max_bytes a) == 32 << 20"
put a profile optane
is "$(queue rotational a) $(queue write_cache a)" '0 write through' 'optane has no cache'
put a profile none
is "$(queue rotational a) $(queue write_cache a)" '0 write back' 'and back again'
put a power 0
rmdir $conf/a

cycle()
{
	make_disk a size=64 irqmode=2 completion_nsec=300000000 && {
		dd if=/dev/a of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null &
		sleep 0.1
		pull remove 1
		wait
		rmdir $conf/a
	}
}
gives_back 'thirty times taken away' 5 30 512
unload
done_testing
