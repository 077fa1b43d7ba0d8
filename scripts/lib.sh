# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the lab's scripts share: messages, what is missing, the cache, apt.
# Sourced, never run.

readonly STATUS_USAGE=2 STATUS_MISSING=3 STATUS_PREPARE=97

# mke2fs, depmod and sfdisk live where a plain user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C

self=${0##*/}
repo=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
cache=${WEIR_CACHE:-${XDG_CACHE_HOME:-${HOME:?neither HOME nor XDG_CACHE_HOME is set}/.cache}/weir}
[[ $cache == /* ]] || cache=$PWD/$cache
: "$repo" "$STATUS_PREPARE"

# say TEXT: progress, on stderr; WEIR_QUIET (--quiet) silences it.
say()
{
	[[ -n ${WEIR_QUIET:-} ]] || printf '%s: %s\n' "$self" "$*" >&2
}

# die STATUS TEXT
die()
{
	local status=$1
	shift
	printf '%s: %s\n' "$self" "$*" >&2
	exit "$status"
}

# Who needs what: group, program (or file), Debian package.
needs()
{
	cat <<-'EOT'
		build gcc gcc
		build make make
		build ld binutils
		build /usr/include/stdio.h libc6-dev
		build /usr/include/libelf.h libelf-dev
		build pahole dwarves
		build depmod kmod
		build perl perl
		build xz xz-utils
		build zstd zstd
		build lz4 lz4
		build python3 python3
		lab qemu-system-x86_64 qemu-system-x86
		lab mmdebstrap mmdebstrap
		lab mke2fs e2fsprogs
		lab sfdisk fdisk
		lab depmod kmod
		lab flock util-linux
		lab setpriv util-linux
		lab ps procps
		lab newuidmap uidmap
		lab tar tar
		lab cpio cpio
		lab jq jq
		lab perl perl
		lab prove perl
		check gcc gcc
		check make make
		check /usr/include/stdio.h libc6-dev
		check /usr/include/cmocka.h libcmocka-dev
		check sparse sparse
		check shellcheck shellcheck
		check prove perl
		check python3 python3
		check fio fio
		check spin spin
		check mypy mypy
		check /usr/lib/python3/dist-packages/pytest python3-pytest
		check /usr/lib/python3/dist-packages/scipy python3-scipy
		demo jq jq
		demo python3 python3
		demo /usr/lib/python3/dist-packages/scipy python3-scipy
		demo /usr/lib/python3/dist-packages/matplotlib python3-matplotlib
		trace blktrace blktrace
		trace blkparse blktrace
		trace btt blktrace
		trace python3 python3
		clang clang clang
		clang ld.lld lld
		clang llvm-nm llvm
		fuzz clang clang
		fuzz /usr/share/doc/libclang-rt-dev libclang-rt-dev
		arm64 aarch64-linux-gnu-gcc-12 gcc-12-aarch64-linux-gnu
		arm64 aarch64-linux-gnu-strip binutils-aarch64-linux-gnu
		arm64 qemu-system-aarch64 qemu-system-arm
		deb dpkg-buildpackage dpkg-dev
		deb dh debhelper
		deb dh_dkms dh-dkms
		deb fakeroot fakeroot
		deb lintian lintian
		check mandoc mandoc
		check sqlite3 sqlite3
		check rpmspec rpm
		kernel gcc gcc
		kernel make make
		kernel bc bc
		kernel flex flex
		kernel bison bison
		kernel pahole dwarves
		kernel /usr/include/libelf.h libelf-dev
		kernel /usr/include/openssl/opensslv.h libssl-dev
		kernel xz xz-utils
		kernel cpio cpio
		kernel rsync rsync
	EOT
}

# missing GROUP...: "thing package" lines for what is not there.
missing()
{
	local group thing package wanted=" $* "

	needs | while read -r group thing package; do
		[[ $wanted == *" $group "* ]] || continue
		if [[ $thing == /* ]]; then
			[[ -e $thing ]] && continue
		else
			command -v -- "$thing" >/dev/null && continue
		fi
		printf '%s %s\n' "$thing" "$package"
	done | sort -u
}

# require GROUP...: ends the script when something is not there.
require()
{
	local lacking

	lacking=$(missing "$@")
	[[ -z $lacking ]] && return
	die "$STATUS_MISSING" "missing: $(cut -d' ' -f1 <<<"$lacking" | paste -sd' ')" \
		"(Debian packages: $(cut -d' ' -f2 <<<"$lacking" | sort -u | paste -sd' ');" \
		"scripts/setup $* installs them)"
}

# quoted TEXT: as one word of any shell. (printf %q has forms that only bash knows.)
quoted()
{
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# plain_folder NAME: a temporary folder of one's own, in $plain, for programs that take
# paths apart at blanks, commas and the like. The caller has it removed.
plain=''
: "$plain"
plain_folder()
{
	local dir

	for dir in "${TMPDIR:-/var/tmp}" /var/tmp /tmp; do
		[[ $dir != *[!A-Za-z0-9/._+@=~-]* && $dir == /* ]] || continue
		# The next one, then.
		plain=$(mktemp -d -- "$dir/$1.XXXXXXXX" 2>/dev/null) && return
	done
	die "$STATUS_PREPARE" 'neither TMPDIR nor /var/tmp nor /tmp is a folder to write to with a plain path'
}

# number NAME VALUE MIN MAX: a whole number in a range, or a usage error.
number()
{
	if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
		die "$STATUS_USAGE" "$1 is '$2': want a whole number from $3 to $4"
	fi
}

# run CMD...: like CMD, but a signal to this script takes effect at once, not
# when CMD is over.
run()
{
	local child status=0

	"$@" &
	child=$!
	wait "$child" || status=$?
	return "$status"
}

# descendants PID: every process below PID, the deepest first.
descendants()
{
	local pid

	for pid in $(ps -o pid= --ppid "$1"); do
		descendants "$pid"
		printf '%s\n' "$pid"
	done
}

# once_more COMMAND...: and again if the emulation itself killed its machine (scripts/vm).
once_more()
{
	local status=0

	"$@" || status=$?
	((status == 96)) || return "$status"
	"$@"
}

# leave: for the EXIT trap. Nothing goes on, and no half-made thing stays. Every
# child has $patience tenths of a second to tidy up behind itself and its own.
scratch=() patience=100
leave()
{
	local pids tries

	trap '' INT TERM HUP
	mapfile -t pids < <(ps -o pid= --ppid "$$")
	# Whoever has ended by himself meanwhile is no failure. ps always has.
	kill -TERM "${pids[@]}" 2>/dev/null || :
	for ((tries = 0; tries < patience; tries++)); do
		[[ -n $(jobs -pr) ]] || break
		sleep 0.1
	done
	mapfile -t pids < <(descendants "$$")
	# Nor here.
	kill -KILL "${pids[@]}" 2>/dev/null || :
	# The shell would say of each that it was killed, which is what was wanted.
	wait 2>/dev/null || :
	((${#scratch[@]} == 0)) || rm -rf --one-file-system -- "${scratch[@]}"
}
trap leave EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# lock NAME: alone in the cache under that name until unlock or the script's end.
# What an earlier owner that was killed left half made is the caller's to remove.
locks=()
lock()
{
	local fd file=$cache/lock/${1//\//_}

	mkdir -p -- "$cache/lock"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run that makes $1"
		run flock "$fd"
	fi
	locks+=("$fd")
}

unlock()
{
	local fd

	for fd in "${locks[@]}"; do
		exec {fd}>&-
	done
	locks=()
}

# The lab keeps its own package lists: no root needed, none of the host's touched.
# They come from the sources the user has configured; apt_options SUITE has those
# of another Debian suite and its backports, from the same archive; apt_arch, if set,
# is another machine's architecture, whose packages are for looking into.
apt_arch=''
apt_options()
{
	local dir=$cache/apt${1:+-$1}${apt_arch:+-$apt_arch}

	mkdir -p -- "$dir/lists/partial" "$dir/archives/partial"
	apt_opts=(
		-o "Dir::State::Lists=$dir/lists"
		-o "Dir::Cache=$dir"
		-o APT::Sandbox::User=root
		-o APT::Update::Post-Invoke-Success=
		-o Acquire::Languages=none
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
		-q
	)
	[[ -z $apt_arch ]] || apt_opts+=(-o "APT::Architecture=$apt_arch"
		-o "APT::Architectures::=$apt_arch" -o Dir::State::status=/dev/null
		-o APT::Install-Recommends=false)
	# Nothing is installed there: a package comes with all that it depends on.
	[[ -z ${1:-} ]] || apt_opts+=(
		-o Dir::Etc::SourceList=/dev/null
		-o "Dir::Etc::SourceParts=$dir/sources"
		-o Dir::State::status=/dev/null
		-o APT::Install-Recommends=false
	)
}

# debian_archives FORMAT: of the configured Debian ones, in apt's own words.
debian_archives()
{
	apt-get "${apt_opts[@]}" indextargets --format "$1" \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u
}

# apt_update [SUITE]: refresh those lists if they are older than an hour. Fails
# where there cannot be any; old ones are better than none.
# shellcheck disable=SC2120 # other files give the argument
apt_update()
{
	local status=0 dir=$cache/apt${1:+-$1}${apt_arch:+-$apt_arch} archive keys=/usr/share/keyrings/debian-archive-keyring.gpg

	command -v apt-get >/dev/null || return 1
	if [[ -n ${1:-} ]]; then
		apt_update '' || return 1
		# shellcheck disable=SC2016 # apt's variables
		archive=$(debian_archives '$(LABEL) $(REPO_URI)' | sed -n 's/^Debian //p' | head -n 1)
		if [[ -z $archive ]]; then
			say "apt's sources name no Debian archive to take $1 from"
			return 1
		fi
		[[ -e $keys ]] || keys=''
		mkdir -p -- "$dir/sources"
		printf '%s\n' 'Types: deb' "URIs: $archive" "Suites: $1 $1-updates $1-backports" \
			'Components: main' ${keys:+"Signed-By: $keys"} >"$dir/sources/debian.sources"
	fi
	apt_options "${1:-}"
	lock "apt${1:+-$1}${apt_arch:+-$apt_arch}"
	if [[ -e $dir/updated && -n $(find "$dir/updated" -mmin -60) ]]; then
		return
	fi
	say "reading the package lists${1:+ of Debian $1}${apt_arch:+ for $apt_arch}"
	run apt-get "${apt_opts[@]}" update >"$dir/log" 2>&1 || status=$?
	if ((status)) || grep -q '^Err:\|^W: Failed to fetch' "$dir/log"; then
		say "apt-get update had trouble: $(grep -m1 '^[EW]: ' "$dir/log" || echo "status $status")"
		return
	fi
	touch "$dir/updated"
}

# in_root ROOT COMMAND...: run it with the folder ROOT as /, where the cache, the
# temporary files and this project are at the places they have here. ROOT '' is
# the machine as it is.
in_root()
{
	local root=$1 apart=(unshare --mount)

	shift
	if [[ -z $root ]]; then
		run "$@"
		return
	fi
	((EUID == 0)) || apart+=(--user --map-root-user)
	# shellcheck disable=SC2016 # for the shell inside
	run "${apart[@]}" bash -c 'set -e
		root=$1 here=$PWD
		for dir in /proc /dev "$2" "$3" "$4"; do
			mkdir -p -- "$root$dir"
			mount --rbind -- "$dir" "$root$dir"
		done
		shift 4
		exec chroot -- "$root" /usr/bin/env -C "$here" PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		in_root "$root" "$cache" "$repo" "${TMPDIR:-/tmp}" "$@"
}
