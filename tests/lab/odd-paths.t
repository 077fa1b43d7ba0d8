#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that checkout, cache, TMPDIR and kernel headers may be in folders with any
# name: blanks, commas, quotes, |, %, #, *, $ and bytes that are no UTF-8. make builds there
# with the kbuild of 6.12 and of 6.1, and a machine runs from there. The cache is one of
# links to the lab's own, so that nothing is downloaded. About a minute.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require build lab

# Where the cache is: links cannot lead to another file system.
mkdir -p -- "$cache"
tmp=$(mktemp -d -- "$cache/odd-paths.XXXXXXXX")
scratch+=("$tmp")
odd=$tmp/$'my weir, it\'s a|b "100%" #1: [*] $x \xff'
checkout=$odd/checkout
mkdir -p -- "$odd/tmp" "$odd/cache" "$checkout"

# The lab's kernels and root image, made here if they are not there.
for series in 6.12 6.1; do
	"$repo/scripts/kernel" --quiet "$series" >/dev/null || exit
done
"$repo/scripts/rootimg" --quiet >/dev/null || exit
cp -al -- "$cache/kernel" "$cache/root" "$odd/cache/"
# One that an older scripts/kernel has unpacked has the cache's path in it.
sed -i -E 's|^(include ).*/(linux-headers-[^/]*-common/Makefile)$|\1../\2|' \
	"$odd"/cache/kernel/*/usr/src/*-cloud-amd64/Makefile
(cd -- "$repo" && cp -r -- Makefile Kbuild src include scripts "$checkout")
# Paths are what is tested, not the modules: a driver that does nothing, and of the elevator
# two files (modpost warns of the others). All that happens to modules happens to these.
sed -i -e '/^weir-blk-y/,/[^\\]$/c weir-blk-y := src/blk/nothing.o' \
	-e '/^weir-iosched-y/,/[^\\]$/c weir-iosched-y := src/iosched/main.o src/iosched/group.o' "$checkout/Kbuild"
cat >"$checkout/src/blk/nothing.c" <<'NOTHING'
#include <linux/module.h>
MODULE_DESCRIPTION("weir " WEIR_VERSION);
MODULE_LICENSE("GPL");
NOTHING
export KBUILD_MODPOST_WARN=1
export WEIR_CACHE=$odd/cache TMPDIR=$odd/tmp

# left: what is in no folder but those that were there
left()
{
	ls -A "$TMPDIR"
	find /var/tmp /tmp -maxdepth 1 -name 'weir-build.*' -newer "$odd/began"
}

# --- make ---

: >"$odd/began"
cd -- "$checkout" || exit
for series in 6.12 6.1; do
	KDIR=''
	eval "$(scripts/kernel "$series")"
	[[ $KDIR == "$odd"/cache/* ]]
	ok $? "$series: its headers are in the odd folder" "$KDIR"
	modules='weir-blk weir-iosched'
	make -j2 KDIR="${KDIR//\$/\$\$}" MODULES="$modules" >"$odd/log" 2>&1
	ok $? "$series: make builds" "$(tail -n 15 -- "$odd/log")"
	built=$(printf '%s\n' *.ko | paste -sd' ')
	[[ $built == "${modules// /.ko }.ko" ]]
	ok $? 'what was asked for is there, and nothing else' "$built"
	[[ $(modinfo -F vermagic ./weir-blk.ko) == "$series."* ]]
	ok $? 'for that kernel' "$(modinfo -F vermagic ./weir-blk.ko)"
	make clean >/dev/null
done
# As scripts/bench reads it.
python3 -c 'import os, shlex, sys
found = dict(word.split("=", 1) for word in shlex.split(os.fsdecode(sys.stdin.buffer.read())))
sys.exit(not os.path.isdir(found["KDIR"]))' < <(scripts/kernel 6.12)
ok $? 'what scripts/kernel prints is a path for Python as well'
make KDIR="${odd//\$/\$\$}/nowhere" >"$odd/log" 2>&1
[[ $? == 2 ]] && grep -qF "no kernel tree at KDIR=$tmp/my weir, it's a|b" "$odd/log"
ok $? 'a kernel tree that is not there: make says so' "$(<"$odd/log")"
mkdir -- "$odd/tree"
: >"$odd/tree/Makefile"
make KDIR="${odd//\$/\$\$}/tree" >"$odd/log" 2>&1
[[ $? == 2 ]] && grep -q 'kbuild cannot work in a folder whose path has blanks' "$odd/log"
ok $? 'one that cannot be copied: make says so' "$(<"$odd/log")"
[[ -z $(left) ]]
ok $? 'no copy is left' "$(left)"

# --- a machine ---

printf 'what is in the drive' >"$odd/disk, 1"
truncate -s 1M "$odd/disk, 1"
printf 'what is in the file' >"$odd/file"
# shellcheck disable=SC2016 # for the machine's shell
scripts/vm --timeout 300 --in "$odd/file" --out "$odd/out, here" --drive "virtio:file=${odd//,/,,}/disk,, 1,num-queues=1" \
	-- bash -c 'modprobe weir-blk && [[ -d /sys/module/weir_blk ]] && cp file /out && head -c 20 "$DRIVE1" >/out/drive' \
	>"$odd/log" 2>&1
ok $? 'a machine boots from there, and loads what was built there' "$(tail -n 15 -- "$odd/log")"
[[ $(<"$odd/out, here/file") == 'what is in the file' && $(<"$odd/out, here/drive") == 'what is in the drive' ]]
ok $? 'files and drives with such names arrive' "$(ls "$odd/out, here")"
[[ -z $(left) ]]
ok $? 'and nothing is left' "$(left)"

done_testing
