#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that schedulers can be changed under I/O without losing a request or a
# byte, on every kind of device: from each to each, and by two at once; and that
# in-kernel writeback throttling is off with the elevator and as before after it.
# Needs an emulated NVMe and virtio drive; about a minute, 6 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
machine_with_all --smp 2

modprobe -a mq-deadline kyber-iosched bfq || give_up "the kernel's own schedulers are there"
schedulers=(none mq-deadline kyber bfq)
[[ " ${schedulers[*]} " == *" $sched "* ]] || schedulers+=("$sched")

# all_pairs: from each to each other.
# shellcheck disable=SC2317 # by try
all_pairs()
{
	local n=${#schedulers[@]} one other

	for ((one = 0; one < n; one++)); do
		for ((other = one + 1; other < n; other++)); do
			switch_to "${schedulers[one]}" || return
			switch_to "${schedulers[other]}" || return
		done
		# From the last of the others back, too.
		switch_to "${schedulers[one]}" || return
	done
}

# shellcheck disable=SC2317 # by all_pairs
switch_to()
{
	echo "$1" >"/sys/block/$disk/queue/scheduler" || return
	[[ $(attached) == "$1" ]] || { echo "$1 is not there"; return 1; }
}

for one in "${kinds[@]}"; do
	set_up "$one"
	wbt=/sys/block/$disk/queue/wbt_lat_usec rounds=0
	echo none >"/sys/block/$disk/queue/scheduler"
	before=$(cat "$wbt")
	attach "$sched"
	case $sched in
	# The kernel's interface says 0 while it is off.
	weir | bfq) is "$(cat "$wbt")" 0 "$kind: writeback is not throttled by the kernel" ;;
	*) is "$(cat "$wbt")" "$before" "$kind: writeback throttling stays" ;;
	esac

	load_start
	SECONDS=0
	while ((rounds == 0 || SECONDS < $(seconds 0 40))); do
		try "$kind: from each to each (round $rounds)" all_pairs
		rounds=$((rounds + 1))
	done
	load_end "$kind: from each to each: what is written is read"

	load_start
	switch_for "$(seconds 2 30)" 1 "${schedulers[@]}" >/tmp/first 2>&1 &
	pid=$!
	switches=$(switch_for "$(seconds 2 30)" 2 "${schedulers[@]}" 2>&1)
	wait "$pid"
	ok $? "$kind: the first switcher" || note "$(cat /tmp/first)"
	like "$switches" '^[0-9]+$' "$kind: the second switcher"
	note "$kind: $(cat /tmp/first) and $switches switches"
	load_end "$kind: two switchers: what is written is read"

	attach "$sched"
	attach none
	is "$(cat "$wbt")" "$before" "$kind: writeback is throttled as before"
	finish
done
done_testing
