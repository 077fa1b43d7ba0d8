#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that weir-iosched.ko cannot be built with declarations that are not the
# kernel's: the right ones pass the gate, wrong ones fail the build and leave no
# module, and where there are none `make` says how to get them. Needs the lab's
# kernels 6.12 and 6.1, and no machine.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require build

# Where kbuild works in place: what it makes is changed here between two builds.
plain_folder weir-gate-test
tmp=$plain
scratch+=("$tmp")
[[ $cache != *[!A-Za-z0-9/._+@=~-]* ]] || {
	echo "1..0 # SKIP kbuild cannot work in place in the cache $cache"
	exit 0
}

# kernel SERIES: sets KDIR, VMLINUZ of the lab's kernel
kernel()
{
	"$repo/scripts/kernel" --quiet "$1" >"$tmp/kernel" || exit
	# shellcheck disable=SC1091
	. "$tmp/kernel"
}

# build [ARGUMENT]...: make the elevator in the copy, with MODULES= both modules; what
# make said is in $tmp/log. Of its parts that are left out, modpost warns.
build()
{
	make -j"$(nproc)" -C "$tmp/tree" KDIR="$KDIR" MODULES=weir-iosched KBUILD_MODPOST_WARN=1 \
		"$@" >"$tmp/log" 2>&1
}

# new_headers: what is declared is read from the kernel again by the next build.
new_headers()
{
	rm -rf -- "$tmp/tree/generated"
}

# fails WORDS NAME: the last build did, with these words, and left no module.
fails()
{
	local status=$?

	((status != 0)) && grep -qF -- "$1" "$tmp/log" && [[ ! -e $tmp/tree/weir-iosched.ko ]]
	ok $? "$2" "$(tail -n 15 -- "$tmp/log")"
}

KDIR='' VMLINUZ=''
kernel 6.12
mkdir "$tmp/tree"
(cd -- "$repo" && cp -r --parents Kbuild Makefile src include scripts/{elevator,weirlab/__init__.py,weirlab/elevator,toolchain.mk,index-modules,build-apart} "$tmp/tree")
new_headers
# Modules of few files, made in a moment: these two of the elevator have all the types that
# the gate compares. Whole ones pass it whenever scripts/vm builds for a machine.
sed -i -e '/^weir-iosched-y/,/[^\\]$/c weir-iosched-y := src/iosched/main.o src/iosched/group.o' \
	-e '/^weir-blk-y/,/[^\\]$/c weir-blk-y := src/blk/main.o' "$tmp/tree/Kbuild"
header=$tmp/tree/generated/elevator-btf.h

build MODULES= && grep -q 'GATE.*weir-iosched.ko: 24 types' "$tmp/log" &&
	[[ -e $tmp/tree/weir-iosched.ko && -e $tmp/tree/weir-blk.ko ]]
ok $? 'the right declarations pass the gate' "$(tail -n 15 -- "$tmp/log")"

# One member too many, which shifts all that follow.
cp -- "$header" "$tmp/right"
sed -i '0,/(\*init_sched)/s/^.*(\*init_sched)/\tvoid *one_too_many;\n&/' "$header"
! cmp -s "$header" "$tmp/right"
ok $? '(the header was changed)'
build MODULES=
fails 'is not for kernel' 'an inserted member fails the build, and there is no module'
grep -qF 'elevator_mq_ops: the kernel has int (*init_sched)' "$tmp/log" &&
	grep -qF 'the module has void *one_too_many' "$tmp/log"
ok $? 'it says which' "$(tail -n 15 -- "$tmp/log")"
build
fails 'is not for kernel' 'and again: the module is not taken for up to date'

# Two callbacks the compiler cannot tell apart: neither size nor offset changes.
sed 's/\*prepare_request/*swapped/; s/\*finish_request/*prepare_request/; s/\*swapped/*finish_request/' \
	"$tmp/right" >"$header"
build
fails 'elevator_mq_ops: the kernel has' 'two callbacks of one type, swapped, fail the build'

cp -- "$tmp/right" "$header"
build && [[ -e $tmp/tree/weir-iosched.ko ]]
ok $? 'the right ones pass again' "$(tail -n 15 -- "$tmp/log")"

# What could not be compared must not be loaded either.
mkdir "$tmp/bin"
printf '#!/bin/sh\ncase $* in *-J*) exit 1 ;; esac\nexec %s "$@"\n' "$(command -v pahole)" >"$tmp/bin/pahole"
chmod +x "$tmp/bin/pahole"
PATH=$tmp/bin:$PATH build
fails 'pahole failed on' 'a pahole that fails fails the build, and there is no module'

# A public structure: as if the headers were configured for another kernel.
sed -i '/^struct request_queue {/,/^}/s/queue_ctx/queue_xtc/' "$tmp/tree/generated/elevator-btf.layout"
build
fails 'request_queue: the kernel has' 'a structure of a public header that differs fails it, too'

# A structure that only cgroup weights need.
groups=$tmp/tree/generated/blkcg-btf.h
new_headers
build && cp -- "$groups" "$tmp/groups"
sed -i 's/^.*\bblkcg_node;/\tvoid *one_too_many;\n&/' "$groups"
! cmp -s "$groups" "$tmp/groups"
ok $? '(the header for cgroup weights was changed)'
build
fails 'blkcg_gq: the kernel has' 'a wrong declaration for cgroup weights fails it, too'

# Another kernel's declarations: what happens when KDIR and VMLINUX do not match.
image=$VMLINUZ kdir=$KDIR
kernel 6.1
old=$VMLINUZ KDIR=$kdir
new_headers
build VMLINUX="$old"
status=$?
((status != 0)) && [[ ! -e $tmp/tree/weir-iosched.ko ]]
ok $? 'the declarations of 6.1 do not make a module for 6.12' "$(tail -n 15 -- "$tmp/log")"

# The same kernel's image, packed, is as good as its vmlinux.
"$repo/scripts/elevator" header --kdir "$KDIR" --btf "$image" --out "$tmp/image" >"$tmp/log" 2>&1 &&
	diff <(sed 1,/ifndef/d "$tmp/right") <(sed 1,/ifndef/d "$tmp/image/elevator-btf.h") >>"$tmp/log"
ok $? 'the image has the same declarations' "$(tail -n 15 -- "$tmp/log")"

# A kernel built by clang says of a pointer that it is __percpu or __rcu: here, of each.
/usr/bin/python3 - "$KDIR/vmlinux" "$tmp/tagged" "$repo/scripts" <<'PYTHON' 2>"$tmp/log"
import struct, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[3])
from weirlab.elevator.btf import BTF_PTR, BTF_TYPE_TAG, btf_of, btf_types
btf = btf_of(sys.argv[1])
length, _, type_len, str_off, str_len = struct.unpack_from('<5I', btf, 4)
words = list(struct.unpack_from(f'<{type_len // 4}I', btf, length))
number, tags = 0, []
for number, (at, kind, _) in enumerate(btf_types(words), 1):
    if kind == BTF_PTR and words[at + 2]:
        tags.append(at + 2)
for place in tags:
    number += 1
    words += [1, BTF_TYPE_TAG << 24, words[place]]
    words[place] = number
types = struct.pack(f'<{len(words)}I', *words)
strings = btf[length + str_off:length + str_off + str_len]
with open(sys.argv[2], 'wb') as file:
    file.write(btf[:8] + struct.pack('<4I', 0, len(types), len(types), len(strings)) + types + strings)
print(len(tags), 'tags', file=sys.stderr)
PYTHON
ok $? '(each pointer has a tag)' "$(tail -n 5 -- "$tmp/log")"
"$repo/scripts/elevator" header --kdir "$KDIR" --btf "$tmp/tagged" --out "$tmp/tags" >"$tmp/log" 2>&1 &&
	diff <(sed 1,/ifndef/d "$tmp/right") <(sed 1,/ifndef/d "$tmp/tags/elevator-btf.h") >>"$tmp/log"
ok $? 'tags of pointers change no declaration' "$(tail -n 15 -- "$tmp/log")"

# A kernel with a callback that is not known. Strings in BTF end with a null.
sed 's/\x00has_work\x00/\x00has_wurk\x00/' "$KDIR/vmlinux" >"$tmp/vmlinux"
new_headers
build MODULES= VMLINUX="$tmp/vmlinux"
fails 'no elevator callback has_work' 'a kernel with other callbacks is refused'

# Without what cgroup weights need there is an elevator without them.
for gone in cpd_alloc_fn blkcg_policy_data; do
	sed "s/\\x00$gone\\x00/\\x00${gone/_/-}\\x00/" "$KDIR/vmlinux" >"$tmp/vmlinux"
	new_headers
	build VMLINUX="$tmp/vmlinux" && grep -q "without cgroup weights: .*$gone" "$tmp/log" &&
		[[ -e $tmp/tree/weir-iosched.ko ]] && ! grep -q weir.weight "$tmp/tree/weir-iosched.ko"
	ok $? "without $gone there are no cgroup weights" "$(tail -n 15 -- "$tmp/log")"
	build VMLINUX="$tmp/vmlinux" && grep -q "without cgroup weights: .*$gone" "$tmp/log"
	ok $? 'and make says so each time' "$(tail -n 15 -- "$tmp/log")"
	# What comes behind a type that is missing is compared all the same.
	cp -- "$tmp/tree/weir-iosched.ko" "$tmp/copy.ko"
	sed -i '/^struct request_queue {/,/^}/s/queue_ctx/queue_xtc/' "$tmp/tree/generated/elevator-btf.layout"
	! "$repo/scripts/elevator" gate --out "$tmp/tree/generated" "$tmp/copy.ko" >"$tmp/log" 2>&1 &&
		grep -q 'request_queue: the kernel has' "$tmp/log"
	ok $? 'and the public structures are looked at' "$(tail -n 15 -- "$tmp/log")"
done

# No BTF: a kernel that nobody has installed, its headers without vmlinux.
mkdir "$tmp/bare"
cp -as -- "$KDIR/." "$tmp/bare/"
rm -- "$tmp/bare/vmlinux" "$tmp/bare/include/generated/utsrelease.h"
echo '#define UTS_RELEASE "6.12.0-nowhere"' >"$tmp/bare/include/generated/utsrelease.h"
new_headers
KDIR=$tmp/bare build
fails 'apt-get install linux-image-6.12.0-nowhere' 'without BTF make says what to install'
build VMLINUX=/dev/null/nothing
fails 'no such file' 'a VMLINUX that is not there is refused'
echo nothing >"$tmp/nothing"
build VMLINUX="$tmp/nothing"
fails "none in $tmp/nothing" 'so is one without BTF'
rm -f -- "$tmp/tree/weir-blk.ko"
build MODULES=weir-blk VMLINUX="$tmp/nothing" && [[ -e $tmp/tree/weir-blk.ko ]]
ok $? 'the driver alone needs none' "$(tail -n 15 -- "$tmp/log")"

done_testing
