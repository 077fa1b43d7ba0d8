#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that file systems keep what they acknowledged when the power goes, and that a
# loss is found where barriers are broken: 20 moments of each, and five of a driver whose
# flush does nothing. The long version (WEIR_LONG=1) looks at 1,000 of each. f2fs is in
# Debian's ordinary kernel only, so it has a machine of its own.

set -u
here=$(cd -- "$(dirname -- "$0")/../.." && pwd)
kernel=${WEIR_KERNEL:-6.12}
cuts=20 operations=60
whole=(ext4 ext4-journal ext4-writeback xfs btrfs ext4+crypt ext4+linear
	ext4+sqlite-wal ext4+sqlite-rollback ext4+fio)
broken=(ext4+lose_flushes xfs+lose_flushes btrfs+lose_flushes ext4+nobarrier btrfs+nobarrier
	ext4+sqlite-wal+lose_flushes ext4+sqlite-rollback+lose_flushes ext4+sqlite-nosync
	xfs+fio+lose_flushes)
if [[ -n ${WEIR_LONG:-} ]]; then
	cuts=1000 operations=400
	whole+=(xfs+crypt btrfs+linear)
fi
out=$(mktemp -d)
trap 'rm -rf -- "$out"' EXIT

# count RESULT TARGET: moments
count()
{
	awk -F '\t' -v result="$1" -v target="$2" '$1 == result && $2 == target { n++ }
		END { print n + 0 }' "$out/moments.tsv"
}

n=0 failed=0
# ok STATUS NAME
ok()
{
	n=$((n + 1))
	if (($1)); then
		printf 'not ok %d - %s\n' $n "$2"
		failed=1
		sed 's/^/# /' "$out/said" | head -n 20
	else
		printf 'ok %d - %s\n' $n "$2"
	fi
}

# verdict TARGET: what the last crashtest says of it
verdict()
{
	local target=$1 good lost

	good=$(count ok "$target") lost=$(count lost "$target")
	if (($(count skip "$target"))); then
		n=$((n + 1))
		printf 'ok %d - %s # SKIP this kernel does not have it\n' $n "$target"
	elif [[ $target == *@(+lose_flushes|+nobarrier|-nosync) ]]; then
		ok $((lost == 0)) "$target: found ($lost of $((good + lost)) cuts)"
	else
		ok $((lost > 0 || good < cuts)) "$target: nothing is lost in $((good + lost)) cuts"
	fi
}

# targets KERNEL TARGET...
targets()
{
	local kernel=$1 target

	shift
	"$here/scripts/crashtest" --quiet --kernel "$kernel" --cuts $cuts --operations $operations \
		--out "$out" "$@" >"$out/said" 2>&1
	for target in "$@"; do
		verdict "$target"
	done
}

targets "$kernel" "${whole[@]}" "${broken[@]}"
targets "${WEIR_KERNEL:-6.12-full}" f2fs f2fs+lose_flushes

mutant=$out/mutant
mkdir -- "$mutant"
cp -r -- "$here"/{Kbuild,Makefile,src,include,scripts,tests} "$mutant"
sed -i 's/^\(.*\)weir_volatile_flushed(cut->cache, cmd->covers);/\1;/' "$mutant/src/blk/cut.c"
# The elevator takes as long to build again, and is not needed.
sed -i "s/wanted='weir-blk weir-iosched'/wanted=weir-blk/" "$mutant/scripts/vm-modules.sh"
! cmp -s "$here/src/blk/cut.c" "$mutant/src/blk/cut.c"
ok $? 'a driver whose flush does nothing can be made'
"$mutant/scripts/crashtest" --quiet --kernel "$kernel" --cuts 5 --live 0 --out "$out" ext4 >"$out/said" 2>&1
ok $(($(count lost ext4) == 0)) "and is found ($(count lost ext4) of 5 cuts)"
echo "1..$n"
exit $failed
