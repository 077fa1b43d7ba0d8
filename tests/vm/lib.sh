# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# For tests/vm/*.t. A test is one file that runs twice: prove starts it on the
# host, where in_machine boots a machine with it; there it starts again,
# in_machine returns at once, and what it prints comes out on the host as TAP.
#
#   WEIR_KERNEL   the kernel, as in scripts/vm --kernel (default 6.12)
#   WEIR_VARIANT  memory or locks: WEIR_KERNEL is one of scripts/own-kernel, which looks
#                 for mistakes by itself, and is slow (scripts/check-debug)
#   WEIR_LONG     1: the long version of tests that have one (scripts/check --long)
#   WEIR_SCHED    the scheduler elv-*.t test (default weir)
#   WEIR_LOGS     a folder: the kernel's log and whatever a test puts in /out
#                 are kept in WEIR_LOGS/TEST

set -u

lib=$(realpath -- "${BASH_SOURCE[0]}")
test_file=$(realpath -- "$0")
test_name=$(basename -- "$0" .t)
carried=("$lib" "$test_file")
in_guest=''
[[ $lib == /in/* ]] && in_guest=1

# --- on the host ---

# carry FILE...: files beside the test that it wants in the machine's /in.
carry()
{
	local file

	[[ -z $in_guest ]] || return 0
	for file in "$@"; do
		carried+=("${lib%/*}/$file")
	done
}

# program NAME: tests/vm/NAME.c, compiled, as /in/NAME.
program()
{
	local source cache key

	[[ -z $in_guest ]] || return 0
	source=${lib%/*}/$1.c
	cache=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/tests
	key=$(sha256sum <"$source" | cut -c1-16)
	if [[ ! -x $cache/$key/$1 ]]; then
		mkdir -p -- "$cache/$key"
		if ! gcc -O2 -Wall -Wextra -Werror -static -pthread \
			-o "$cache/$key/$1.$$" "$source"; then
			printf 'Bail out! %s.c does not compile\n' "$1"
			exit 1
		fi
		mv -- "$cache/$key/$1.$$" "$cache/$key/$1"
	fi
	carried+=("$cache/$key/$1")
}

# in_machine [OPTION OF scripts/vm]...: on the host, run this test in a machine
# and end with its status, which is not 0 either when the kernel reported a bug.
# The allocator's own checks are on there: red zones, poison, use after free; a kernel of
# scripts/own-kernel has better ones, and needs memory and time for them.
# A machine that the emulation itself kills (scripts/vm: status 96) runs it once
# more, so what it prints is shown when it is over; on a terminal, at once.
in_machine()
{
	local vm=${lib%/*}/../../scripts/vm status=0 file
	local options=(--quiet --kernel "${WEIR_KERNEL:-6.12}")
	local settings=("WEIR_LONG=${WEIR_LONG:-}" "WEIR_SCHED=${WEIR_SCHED:-weir}"
		"WEIR_VARIANT=${WEIR_VARIANT:-}")

	if [[ -n $in_guest ]]; then
		mkdir -p /mnt
		return 0
	fi
	options+=(--timeout $((${WEIR_LONG:-0} ? 3600 : 1200)))
	if [[ -n ${WEIR_VARIANT:-} ]]; then
		options+=(--mem 3072)
	else
		options+=(--append 'slub_debug=FZPU kfence.sample_interval=100')
	fi
	for file in "${carried[@]}"; do
		options+=(--in "$file")
	done
	[[ -z ${WEIR_LOGS:-} ]] || options+=(--out "$WEIR_LOGS/$test_name")
	options+=("$@" -- env "${settings[@]}" bash "/in/${test_file##*/}")
	[[ ! -t 1 ]] || exec "$vm" "${options[@]}"
	printed=$(mktemp)
	trap 'rm -f -- "$printed"' EXIT
	"$vm" "${options[@]}" >"$printed" || status=$?
	if ((status == 96)); then
		status=0
		"$vm" "${options[@]}" >"$printed" || status=$?
	fi
	cat -- "$printed"
	exit $status
}

# --- in the machine: TAP ---

tests=0 failures=0

note()
{
	printf '%s\n' "$*" | cut -c1-400 | sed 's/^/# /'
}

# ok STATUS NAME
ok()
{
	tests=$((tests + 1))
	if [[ $1 == 0 ]]; then
		printf 'ok %d - %s\n' "$tests" "$2"
		return 0
	fi
	printf 'not ok %d - %s\n' "$tests" "$2"
	failures=$((failures + 1))
	return 1
}

# is GOT WANTED NAME
is()
{
	[[ $1 == "$2" ]]
	ok $? "$3" || note "got:    $1"$'\n'"wanted: $2"
}

# like GOT REGEX NAME
like()
{
	[[ $1 =~ $2 ]]
	ok $? "$3" || note "got:    $1"$'\n'"wanted: something that matches $2"
}

# holds NAME EXPRESSION: arithmetic that must be true.
holds()
{
	(($2))
	ok $? "$1" || note "not so: $2"
}

# try NAME COMMAND...: the command succeeds; what it said shows if it did not.
try()
{
	local name=$1 said status=0

	shift
	said=$("$@" 2>&1) || status=$?
	ok $status "$name" || note "status $status of: $*"$'\n'"$(tail -n 12 <<<"$said")"
}

# refused WORD NAME COMMAND...: the command fails and says WORD.
refused()
{
	local word=$1 name=$2 said status=0

	shift 2
	said=$("$@" 2>&1) || status=$?
	[[ $status != 0 && $said == *"$word"* ]]
	ok $? "$name" ||
		note "status $status of: $*"$'\n'"wanted a failure with: $word"$'\n'"$(tail -n 12 <<<"$said")"
}

skip()
{
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests" "$2" "$1"
}

# no_leaks: nothing is allocated that nobody has a pointer to any more, on kernels that
# can tell. kmemleak leaves out what is younger than five seconds, and what it sees for
# the first time.
no_leaks()
{
	local file=/sys/kernel/debug/kmemleak

	[[ -w $file ]] || return 0
	sleep 5
	echo scan >$file
	echo scan >$file
	is "$(cat $file)" '' 'no memory is lost'
}

# The last line of a test.
done_testing()
{
	no_leaks
	printf '1..%d\n' "$tests"
	exit $((failures > 0))
}

# --- in the machine: the driver ---

readonly debug=/sys/kernel/debug/weir
readonly conf=/sys/kernel/config/weir

# load [PARAMETER=VALUE]...: a failure is a failed test, and the test's end.
load()
{
	local said

	said=$(modprobe weir-blk "$@" 2>&1) && return 0
	ok 1 "loads with: $*"
	note "$said"$'\n'"$(dmesg | tail -n 5)"
	done_testing
}

# unload: udev may look at a disk a moment longer than we do.
unload()
{
	local tries said

	for ((tries = 0; tries < 50; tries++)); do
		said=$(rmmod weir_blk 2>&1) && return 0
		sleep 0.1
	done
	ok 1 'unloads'
	note "$said"
	done_testing
}

# no_udev: nobody but the test opens the disks from here on.
no_udev()
{
	# A machine with --memory-root has none.
	[[ -e /run/udev/control ]] || return 0
	udevadm settle
	udevadm control --exit
}

# put DISK ATTRIBUTE VALUE: writes to configfs.
put()
{
	printf '%s\n' "$3" >"$conf/$1/$2"
}

# get DISK ATTRIBUTE
get()
{
	cat "$conf/$1/$2"
}

# make_disk NAME [ATTRIBUTE=VALUE]...: by configfs.
make_disk()
{
	local name=$1 pair

	shift
	mkdir "$conf/$name" || return
	for pair in "$@"; do
		put "$name" "${pair%%=*}" "${pair#*=}" || return
	done
	put "$name" power 1
}

# counter COLUMN [DISK]: of debugfs queues, the sum of all hardware queues.
counter()
{
	awk -v want="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) col = i; next }
		{ sum += $col } END { print col ? sum : "no such column: " want }' \
		"$debug/${2:-weir0}/queues"
}

# store FIELD [DISK]
store()
{
	sed -n "s/^$1 //p" "$debug/${2:-weir0}/store"
}

# queue FILE [DISK]: a file of sysfs queue/.
queue()
{
	cat "/sys/block/${2:-weir0}/queue/$1"
}

# hw_queues [DISK]: how many there are.
hw_queues()
{
	find "/sys/block/${1:-weir0}/mq" -mindepth 1 -maxdepth 1 | wc -l
}

# at_rest [DISK]: every request taken was given back.
at_rest()
{
	local tries disk=${1:-weir0} requests=0 completed=0 waiting=0

	for ((tries = 0; tries < 50; tries++)); do
		requests=$(counter requests "$disk")
		completed=$(counter completed "$disk")
		waiting=$(counter waiting "$disk")
		[[ $requests == "$completed" && $waiting == 0 ]] && return 0
		sleep 0.1
	done
	echo "requests $requests, completed $completed, waiting $waiting"
	return 1
}

# nothing_lost: the test at_rest, on a kernel that can tell.
nothing_lost()
{
	if grep -qw debugfs /proc/filesystems; then
		try 'no request to the driver is lost' at_rest
	else
		skip 'this kernel has no debugfs' 'no request to the driver is lost'
	fi
}

# fio_run [OPTION]...: fio, one job, quiet unless it fails. A second --filename
# would not replace the first: fio takes both, and writes to the same disk twice.
fio_run()
{
	local written=(--filename=/dev/weir0)

	[[ " $*" != *' --filename='* ]] || written=()
	fio --name=job "${written[@]}" --output-format=terse --randseed=7 "$@"
}

# fio_verify [OPTION]...: what was written is what is read, by checksum.
fio_verify()
{
	fio_run --verify=crc32c --verify_fatal=1 --rw=randwrite "$@"
}

# memory: KiB free, once what can be given back has been; and what the kernel
# itself holds. The allocator keeps tens of MiB of freed pages on lists of each
# CPU, which MemFree leaves out: they are free, too.
memory()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^MemFree:/ { free += $2 } /^ +count:/ { free += 4 * $2 }
		/^SUnreclaim:|^Percpu:|^VmallocUsed:/ { held += $2 }
		END { print free, held }' /proc/meminfo /proc/zoneinfo
}

# gives_back NAME WARM TIMES KIB: the test's "cycle N" succeeds for N from 0 to
# TIMES - 1, and from WARM on costs no memory: less than 16 MiB of what is free, as
# others use it too, and less than KIB of what the kernel holds.
gives_back()
{
	local i free held free_after held_after

	for ((i = 0; i < $2; i++)); do cycle $i || break; done
	read -r free held < <(memory)
	for ((; i < $3; i++)); do cycle $i || break; done
	is $i "$3" "$1"
	# KASAN keeps what is freed for a while; kmemleak tells more than a sum.
	[[ -z ${WEIR_VARIANT:-} ]] || return 0
	read -r free_after held_after < <(memory)
	holds "the free memory is the same ($free and $free_after KiB)" "free - free_after < 16384"
	holds "so is what the kernel holds ($held and $held_after KiB)" "held_after - held < $4"
}
