#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that no scheduler loses a request or completes one twice, on an ordinary and
# on a polled queue, while fault rules send requests back by both of blk-mq's ways,
# hold and delay them, or let them time out; and when the disk goes while they
# wait. Needs the kernel's own schedulers; about 2 minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2 --append sysctl.kernel.hung_task_timeout_secs=30
no_udev
modprobe -a mq-deadline kyber-iosched bfq weir-iosched
load nr_devices=0

# rules LINE...: these, and no others.
rules()
{
	printf '%s\n' removeall "$@" >"$conf/weir0/faults/rules"
}

# all_hit: does every rule have hits?
# shellcheck disable=SC2317 # by try
all_hit()
{
	! grep -v 'hits=[1-9]' "$conf/weir0/faults/rules"
}

# hits_of WORD: of the rule with the word.
hits_of()
{
	sed -n "/$1/s/.*hits=//p" "$conf/weir0/faults/rules"
}

# Lets go what is held, until it is ended.
release()
{
	while sleep 0.05; do
		echo release >"$conf/weir0/faults/rules" || return
	done
}

# both OPTION...: fio on the ordinary and on the polled queue at once.
both()
{
	fio --output-format=terse --randseed=7 --filename=/dev/weir0 --direct=1 --bs=4k \
		--iodepth=16 --size=2m "$@" --name=ordinary --ioengine=libaio \
		--name=polled --ioengine=io_uring --hipri --offset=32m
}

# pulled: the disk is taken away under its users, where it can be.
pulled()
{
	[[ -e $conf/weir0/remove ]] && put weir0 remove 1
}

# gone: fio has ended.
gone()
{
	! kill -0 "$pid" 2>/dev/null
}

for scheduler in none mq-deadline kyber bfq weir; do
	make_disk weir0 size=64 submit_queues=2 poll_queues=1
	echo "$scheduler" >/sys/block/weir0/queue/scheduler
	like "$(queue scheduler)" "\[$scheduler\]" "$scheduler is there"

	rules 'add,op=ANY,requeue,chance=3' 'add,op=ANY,delay_ns=2000000,chance=7,seed=1' \
		'add,op=WRITE,hold,every=31' 'add,op=READ,hold,every=37'
	release &
	releaser=$!
	try "$scheduler: what is written is what is read" \
		both --rw=randwrite --verify=crc32c --verify_fatal=1
	kill $releaser
	wait $releaser 2>/dev/null
	try "$scheduler: requests were requeued, delayed and held" all_hit
	is "$(counter failed)" 0 "$scheduler: none failed"
	rules
	try "$scheduler: none is lost, or completed twice" at_rest

	echo 300 >/sys/block/weir0/queue/io_timeout
	rules 'add,op=ANY,requeue,chance=3' 'add,op=READ,timeout,every=50'
	# Enough for one job: fio has ended the other one early, seldom, and nobody knows why.
	both --rw=randread --size=4m --continue_on_error=read >/tmp/fio.log 2>&1
	is "$(counter failed) $(counter timeouts)" "$(hits_of timeout) $(hits_of timeout)" \
		"$scheduler: whoever does not complete fails once"
	holds "$scheduler: which are some" "$(hits_of timeout) > 10"
	(($(hits_of timeout) > 10)) || note "$(tail -n 4 /tmp/fio.log)"
	try "$scheduler: none is lost" at_rest
	echo 30000 >/sys/block/weir0/queue/io_timeout

	rules 'add,op=ANY,requeue,chance=3' 'add,op=ANY,timeout,chance=40' \
		'add,op=ANY,hold,chance=20,seed=1' 'add,op=ANY,delay_ns=1000000000,chance=30,seed=2'
	both --rw=randrw --time_based --runtime=100 >/tmp/fio.log 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		awk '$1 != "delay_ns" && !$2 { none = 1 } END { exit none }' "$conf/weir0/faults/waiting" && break
		sleep 0.05
	done
	like "$(tr '\n' ' ' <"$conf/weir0/faults/waiting")" 'hold [1-9].*timeout [1-9]' \
		"$scheduler: requests wait when the disk is pulled"
	if pulled; then
		for ((i = 0; i < 100; i++)); do
			gone && break
			sleep 0.1
		done
		gone
		ok $? "$scheduler: who waited for them goes on"
	else
		skip 'no remove' "$scheduler: who waited for them goes on"
		echo 300 >/sys/block/weir0/queue/io_timeout
		rules
	fi
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	is "$(tr '\n' ' ' <"$conf/weir0/faults/waiting")" 'hold 0 delay_ns 0 timeout 0 ' \
		"$scheduler: nobody waits any more"
	try "$scheduler: the directory goes" rmdir "$conf/weir0"
done
unload
ok 0 'the module goes'
done_testing
