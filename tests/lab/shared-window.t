#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that hardware queues share weir's window, in a machine that repeats to the
# instruction: beside threads of its own process that keep the other three queues deep,
# a reader at depth 1 never waits until it expires (500 ms, 10 times what is allowed
# here), neither behind writers, whose flow is another one, nor behind readers, whose
# flow is its own; and no deep one has less than a quarter of what another has. About
# two minutes.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require lab build

tmp=$(mktemp -d -- "${TMPDIR:-/var/tmp}/weir-shared-window.XXXXXXXX")
scratch+=("$tmp")

# beside BACKGROUND STATE: as fio's rw has it, on a simulated drive in that state.
beside()
{
	local in=$tmp/$1 out=$tmp/$1.out status=0

	mkdir -- "$in" "$out"
	cat >"$in/job.fio" <<-JOB
		[global]
		filename=\${DEVICE}
		direct=1
		thread
		norandommap
		randrepeat=0
		time_based
		runtime=1s
		ioengine=io_uring
		lat_percentiles=1

		[one]
		rw=randread
		bs=4k
		iodepth=1
		cpus_allowed=0
		ramp_time=500ms
		exitall

		[deep]
		rw=$1
		bs=64k
		iodepth=128
		numjobs=3
		cpus_allowed=1-3
		cpus_allowed_policy=split
		runtime=600s
	JOB
	printf '%s\n' $'ipns\t16' \
		$'disk\tprofile=nvme-tlc\tsize=512\tsubmit_queues=4\thw_queue_depth=1023' \
		$'state\t'"$2" $'scheduler\tweir' $'seed\t1' $'job\tjob.fio' $'case\tall\t-\t-' \
		>"$in/plan"
	cp -- "$repo/scripts/guest/bench" "$in"
	once_more "$repo/scripts/vm" --quiet --icount --memory-root --smp 4 --mem 1536 --timeout 1200 \
		--in "$in" --out "$out" -- bash -c "cd '$1' && bash bench plan /out" >"$tmp/said" 2>&1 ||
		status=$?
	ok "$status" "beside $1: the machine ran" "$(tail -n 5 "$tmp/said")"
	((status == 0)) || return
	read -r count max least most < <(jq -r '
		(.jobs[] | select(.jobname == "one") | .read) as $one |
		[.jobs[] | select(.jobname == "deep") | .read.total_ios + .write.total_ios] as $deep |
		[$one.total_ios, ($one.lat_ns.max / 1e6 | floor), ($deep | min), ($deep | max)] |
		@tsv' "$out/all/fio.json")
	((count > 100 && max < 50))
	ok $? "beside $1: $count reads, the longest took $max ms"
	((least * 4 > most))
	ok $? "beside $1: $least to $most of the deep ones"
}

beside randwrite steady
beside randread full
done_testing
