#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that fault rules can be taken away under I/O: a request that has met one has
# that fault, whatever becomes of the rule, and no other request has it; and nothing
# waits for a rule that is gone. Needs nothing special; about two minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev
load nr_devices=0

# rules LINE...: these, and no others.
rules()
{
	printf '%s\n' removeall "$@" >"$conf/weir0/faults/rules"
}

# load_with OPTION...: fio in the background, until it is ended.
load_with()
{
	fio_run --direct=1 --time_based --runtime=600 "$@" >/tmp/fio.log 2>&1 &
	pid=$!
}

end_load()
{
	# Its child: it is a shell.
	pkill -TERM -P "$pid"
	wait "$pid"
}

# turned_over: whatever the driver has now has been completed, as there are no more than 32.
turned_over()
{
	local tries before

	before=$(counter completed)
	for ((tries = 0; tries < 200; tries++)); do
		(($(counter completed) > before + 64)) && return 0
		sleep 0.02
	done
	return 1
}

# --- a fault is one request's ---

# Of a list of 32 all have met their fault before the first is done, and the rule goes
# meanwhile. Another rule, which hits nothing, has the driver look for faults again.
make_disk weir0 size=64 submit_queues=1 hw_queue_depth=64
echo none >/sys/block/weir0/queue/scheduler
load_with --ioengine=io_uring --rw=randwrite --bs=64k --iodepth=32 --iodepth_batch_submit=32 \
	--iodepth_batch_complete_min=32 --continue_on_error=write
for ((round = 0; round < 20; round++)); do
	rules 'add,op=WRITE,status=IOERR,chance=2'
	turned_over || break
	rules
	turned_over || break
	failed=$(counter failed)
	rules 'add,op=READ,status=IOERR'
	turned_over || break
	(($(counter failed) == failed)) || break
done
is "$round $(($(counter failed) - failed))" '20 0' 'no request has the fault of an earlier one'
holds "writes have failed: $failed" 'failed > 100'
end_load
try 'none is lost' at_rest
rmdir "$conf/weir0"

# --- nobody waits for a rule that is gone ---

# held: how many
held()
{
	local word

	read -r word held <"$conf/weir0/faults/waiting"
}

make_disk weir0 size=64 submit_queues=2
mountpoint -q /sys/kernel/tracing || mount -t tracefs nodev /sys/kernel/tracing
# That stands between meeting a rule and waiting for it: a stack trace makes it long.
echo stacktrace >/sys/kernel/tracing/events/weir_blk/weir_blk_submit/trigger
load_with --ioengine=libaio --rw=randread --bs=4k --iodepth=64 --numjobs=2 --thread
most=0
for ((round = 0; round < 600; round++)); do
	printf 'add,op=READ,hold,chance=8\n' >"$conf/weir0/faults/rules"
	held
	((held <= most)) || most=$held
	printf 'removeall\n' >"$conf/weir0/faults/rules"
	for ((tries = 0; tries < 100; tries++)); do
		held
		((held)) || break
		sleep 0.05
	done
	((held == 0)) || break
done
echo '!stacktrace' >/sys/kernel/tracing/events/weir_blk/weir_blk_submit/trigger
is "$round $held" '600 0' 'no request is held by a rule that is gone'
holds "some were by the rule: $most" 'most > 0'
rules
end_load
try 'none is lost' at_rest
rmdir "$conf/weir0"
unload
done_testing
