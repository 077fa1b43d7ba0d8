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
		demo jq jq
		demo python3 python3
		demo /usr/lib/python3/dist-packages/matplotlib python3-matplotlib
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

# leave: for the EXIT trap. Nothing goes on, and no half-made thing stays. Every
# child has $patience tenths of a second to tidy up behind itself and its own.
scratch=() patience=100
leave()
{
	local pids tries

	trap '' INT TERM HUP
	mapfile -t pids < <(ps -o pid= --ppid "$$")
	kill -TERM "${pids[@]}" 2>/dev/null || :
	for ((tries = 0; tries < patience; tries++)); do
		[[ -n $(jobs -pr) ]] || break
		sleep 0.1
	done
	mapfile -t pids < <(descendants "$$")
	kill -KILL "${pids[@]}" 2>/dev/null || :
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
# They come from the sources the user has configured.
apt_options()
{
	mkdir -p -- "$cache/apt/lists/partial" "$cache/apt/archives/partial"
	apt_opts=(
		-o "Dir::State::Lists=$cache/apt/lists"
		-o "Dir::Cache=$cache/apt"
		-o APT::Sandbox::User=root
		-o APT::Update::Post-Invoke-Success=
		-o Acquire::Languages=none
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
		-q
	)
}

# apt_update: refresh those lists if they are older than an hour.
apt_update()
{
	local status=0

	command -v apt-get >/dev/null || return 1
	apt_options
	lock apt
	if [[ -n $(find "$cache/apt/updated" -mmin -60 2>/dev/null) ]]; then
		return
	fi
	say 'reading the package lists'
	run apt-get "${apt_opts[@]}" update >"$cache/apt/log" 2>&1 || status=$?
	if ((status)) || grep -q '^Err:\|^W: Failed to fetch' "$cache/apt/log"; then
		say "apt-get update had trouble: $(grep -m1 '^[EW]: ' "$cache/apt/log" || echo "status $status")"
		return
	fi
	touch "$cache/apt/updated"
}
