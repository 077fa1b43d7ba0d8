#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that CPUs may come and go under I/O on every kind of device; that a
# device may be removed under load (null_blk by its power switch, an NVMe drive
# from PCI, a virtio drive from its driver), which ends I/O with an error and
# nothing else, and may come back; and that the elevator's module cannot be
# unloaded while a disk has it, and can as soon as none has.
# Needs 3 CPUs, an emulated NVMe and virtio drive; about a minute, 4 with
# WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 3

# cpu NUMBER 0|1
cpu()
{
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

for one in "${kinds[@]}"; do
	set_up "$one"
	load_start
	SECONDS=0 turns=0
	while ((turns < 3 || SECONDS < $(seconds 0 20))); do
		# One at a time, then all but the first.
		for change in '1 0' '1 1' '2 0' '1 0' '2 1' '1 1'; do
			# shellcheck disable=SC2086 # two words
			cpu $change || ok 1 "$kind: CPU goes or comes ($change)"
		done
		turns=$((turns + 1))
	done
	load_end "$kind: $turns times CPUs went and came: what is written is read"
	finish
done

# gone NAME HOW...: the disk goes under load by HOW. I/O ends, as it must with an
# error, and does not hang.
gone()
{
	local name=$1 status=0

	shift
	load_start
	try "$name" "$@"
	# What is left after that is killed, and then there was no error.
	wait "$load_pid" || status=$?
	[[ $status != 0 && $status != 124 && $status != 137 ]]
	ok $? "$name: its I/O ends with an error" || note "status $status"
	[[ ! -e /sys/block/$disk ]]
	ok $? "$name: it is gone"
}

# back DISK: it is there, and works.
back()
{
	local tries

	for ((tries = 0; tries < 100; tries++)); do
		for disk in /sys/block/*; do
			grep -qsx "$1" "$disk/serial" "$disk/device/serial" && break 2
		done
		sleep 0.1
	done
	disk=${disk##*/}
	[[ -b /dev/$disk ]]
	ok $? "$kind: it is back, as $disk" || return
	attach "$sched"
	try "$kind: and works" io_verify --ioengine=libaio --direct=1 --bs=4k --iodepth=16 --size=1m
}

# shellcheck disable=SC2317 # by gone
write()
{
	echo "$1" >"$2"
}

for ((turn = 0; turn < $(seconds 1 5); turn++)); do
	set_up null_blk
	gone 'null_blk: power off' write 0 $null_dir/power
	rmdir $null_dir
	set_up null_blk
	try 'null_blk: another works' \
		io_verify --ioengine=libaio --direct=1 --bs=4k --iodepth=16 --size=1m
	finish

	set_up nvme
	address=$(cat "/sys/block/$disk/device/address")
	gone 'nvme: removed from PCI' write 1 "/sys/bus/pci/devices/$address/remove"
	echo 1 >/sys/bus/pci/rescan
	back 'drive1 *'
	DRIVE1=/dev/$disk
	finish

	set_up virtio
	device=$(basename -- "$(readlink -f "/sys/block/$disk/device")")
	gone 'virtio: taken from its driver' write "$device" /sys/bus/virtio/drivers/virtio_blk/unbind
	echo "$device" >/sys/bus/virtio/drivers/virtio_blk/bind
	back drive2
	DRIVE2=/dev/$disk
	finish
done

module=$(sched_module)
set_up weir-many
refused 'in use' "$module is not unloaded while a disk has it" rmmod "$module"
try "$module: the disk still works" \
	io_verify --ioengine=libaio --direct=1 --bs=4k --iodepth=16 --size=1m
attach none
try "$module is unloaded when none has" rmmod "$module"
[[ ! -e /sys/module/$module ]]
ok $? "$module is gone"

# Loaded, attached, unloaded under I/O: the name alone brings the module back.
load_start
SECONDS=0 turns=0
while ((turns < 10 || SECONDS < $(seconds 0 30))); do
	attach "$sched"
	attach none
	rmmod "$module" || ok 1 "$module is unloaded (turn $turns)"
	turns=$((turns + 1))
done
load_end "$module came and went $turns times: what is written is read"
# Somebody pulls at the module all the time: when he has just had it, it cannot be
# attached (EINVAL); what must not happen is that it goes from under a disk.
(while [[ ! -e /tmp/stop ]]; do rmmod "$module" 2>/dev/null; sleep 0.01; done) &
pulls=$!
load_start
turns=0
for ((tries = 0; tries < $(seconds 20 300); tries++)); do
	{ echo "$sched" >"/sys/block/$disk/queue/scheduler"; } 2>/dev/null || continue
	[[ $(attached) == "$sched" ]] || ok 1 "$sched stays attached"
	turns=$((turns + 1))
	attach none
done
holds "$module is pulled at, and attached $turns times" "turns > 2"
load_end "$module is pulled at: what is written is read"
: >/tmp/stop
wait $pulls
finish
done_testing
