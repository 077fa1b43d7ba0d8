# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Of scripts/vm: the modules that a machine gets, the kernel's own and the project's, each
# made once and kept in the cache. Sourced, never run.

# shellcheck disable=SC2034,SC2154 # shared with scripts/vm
# stock_modules: the kernel's own modules as a file system, in $modules_image.
modules_image=''
stock_modules()
{
	local key dest

	[[ -n $MODDIR ]] || return 0
	key=$(stat -c '%n %Y' "$MODDIR" "$MODDIR/modules.dep" | sha256sum | cut -c1-16)
	dest=$cache/modules/$KVER-$key.img
	modules_image=$dest
	[[ ! -e $dest ]] || return 0
	lock "modules/$KVER-$key"
	if [[ ! -e $dest ]]; then
		say "making a file system of the modules of $KVER"
		scratch+=("$dest.tmp" "$dest.dir")
		rm -rf -- "$dest.tmp" "$dest.dir"
		mkdir -p -- "$dest.dir"
		# Without the links to where this machine has the sources.
		run cp -a -- "$MODDIR/." "$dest.dir"
		rm -f -- "$dest.dir/build" "$dest.dir/source"
		file_system "$dest.dir" "$dest.tmp"
		mv -T -- "$dest.tmp" "$dest"
		rm -rf -- "$dest.dir"
	fi
	unlock
}

# file_system DIR IMAGE: an ext4 of what is in DIR, with some room.
file_system()
{
	local mib files

	mib=$(du -sm --apparent-size -- "$1" | cut -f1)
	files=$(find "$1" | wc -l)
	run mke2fs -q -t ext4 -O ^has_journal -m 0 -E lazy_itable_init=1,root_owner=0:0 \
		-N $((files + 4096)) -d "$1" "$2" $((mib * 5 / 4 + files / 100 + 64))M >/dev/null ||
		die "$STATUS_PREPARE" "cannot make a file system of $1"
}

# own_modules: the project's modules, built in a copy, in $modules. What the compiler said,
# with W=1 for Debian's kernels, is in the file log beside it, for tests/style/run; which
# reads the comments for kernel-doc itself, all at once.
modules=''
readonly kbuild_warnings=(W=1 cmd_checkdoc=)
own_modules()
{
	local files key dest

	[[ -z $no_modules ]] || return 0
	if [[ ! -e $repo/Kbuild || ! -e $repo/Makefile ]]; then
		say 'no modules: there is no Kbuild or no Makefile'
		return 0
	fi
	if [[ -z $KDIR || -z $MODDIR ]]; then
		say "no modules: $kernel has nothing to build them with, or none of its own"
		return 0
	fi
	mapfile -d '' -t files < <(cd -- "$repo" && find Makefile Kbuild src include scripts/{elevator,weirlab/__init__.py,weirlab/elevator,toolchain.mk,index-modules,build-apart} -type f \
		! -name '.*' ! -name '*.o' ! -name '*.ko' ! -name '*.mod' ! -name '*.mod.c' ! -name '*.pyc' \
		-print0 | sort -z)
	key=$({
		stat -c '%n %Y' -- "$KDIR/Makefile" "$MODDIR/modules.dep"
		echo "${kbuild_warnings[@]}"
		cd -- "$repo" && sha256sum -- "${files[@]}"
	} | sha256sum | cut -c1-16)
	dest=$cache/build/$KVER-$key
	if [[ ! -d $dest ]]; then
		require build
		lock "build/$KVER-$key"
		[[ -d $dest ]] || build_modules "$dest"
		unlock
	fi
	# What nobody has used for a week goes, with the next build.
	touch -- "$dest"
	modules=$dest/modules
}

# build_modules DEST: DEST/source as built, DEST/modules for the machine, with
# the indexes depmod makes of these and the kernel's own modules.
build_modules()
{
	local dest=$1 new=$1.tmp tree=$1.tmp/tree/lib/modules/$KVER ko strip=strip
	local wanted='weir-blk weir-iosched' options=()
	# What depmod reads; whatever else is called modules.* it makes.
	local given=(! -name modules.order ! -name modules.builtin ! -name modules.builtin.modinfo)

	say "building the modules for $KVER"
	# Others may be configured to take warnings for errors.
	[[ $kernel == */* ]] || options=("${kbuild_warnings[@]}")
	# Its clock counts instructions of x86.
	[[ $MACHINE != x86_64 ]] || wanted+=' weir-lab'
	# Others may build, and tidy up, at the same time.
	find "$cache/build" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf -- {} + 2>/dev/null || :
	scratch+=("$new")
	rm -rf -- "$new"
	mkdir -p -- "$new/source" "$new/modules/updates" "$tree"
	(cd -- "$repo" && cp --parents -- "${files[@]}" "$new/source/")
	in_root "$ROOT" env TMPDIR="$new" make -j"$(nproc)" -C "$new/source" KDIR="${KDIR//\$/\$\$}" \
		MODULES="$wanted" "${options[@]}" \
		>"$new/log" 2>&1 || {
		cat -- "$new/log" >&2
		die "$STATUS_PREPARE" "the modules do not build for $KVER"
	}
	[[ -n $(find "$new/source" -maxdepth 1 -name '*.ko') ]] ||
		die "$STATUS_PREPARE" "the build for $KVER made no .ko at the top of its tree"

	# Links take no time, but not every two folders can have them.
	cp -al -- "$MODDIR/." "$tree" 2>/dev/null || cp -a --remove-destination -- "$MODDIR/." "$tree" ||
		die "$STATUS_PREPARE" "cannot copy the modules in $MODDIR"
	find "$tree" -maxdepth 1 -name 'modules.*' "${given[@]}" -delete
	# binutils know the objects of their own machine.
	[[ $MACHINE == "$(uname -m)" ]] || strip=$MACHINE-linux-gnu-strip
	for ko in "$new/source"/*.ko; do
		"$strip" -g -o "$new/modules/updates/${ko##*/}" "$ko"
	done
	cp -r -- "$new/modules/updates" "$tree/"
	run depmod -b "$new/tree" "$KVER" || die "$STATUS_PREPARE" "depmod failed for $KVER"
	find "$tree" -maxdepth 1 -name 'modules.*' "${given[@]}" -exec cp -t "$new/modules" -- {} +
	rm -rf -- "$new/tree"
	mv -T -- "$new" "$dest"
}
