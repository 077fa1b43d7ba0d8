#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that the same seed and the same workload have the same fates, byte for byte, in a
# machine that counts instructions: two machines, a queue of writes with flushes between
# them, and the power cut in the middle. And that another seed has others. Half a minute.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require lab build

tmp=$(mktemp -d -- "${TMPDIR:-/var/tmp}/weir-cut-repeat.XXXXXXXX")
scratch+=("$tmp")

cat >"$tmp/inside" <<'INSIDE'
d=/sys/kernel/config/weir/d
modprobe weir-blk nr_devices=0 && mkdir $d || exit 1
for setting in size=64 cache_size=8 irqmode=2 completion_nsec=100000 submit_queues=1 "cut_seed=$1" power=1; do
	echo "${setting#*=}" >$d/${setting%%=*} || exit 2
done
echo 'request 1500' >$d/power_cut
fio --name=w --filename=/dev/d --rw=randwrite --bsrange=512-16k --direct=1 --ioengine=libaio \
	--iodepth=16 --size=32m --fsync=64 --randseed=3 >/tmp/said 2>&1 && exit 3
cp /sys/kernel/debug/weir/d/fates.json /out/
INSIDE

# fates NAME SEED
fates()
{
	once_more "$repo/scripts/vm" --quiet --icount --memory-root --in "$tmp/inside" --timeout 120 \
		--out "$tmp/$1" -- bash inside "$2" >"$tmp/said-$1" 2>&1
	ok $? "machine $1: the power is cut under fio" "$(<"$tmp/said-$1")"
}

fates first 4
fates second 4
# One pair of machines in a hundred or so differs (docs/lab.md): then a third one decides.
cmp -s "$tmp/first/fates.json" "$tmp/second/fates.json" || fates second 4
cmp "$tmp/first/fates.json" "$tmp/second/fates.json" >"$tmp/said" 2>&1
ok $? 'the same seed and workload: the same fates' "$(<"$tmp/said")"
[[ $(grep -c '"type":"fate"' "$tmp/first/fates.json") -gt 20 ]]
ok $? 'there are some' "$(wc "$tmp/first/fates.json")"
fates other 5
! cmp -s "$tmp/first/fates.json" "$tmp/other/fates.json"
ok $? 'another seed: others'
done_testing
