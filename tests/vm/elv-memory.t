#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the elevator needs no memory to make progress, and loses nothing
# when there is none: the machine swaps to its disk, on every kind of device, and
# what was swapped comes back as it was; processes are killed for lack of memory
# while I/O goes on, which is verified. Needs a machine of 512 MiB (and an emulated
# NVMe and virtio drive); about a minute, 6 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2 --mem 640
group=/sys/fs/cgroup/hog

# hog MIB OPTION...: stress-ng that writes so much and checks it again, in $group.
hog()
{
	local bytes=$1

	shift
	bash -c "echo \$\$ >$group/cgroup.procs; exec stress-ng --quiet --vm-keep \
		--vm-method walk-1d --verify --vm 2 --vm-bytes $((bytes / 2))M $*"
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

	# Half of what it needs is on the disk, always.
	try "$kind: swap is made" bash -c "mkswap -q /dev/$disk 262144 && swapon /dev/$disk" ||
		{ finish; continue; }
	out=$(pages pswpout) in=$(pages pswpin)
	echo 48M >$group/memory.max
	try "$kind: memory beyond memory comes back as it was" \
		hog 96 --vm-ops 40 --timeout "$(seconds 5 40)"
	out=$(($(pages pswpout) - out)) in=$(($(pages pswpin) - in))
	holds "$kind: by way of the disk ($out pages out, $in in)" "out > 4096 && in > 4096"

	# More than memory and swap: someone dies, again and again; swapping and I/O go on.
	echo 24M >$group/memory.max
	echo 8M >$group/memory.swap.max
	kills=$(sed -n 's/^oom_kill //p' $group/memory.events)
	io_verify --offset=512m --size=4m --ioengine=libaio --direct=1 --bsrange=4k-64k --iodepth=16 \
		--time_based --runtime="$(seconds 5 40)" --verify_backlog=64 >/tmp/fio.log 2>&1 &
	pid=$!
	SECONDS=0
	while ((SECONDS < $(seconds 4 38))); do
		hog 96 --oomable --timeout 2 >/tmp/hog.log 2>&1
	done
	wait $pid
	ok $? "$kind: killing for lack of memory: what is written is read" ||
		note "$(tail -n 5 /tmp/fio.log)"
	kills=$(($(sed -n 's/^oom_kill //p' $group/memory.events) - kills))
	holds "$kind: $kills processes were killed" "kills > 0"
	echo max >$group/memory.swap.max
	echo max >$group/memory.max
	try "$kind: swap goes" swapoff "/dev/$disk"
	finish
done
done_testing
