#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts/vm can be relied on: what goes in, what comes out, what
# makes it fail, and that nothing stays behind. Needs a warm or empty cache and
# about a minute and a half. Run: prove -v tests/lab/vm.t

set -u
top=$(cd -- "$(dirname -- "$0")/../.." && pwd)
vm=$top/scripts/vm
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# Where the lab puts its temporary files, so that a leftover shows.
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
# The lab itself is tested here, not the project's modules.
run=("$vm" --quiet --no-modules)

count=0
# ok STATUS NAME: one TAP line, from the exit status of what was checked.
ok()
{
	count=$((count + 1))
	if [[ $1 == 0 ]]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		awk '{ print "# " $0 }' "$work/err" "$work/output" 2>/dev/null | tail -n 20
	fi
}

# is GOT WANTED NAME
is()
{
	[[ $1 == "$2" ]]
	ok $? "$3"
	[[ $1 == "$2" ]] || printf '# got:    %q\n# wanted: %q\n' "$1" "$2"
}

# clean NAME: no process and no file of the lab is left.
clean()
{
	local left

	left=$(ls -A "$TMPDIR"; pgrep -af -- "$TMPDIR")
	is "$left" '' "$1"
	rm -rf -- "$TMPDIR"
	mkdir "$TMPDIR"
}

# signalled SIGNAL NAME STATUS: a machine at work gets a signal, as a terminal
# sends it: with the default action, to the whole process group.
signalled()
{
	local pid status tries

	perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' \
		"${run[@]}" -- bash -c 'echo at work; sleep 1000' >"$work/output" 2>"$work/err" &
	pid=$!
	for ((tries = 0; tries < 600; tries++)); do
		grep -q 'at work' "$work/output" && break
		sleep 0.1
	done
	kill "-$1" -- "$2$pid"
	wait "$pid"
	status=$?
	is "$status" "$3" "$1 ends it with status $3"
	clean "$1 leaves nothing behind"
}

# usage WORD ARGUMENT...: refused, with a message that has WORD.
usage()
{
	local word=$1
	shift
	"$vm" "$@" >"$work/output" 2>"$work/err"
	is "$? $(grep -c -F -- "$word" "$work/err")" '2 1' "refused: $*"
}

# --- usage: no machine is started ---

usage "'70'" --smp 70 -- true
usage 'from 1 to 64' --smp x -- true
usage "'64'" --mem 64 -- true
usage "'0'" --timeout 0 -- true
usage "'5.4'" --kernel 5.4 -- true
usage "'--nonsense'" --nonsense -- true
usage 'no command' --smp 1
usage '/nonexistent' --in /nonexistent -- true
usage "'nvme'" --drive nvme -- true
usage "'12'" --drive nvme:12 -- true
usage "'floppy:1M'" --drive floppy:1M -- true
usage 'wants a value' --out
"$vm" --help >"$work/output" 2>"$work/err"
is "$? $(grep -c '^usage: ' "$work/output")" '0 1' '--help helps'

# --- what goes in and what comes out ---

mkdir -p "$work/folder/sub"
printf 'first\nlast line has no end' >"$work/folder/sub/a file"
head -c 3000000 /dev/urandom >"$work/random"
# shellcheck disable=SC2016 # for the machine's shell
"${run[@]}" --timeout 300 --in "$work/folder" --in "$work/random" --out "$work/out" \
	--drive nvme:64M --drive virtio:32M --drive scsi:16M \
	-- bash -c '
		printf "%s\n" "$PWD" "$#" "$@"
		cp -r folder random /out
		mkdir "/out/with space"
		truncate -s 40G "/out/with space/sparse"
		for drive in "$DRIVE1" "$DRIVE2" "$DRIVE3"; do lsblk -bdno SIZE "$drive"; done
		readlink -f /dev/disk/by-id/virtio-drive2
		[[ -z $(modprobe -a null_blk xfs 2>&1) ]] && [[ -b /dev/nullb0 ]] && echo modules
		echo through /dev/stderr >/dev/stderr
		printf "tab\there, no newline added"
		echo "weir: warnings: 0, BUG count: 0, not a WARNING: none" >/dev/kmsg
		sleep 1000 &
		sleep 1000 7>&1 >/dev/null 2>&1 &
		exit 42
	' name 'a  b' "it's" '"$HOME"' '' '*' $'new\nline' 'back\slash' >"$work/output" 2>"$work/err"
is $? 42 "the command's status comes through"
cat >"$work/wanted" <<-'EOT'
	/in
	7
	a  b
	it's
	"$HOME"

	*
	new
	line
	back\slash
	67108864
	33554432
	16777216
	/dev/vda
	modules
	through /dev/stderr
EOT
printf 'tab\there, no newline added' >>"$work/wanted"
cmp "$work/wanted" "$work/output" >"$work/err" 2>&1
ok $? 'arguments, drives, modules, output: byte for byte'
diff -r "$work/folder" "$work/out/folder" >/dev/null && cmp -s "$work/random" "$work/out/random"
ok $? '--in and /out bring files over unchanged'
is "$(stat -c %s "$work/out/with space/sparse") $(du -m "$work/out/with space/sparse" | cut -f1)" \
	'42949672960 0' 'a sparse file stays sparse'
grep -q 'Linux version 6\.12' "$work/out/kernel.log"
ok $? 'the kernel log is with the results'
clean 'nothing is left'

# --- output arrives while the command runs; a slow reader loses nothing ---

seq 200000 >"$work/wanted"
"${run[@]}" --smp 1 -- bash -c 'date +%s%N; sleep 2; seq 200000' 2>"$work/err" | {
	read -r _
	first=$EPOCHREALTIME
	read -r _
	echo $((${EPOCHREALTIME/./} - ${first/./} > 1000000)) >"$work/live"
	sleep 1
	cat
} >"$work/output"
is "${PIPESTATUS[0]} $(cat "$work/live")" '0 1' 'output is live'
cmp <(tail -n +2 "$work/wanted") "$work/output"
ok $? 'a slow reader gets all of it'

"${run[@]}" --smp 1 -- bash -c 'while :; do echo line; done' 2>"$work/err" | head -n 3 >"$work/output"
is "${PIPESTATUS[0]} $(wc -l <"$work/output")" '141 3' 'ends when nobody reads its output'
clean 'and leaves nothing'

# --- a kernel in trouble is a failure ---

"${run[@]}" --smp 1 --out "$work/splat" -- bash -c '
	echo "context before" >/dev/kmsg
	echo "<4>WARNING: CPU: 0 PID: 1 at block/blk-mq.c:1 blk_mq_x+0x1/0x2" >/dev/kmsg
	echo "context after" >/dev/kmsg' >"$work/output" 2>"$work/err"
is "$? $(grep -c 'context before\|context after\|blk-mq.c:1' "$work/err")" '99 3' \
	'a WARNING fails a command that succeeded, and is shown'
clean 'its log went to --out'

"${run[@]}" --smp 1 --out "$work/splat" -- bash -c 'echo 512 >/proc/sys/kernel/tainted' \
	>"$work/output" 2>"$work/err"
is "$? $(grep -c 'tainted, flags 512' "$work/err")" '99 1' 'so does a warning that left no words'

# Every kind at once, line by line against the pattern the script uses.
pattern=$(bash -c 'eval "$(sed -n "/^readonly splat=/,/^readonly stamp=/p" "$1")"; echo "$stamp($splat)"' - "$top/scripts/vm-verdict.sh")
cat >"$work/bad" <<-'EOT'
	[    1.000000] ------------[ cut here ]------------
	[    1.000000][   T12] WARNING: possible circular locking dependency detected
	[    1.000000] BUG: kernel NULL pointer dereference, address: 0000000000000000
	[    1.000000] Oops: Oops: 0000 [#1] PREEMPT SMP PTI
	[    1.000000] Oops: general protection fault, probably for non-canonical address
	[    1.000000] general protection fault, probably for non-canonical address 0xdead: 0000 [#1]
	[    1.000000] BUG: KASAN: slab-use-after-free in weir_queue_rq+0x1/0x2
	[    1.000000] BUG: KFENCE: out-of-bounds read in x+0x1/0x2
	[    1.000000] UBSAN: array-index-out-of-bounds in src/store/store.c:1:2
	[    1.000000] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
	[    1.000000] BUG kmalloc-64 (Tainted: G           O      ): Right Redzone overwritten
	[    1.000000] BUG weir_cmd (Not tainted): Poison overwritten
	[    1.000000] =============================================================================BUG x
	[    1.000000] refcount_t: underflow; use-after-free.
	[    1.000000] list_del corruption. prev->next should be x, but was y.
	[    1.000000] rcu: INFO: rcu_preempt self-detected stall on CPU
	[    1.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
	[    1.000000] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [fio:1]
	[    1.000000] INFO: task fio:123 blocked for more than 120 seconds.
	[    1.000000] Kernel panic - not syncing: sysrq triggered crash
	[    1.000000] kernel BUG at block/blk-mq.c:1!
	[    1.000000] BUG: sleeping function called from invalid context at mm/x.c:1
	[    1.000000] BUG: scheduling while atomic: fio/1/0x00000002
	[    1.000000] BUG: Bad page state in process fio  pfn:1
	[    1.000000] irq 16: nobody cared (try booting with the "irqpoll" option)
	[    1.000000] INFO: trying to register non-static key.
EOT
cat >"$work/good" <<-'EOT'
	[    1.000000] weir: warnings: 0
	[    1.000000] weir-vm: running WARNING: BUG:
	[    1.000000] Spectre V2 : WARNING: Unprivileged eBPF is enabled
	[    1.000000] debug: BUGS none
	[    1.000000] weir-blk: loading out-of-tree module taints kernel.
	[    1.000000] INFO: lockdep is turned off.
	[    1.000000] EXT4-fs error (device weir0): ext4_lookup:1: deleted inode referenced
	[    1.000000] blk_update_request: I/O error, dev weir0, sector 0 op 0x0:(READ)
	[    1.000000] rcu: Hierarchical RCU implementation.
	[    1.000000] BUGGY hardware
EOT
is "${pattern:0:3}" '^(<' 'there is a pattern'
is "$(grep -vE "$pattern" "$work/bad")" '' 'every kind of report is known'
is "$(grep -E "$pattern" "$work/good")" '' 'ordinary messages are none'

"${run[@]}" --smp 1 -- bash -c 'echo c >/proc/sysrq-trigger' >"$work/output" 2>"$work/err"
is "$? $(grep -c 'Kernel panic' "$work/err" | sed 's/[1-9].*/yes/')" '98 yes' 'a panic: the machine died'
log=$(sed -n "s/.*kernel log: \(.*\))\$/\1/p" "$work/err" | head -n 1)
grep -q 'Kernel panic' "$log"
ok $? 'it says where the log is'
rm -f "$log"
clean 'and leaves nothing else'

# --- two at a time, different kernels ---

"${run[@]}" --smp 1 --kernel 6.1 -- uname -r >"$work/one" 2>"$work/err" &
one=$!
"${run[@]}" --smp 1 --icount -- bash -c 'uname -r; date -u +%Y' >"$work/two" 2>>"$work/err"
two=$?
wait "$one"
one=$?
is "$one $two $(cut -d. -f-2 "$work/one" | paste -sd' ') $(sed 's/^\(6\.[0-9]*\).*/\1/' "$work/two" | paste -sd' ')" \
	'0 0 6.1 6.12 2026' 'two side by side: 6.1, and 6.12 with --icount'

# --- ends early, tidily ---

"${run[@]}" --smp 1 --append 'weir_test=1 quiet' --timeout 6 --out "$work/late" -- sleep 1000 >"$work/output" 2>"$work/err"
is "$? $(grep -c '6 s' "$work/err")" '124 1' '--timeout'
grep -q 'Command line: .* weir_test=1 quiet$' "$work/late/kernel.log"
ok $? '--append, and the log of a machine that did not finish'
clean 'a timeout leaves nothing behind'
signalled INT - 130
signalled TERM '' 143

echo "1..$count"
