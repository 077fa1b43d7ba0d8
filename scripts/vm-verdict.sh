# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Of scripts/vm: how a machine has ended, by its results and its kernel's log, in $verdict.
# Sourced, never run.

# shellcheck disable=SC2034,SC2154 # shared with scripts/vm
# What a kernel in trouble says, at the start of a line of its log.
readonly splat='------------\[ cut here \]|WARNING: |BUG[: ]|kernel BUG at |Oops[: ]'\
'|general protection fault|Kernel panic|invalid opcode: |divide error: |stack segment: '\
'|double fault: |Unable to handle kernel|Unhandled fault|Internal error: '\
'|(watchdog: |NMI watchdog: )+(BUG: |Watchdog detected hard)|rcu: INFO: rcu_.*stall'\
'|rcu: rcu_.* kthread (starved|timer wakeup)|INFO: rcu_.*stall|INFO: task .* blocked '\
'|INFO: possible |INFO: trying to register non-static key|INFO: suspicious '\
'|UBSAN: |KASAN: |KCSAN: |KMSAN: |KFENCE: |kmemleak: [0-9]+ new suspected'\
'|refcount_t: |list_add corruption|list_del corruption|=+ *BUG |ODEBUG: |Slab corruption'\
'|slab error in |bad: scheduling from the idle thread|irq [0-9]+: nobody cared'\
'|usercopy: Kernel memory |detected buffer overflow in |kernel tried to execute '\
'|stack-protector: |DEBUG_LOCKS_WARN_ON'
readonly stamp='^(<[0-9]+>)?\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? *'
# The same from the taint flags: machine check, bad page, died, warned, lockup.
readonly taint_splat=$((1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14))

# died_of_emulation: two known faults of it. With several CPUs one of them now and then
# runs into the int3 by which the kernel patches its own code (when it boots, loads
# modules, switches tracepoints). And with --icount one in some hundred took a double
# fault after a cmpxchg16b, with flags that no CPU can have: 22 to 31 are always 0. The
# same machine did so again.
died_of_emulation()
{
	[[ -z $verdict ]] && grep -aqE "${stamp}(Oops: int3|RSP: .*EFLAGS: (0*[1-9a-f][0-9a-f]{6,}|0*[4-9a-f][0-9a-f]{5})\>)" \
		"$tmp/kernel.log"
}

begun()
{
	grep -aq 'weir-vm: running' "$tmp/kernel.log"
}

# results: the command's status, and what was in /out.
tainted=0 emulator=''
results()
{
	local magic='' status='' size=''

	# A machine that did not come so far has written nothing.
	read -r magic status size tainted < <(head -c 64 "$tmp/results" | tr -d '\0') || :
	if [[ $magic != weir-vm ]]; then
		tainted=0
		return
	fi
	verdict=$status
	if [[ $size == failed ]]; then
		# The reason, if it was one that could be logged.
		grep -a 'weir-vm: out: ' "$tmp/kernel.log" >&2 || :
		die "$STATUS_DIED" 'the machine could not hand over what is in /out'
	elif [[ -n $out && $size != 0 ]]; then
		dd if="$tmp/results" bs=1M skip=1 count="$size" iflag=count_bytes status=none |
			tar -C "$out" --no-same-owner -xf - ||
			die "$STATUS_DIED" "cannot unpack what is in /out into '$out'"
	fi
}

# keep_log: where it outlives this script, in $log.
log=''
keep_log()
{
	[[ -z $log ]] || return 0
	if [[ -n $out ]]; then
		log=$out/kernel.log
	else
		log=$(mktemp -- "$TMPDIR/weir-kernel-log.XXXXXXXX")
		chmod 644 "$log"
	fi
	cp -- "$tmp/kernel.log" "$log"
}

# judge: what the kernel log says about it, and what to tell the user.
judge()
{
	local bug=''

	[[ -z $out ]] || keep_log
	if grep -aqE "$stamp($splat)" "$tmp/kernel.log"; then
		bug=1
		keep_log
		printf '%s: the kernel reported a bug (kernel log: %s)\n' "$self" "$log" >&2
		# What grep is told by head: enough.
		grep -aE -m 4 -B 5 -A 40 "$stamp($splat)" "$tmp/kernel.log" | head -n 200 >&2 || :
		[[ -z $verdict || -n $timed_out ]] || verdict=$STATUS_SPLAT
	elif ((tainted & taint_splat)); then
		keep_log
		printf '%s: the kernel is tainted, flags %d: it warned (kernel log: %s)\n' \
			"$self" "$tainted" "$log" >&2
		verdict=$STATUS_SPLAT
	fi

	if [[ -z $verdict ]]; then
		keep_log
		verdict=$STATUS_DIED
		printf '%s: the machine ended before the command did (QEMU: status %d, kernel log: %s)\n' \
			"$self" "$qemu_status" "$log" >&2
		cat -- "$tmp/qemu.log" >&2
		[[ -n $bug ]] || tail -n 15 -- "$tmp/kernel.log" >&2
	elif [[ -n $timed_out ]]; then
		keep_log
		printf '%s: not done after %d s, gave up (kernel log: %s)\n' "$self" "$timeout" "$log" >&2
		tail -n 5 -- "$tmp/kernel.log" >&2
	fi
}
