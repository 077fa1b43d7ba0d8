#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that make builds what a kernel allows, by the kernel's own compiler, and that
# what is installed is found: without BTF weir-blk alone, and a line that says why; a
# line for 32 bits, for clang, for another machine; modules without configfs. Needs
# the lab's kernel 6.12 and its compiler, and no machine; a minute.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require build

tmp=$(mktemp -d)
scratch+=("$tmp")
"$repo/scripts/kernel" --quiet 6.12 >"$tmp/kernel" || exit
KDIR='' KVER=''
# shellcheck disable=SC1091
. "$tmp/kernel"
mkdir "$tmp/tree"
(cd -- "$repo" && cp -r --parents Kbuild Makefile src include \
	scripts/{elevator,weirlab/__init__.py,weirlab/elevator,toolchain.mk,index-modules} "$tmp/tree")
rm -rf -- "$tmp/tree/generated"
version=$(make -s -C "$repo" version)

# copy NAME: the kernel's headers, as $tmp/NAME. What is beside them is found from there.
copy()
{
	mkdir -- "$tmp/$1"
	cp -as -- "$KDIR/." "$tmp/$1/"
	rm -- "$tmp/$1/Makefile"
	sed "s|^include \.\./|include $(dirname -- "$(realpath -- "$KDIR")")/|" "$KDIR/Makefile" >"$tmp/$1/Makefile"
}

# build KDIR [ARGUMENT]...: make in the copy; what it said is in $tmp/log
build()
{
	make -C "$tmp/tree" KDIR="$1" "${@:2}" >"$tmp/log" 2>&1
}

# says WORDS NAME: the last build did, in a line of its own
says()
{
	grep -qE -- "^(make: .*)?$1" "$tmp/log"
	ok $? "$2" "$(tail -n 8 -- "$tmp/log")"
}

# --- what the kernel allows ---

# Its headers, without the vmlinux, of a release that nobody has an image of.
copy bare
rm -- "$tmp/bare/vmlinux" "$tmp/bare/include/generated/utsrelease.h" "$tmp/bare/.kernelvariables"
sed 's/^\(override KERNELRELEASE = \).*/\16.12.0-nowhere/' "$KDIR/.kernelvariables" >"$tmp/bare/.kernelvariables"
echo '#define UTS_RELEASE "6.12.0-nowhere"' >"$tmp/bare/include/generated/utsrelease.h"
# And configured without what weir-blk can do without.
for file in include/generated/autoconf.h include/config/auto.conf; do
	sed -E '/CONFIG_(CONFIGFS_FS|BLK_DEBUG_FS|BLK_CGROUP|BLK_WBT)(_MODULE|_MQ|)[ =]/d' \
		"$KDIR/$file" >"$tmp/bare.part"
	rm -- "$tmp/bare/$file"
	mv -- "$tmp/bare.part" "$tmp/bare/$file"
done
echo old >"$tmp/tree/weir-iosched.ko"
build "$tmp/bare" && [[ -e $tmp/tree/weir-blk.ko ]]
ok $? 'without BTF there is weir-blk' "$(tail -n 15 -- "$tmp/log")"
says 'weir-iosched is left out: no BTF of kernel 6.12.0-nowhere' 'and a line says why weir-iosched is not'
[[ ! -e $tmp/tree/weir-iosched.ko ]]
ok $? 'nor an old one, of another kernel'
depends=$(modinfo -F depends "$tmp/tree/weir-blk.ko") && [[ $depends != *configfs* ]]
ok $? 'a kernel without configfs has a weir-blk that does not use it'
[[ $(modinfo -F version "$tmp/tree/weir-blk.ko") == "$version" ]]
ok $? "modinfo shows the version, $version"
echo old >"$tmp/tree/weir-iosched.ko"
! build "$tmp/bare" MODULES=weir-iosched && [[ ! -e $tmp/tree/weir-iosched.ko ]]
ok $? 'weir-iosched by name still fails' "$(tail -n 8 -- "$tmp/log")"

# A callback that is not known, and nobody has named the file. Strings in BTF end with a null.
copy new
rm -- "$tmp/new/vmlinux"
sed 's/\x00has_work\x00/\x00has_wurk\x00/' "$KDIR/vmlinux" >"$tmp/new/vmlinux"
! "$repo/scripts/elevator" check --kdir "$tmp/new" >"$tmp/log" 2>&1 &&
	grep -q 'no elevator callback has_work' "$tmp/log"
ok $? 'check tells a kernel with another callback' "$(cat -- "$tmp/log")"
"$repo/scripts/elevator" check --kdir "$KDIR" >"$tmp/log" 2>&1
ok $? 'and knows this one' "$(cat -- "$tmp/log")"
"$repo/scripts/elevator" header --if-possible --kdir "$tmp/new" --out "$tmp/out" >"$tmp/log" 2>&1 &&
	grep -q has_work "$tmp/out/left-out"
ok $? 'nor is weir-iosched built for it' "$(cat -- "$tmp/log")"

# What an option has must be there if the option is on: it is no kernel without it.
sed 's/\twbt_enable_default\t/\twbt_unable_default\t/' "$KDIR/Module.symvers" >"$tmp/symvers"
rm -- "$tmp/new/vmlinux" "$tmp/new/Module.symvers"
ln -s -- "$KDIR/vmlinux" "$tmp/new/vmlinux"
cp -- "$tmp/symvers" "$tmp/new/Module.symvers"
! "$repo/scripts/elevator" check --kdir "$tmp/new" >"$tmp/log" 2>&1 &&
	grep -q 'does not export wbt_enable_default' "$tmp/log"
ok $? 'a kernel with writeback throttling that cannot be turned off is refused' "$(cat -- "$tmp/log")"
sed '/^CONFIG_BLK_WBT=/d' "$KDIR/include/config/auto.conf" >"$tmp/auto.conf"
rm -- "$tmp/new/include/config/auto.conf"
cp -- "$tmp/auto.conf" "$tmp/new/include/config/auto.conf"
"$repo/scripts/elevator" header --kdir "$tmp/new" --out "$tmp/out" >"$tmp/log" 2>&1 &&
	! grep -q 'define WEIR_ELV_WBT ' "$tmp/out/elevator-btf.h"
ok $? 'one that has none is not' "$(cat -- "$tmp/log")"

# weir-iosched for a kernel that has none of what it can do without: as objects, since
# the structures are still this kernel's and the gate would see that.
sed 's/\x00blk_mq_debugfs_attr\x00/\x00blk_mq_debugfs_attx\x00/; s/\x00blkcg_policy_data\x00/\x00blkcg_policy_datx\x00/' \
	"$KDIR/vmlinux" >"$tmp/vmlinux"
sed -i '/\twbt_disable_default\t/d' "$tmp/new/Module.symvers"
for file in include/generated/autoconf.h include/config/auto.conf; do
	rm -- "$tmp/new/$file"
	cp -- "$tmp/bare/$file" "$tmp/new/$file"
done
"$repo/scripts/elevator" header --kdir "$tmp/new" --btf "$tmp/vmlinux" --out "$tmp/tree/generated" >"$tmp/log" 2>&1 &&
	make -C "$tmp/new" M="$tmp/tree" WEIR_MODULES=weir-iosched KBUILD_MODPOST_WARN=1 modules >>"$tmp/log" 2>&1 &&
	! nm "$tmp/tree/weir-iosched.ko" | grep -E 'wbt_|debugfs|blkcg' >>"$tmp/log"
ok $? 'weir-iosched is compiled without writeback throttling, debugfs and cgroups' "$(tail -n 15 -- "$tmp/log")"

# --- by whose compiler: trees that only say what they were asked ---

# tree OPTION...: a kernel tree with this configuration, in $tmp/fake
tree()
{
	mkdir -p "$tmp/fake/include/config"
	printf '%s\n' 'CONFIG_CC_VERSION_TEXT="a compiler"' "$@" >"$tmp/fake/include/config/auto.conf"
	# shellcheck disable=SC2016 # make's
	printf 'modules:\n\t@echo "kbuild: LLVM=$(LLVM) CC=$(CC) ARCH=$(ARCH) CROSS=$(CROSS_COMPILE) $(filter -j%%,$(MAKEFLAGS))"\n' \
		>"$tmp/fake/Makefile"
}

# programs NAME...: a PATH that has these, which do nothing, and make's own needs
programs()
{
	local name

	rm -rf -- "${tmp:?}/bin"
	mkdir -p "$tmp/bin"
	for name in sh bash sed make uname test echo rm cat env; do
		ln -s -- "$(command -v "$name")" "$tmp/bin/$name"
	done
	for name; do
		printf '#!/bin/sh\necho 14.0.6\n' >"$tmp/bin/$name"
		chmod +x "$tmp/bin/$name"
	done
}

tree CONFIG_X86_32=y
! build "$tmp/fake" MODULES=weir-blk
says 'weir is for 64-bit kernels' '32 bits are refused'

tree CONFIG_64BIT=y CONFIG_CC_IS_CLANG=y CONFIG_LD_IS_LLD=y CONFIG_CLANG_VERSION=140006
programs
! PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk
says 'built by clang 14.0.6, and there is no clang' 'clang is missing: a line'
programs clang ld.lld llvm-nm
PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk
grep -qF 'kbuild: LLVM=1 ' "$tmp/log" && ! grep -q '^make: this' "$tmp/log"
ok $? 'a kernel built by clang is built for by clang' "$(cat -- "$tmp/log")"
programs clang ld.lld llvm-nm clang-14 ld.lld-14 llvm-nm-14
PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk
grep -qF 'kbuild: LLVM=-14 ' "$tmp/log"
ok $? 'by the same one, of several' "$(cat -- "$tmp/log")"
PATH=$tmp/bin CC=clang build "$tmp/fake" MODULES=weir-blk
grep -qF 'kbuild: LLVM=-14 ' "$tmp/log"
ok $? 'also under DKMS, which has CC in the environment' "$(cat -- "$tmp/log")"
PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk LLVM=1
grep -qF 'kbuild: LLVM=1 ' "$tmp/log"
ok $? 'by another one if that is named' "$(cat -- "$tmp/log")"
tree CONFIG_64BIT=y CONFIG_CC_IS_CLANG=y CONFIG_LD_IS_LLD=y CONFIG_CLANG_VERSION=170006
PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk
says 'built by clang 17.0.6, and here is 14.0.6' 'another clang: a line'
tree CONFIG_64BIT=y CONFIG_CC_IS_CLANG=y CONFIG_CLANG_VERSION=140006
PATH=$tmp/bin build "$tmp/fake" MODULES=weir-blk
grep -qF 'kbuild: LLVM= CC=clang-14 ' "$tmp/log"
ok $? 'a kernel linked by binutils is linked by them' "$(cat -- "$tmp/log")"

tree CONFIG_64BIT=y CONFIG_CC_IS_GCC=y
build "$tmp/fake" MODULES=weir-blk -j3
grep -q 'kbuild: .* -j3' "$tmp/log" && ! grep -q jobserver "$tmp/log"
ok $? 'kbuild may use as many jobs as make' "$(cat -- "$tmp/log")"

tree CONFIG_64BIT=y CONFIG_CC_IS_GCC=y CONFIG_ARM64=y
if [[ $(uname -m) == x86_64 ]]; then
	build "$tmp/fake" MODULES=weir-blk
	grep -qF 'ARCH=arm64 CROSS=aarch64-linux-gnu-' "$tmp/log"
	ok $? 'arm64 is built for by its cross compiler' "$(cat -- "$tmp/log")"
fi
tree CONFIG_64BIT=y CONFIG_CC_IS_GCC=y
# shellcheck disable=SC2016 # make's
echo 'CC = $(CROSS_COMPILE)gcc-99' >"$tmp/fake/.kernelvariables"
! build "$tmp/fake" MODULES=weir-blk
says 'built by gcc-99, which is not installed' "a compiler that Debian's headers name and that is missing: a line"

# --- what is installed is found ---

mkdir "$tmp/root"
build "$tmp/bare" install MODULES=weir-blk INSTALL_MOD_PATH="$tmp/root" &&
	modprobe -d "$tmp/root" -S "$(ls "$tmp/root/lib/modules")" -n weir-blk 2>>"$tmp/log"
ok $? 'modprobe finds what make install has copied, without a System.map' "$(tail -n 8 -- "$tmp/log")"
[[ ! -e $tmp/bare/System.map ]]
ok $? '(there was none)'
! "$repo/scripts/index-modules" "$KDIR" "$tmp/nowhere" weir-blk >"$tmp/log" 2>&1 &&
	grep -q "modprobe DOES NOT FIND THEM: as root, depmod -a $KVER" "$tmp/log"
ok $? 'where depmod fails, so does make install, and says what that means' "$(cat -- "$tmp/log")"

done_testing
