#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that no discard is lost, or given back while it still waits, where the block
# layer may join any two of them (one hardware queue, max_discard_segments > 1):
# neighbours that come in any order, and among reads. They wait, as the drive has
# hardly any room for commands. Needs an emulated NVMe drive, and discards by io_uring,
# which there are since 6.12; half a minute, 2 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
program discards
in_machine --smp 2 --drive nvme:1G,max_ioqpairs=1 --append nvme.io_queue_depth=3 \
	--append sysctl.kernel.hung_task_timeout_secs=30
no_udev

# discards: that the drive has done (Documentation/block/stat.rst).
discards()
{
	awk '{ print $12 }' "/sys/block/$disk/stat"
}

set_up nvme
# The default is too few for as many as come at once, and these do not wait for a tag.
echo 512 >"/sys/block/$disk/queue/nr_requests"
# The kernel's own throttling would have them come one by one.
[[ ! -w /sys/block/$disk/queue/wbt_lat_usec ]] || echo 0 >"/sys/block/$disk/queue/wbt_lat_usec"
is "$(hw_queues "$disk")" 1 'one hardware queue'

before=$(discards)
status=0
said=$(timeout -k 5 200 ./discards "/dev/$disk" "$(seconds 10 90)" 2>&1) || status=$?
if ((status == 2)); then
	skip 'no discards by io_uring in this kernel' 'discards and reads together'
else
	is $status 0 "discards and reads together: $said"
	holds "$(($(discards) - before)) discards came to the drive" "$(discards) > before"
fi
finish
done_testing
