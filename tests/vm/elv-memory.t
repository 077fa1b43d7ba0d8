#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the elevator needs no memory to make progress, and loses nothing
# when there is none: the machine swaps to its disk, on every kind of device, and
# what was swapped comes back as it was; processes are killed for lack of memory
# while I/O goes on, which is verified. Needs a machine of 640 MiB (and an emulated
# NVMe and virtio drive); about a minute, 6 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
program hog
machine_with_all --smp 2 --mem 640
group=/sys/fs/cgroup/hog

# hog MIB SECONDS: a process in $group that uses that much and checks it.
# shellcheck disable=SC2317 # by try
hog()
{
	bash -c "echo \$\$ >$group/cgroup.procs && exec ./hog $1 $2"
}

pages()
{
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

echo '+memory' >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
for one in "${kinds[@]}"; do
	set_up "$one"
	note "$kind: $(free -m | sed -n 2p)"

	# A part of the disk to swap to, and one for I/O beside it.
	try "$kind: it has two parts" sfdisk -q --label gpt "/dev/$disk" <<-'EOT'
		size=256MiB
		size=64MiB
	EOT
	mapfile -t parts < <(lsblk -rno NAME "/dev/$disk" | tail -n +2)
	swap=/dev/${parts[0]}
	try "$kind: it is swapped to" bash -c "mkswap -q $swap && swapon $swap" ||
		give_up 'swap is on'

	# Half of what it needs is on the disk, always. The limit is one that slows down
	# and never kills, however long the disk takes.
	out=$(pages pswpout) in=$(pages pswpin)
	echo 24M >$group/memory.high
	try "$kind: memory beyond memory comes back as it was" hog 48 "$(seconds 3 40)"
	out=$(($(pages pswpout) - out)) in=$(($(pages pswpin) - in))
	holds "$kind: by way of the disk ($out pages out, $in in)" "out > 4096 && in > 4096"

	# More than memory and swap: it is killed, again and again; swapping and I/O go on.
	echo max >$group/memory.high
	echo 16M >$group/memory.max
	echo 8M >$group/memory.swap.max
	kills=$(sed -n 's/^oom_kill //p' $group/memory.events)
	io_verify "--filename=/dev/${parts[1]}" --size=4m --ioengine=libaio --direct=1 \
		--bsrange=4k-64k --iodepth=16 --time_based --runtime="$(seconds 4 40)" \
		--verify_backlog=64 >/tmp/fio.log 2>&1 &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		hog 48 1 >/tmp/hog.log 2>&1
	done
	wait $pid
	ok $? "$kind: killing for lack of memory: what is written is read" ||
		note "$(tail -n 5 /tmp/fio.log)"
	kills=$(($(sed -n 's/^oom_kill //p' $group/memory.events) - kills))
	holds "$kind: $kills processes were killed" "kills > 0"
	echo max >$group/memory.swap.max
	echo max >$group/memory.max
	try "$kind: swap goes" swapoff "$swap"
	try "$kind: so do the parts" wipefs -qa "/dev/$disk"
	finish
done
done_testing
