#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that scripts/demo shows its parts in their order though it makes them beside the
# first machine, fails when one of them does, and ends all of them when it is ended. In a
# copy whose virtual machine and bench are a few lines. Seconds; no machine.

set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require lab build demo

tmp=$(mktemp -d -- "${TMPDIR:-/var/tmp}/weir-demo-test.XXXXXXXX")
scratch+=("$tmp")
cp -r -- "$repo/scripts" "$tmp"
export TMPDIR=$tmp/tmp EVENTS=$tmp/events FAILS='' SLEEPS=''
mkdir -- "$TMPDIR"

# It notes when it begins and ends; FAILS and SLEEPS name machines.
cat >"$tmp/scripts/vm" <<'FAKE'
#!/bin/bash
name=first out=''
while (($#)); do
	case $1 in
	--out) out=$2 ;;
	*/demo-*) name=${1##*/demo-} ;;
	esac
	shift
done
mkdir -p -- "$out"
if [[ $SLEEPS == *" $name "* ]]; then
	sleep 1000 &
	trap 'echo "$name was told to end" >>"$EVENTS"; kill $!; exit 143' TERM
	echo "$name begins" >>"$EVENTS"
	wait $!
fi
echo "$name begins" >>"$EVENTS"
# The first one ends when a part has begun: only if they run beside each other.
for ((tries = 0; tries < 50; tries++)); do
	[[ $name == first ]] && ! grep -q schedulers "$EVENTS" || break
	sleep 0.1
done
echo log >"$out/kernel.log"
touch "$out/fio-scheduler-x.json" "$out/fio-profile-x.json"
case $name in
first) printf 'ok\ta step\t1 s\n' ;;
schedulers) printf 'weir\t1000\t2000\t300\t400\n' ;;
cut) printf '%s\t%s\n' acknowledged 5 volatile 6 new 7 old 8 lost 0 fsck clean ;;
profiles) printf 'hdd\t1\t2\t3\t4\t5\t6\t800\t9\n' ;;
esac
echo "$name ends" >>"$EVENTS"
if [[ $FAILS == *" $name "* ]]; then
	echo "$name has failed"
	exit 98
fi
FAKE
cat >"$tmp/scripts/bench" <<'FAKE'
#!/bin/bash
while (($#)); do
	[[ $1 != --out ]] || mkdir -p -- "$2/report"
	shift
done
[[ $FAILS != *' bench '* ]]
FAKE
printf '#!/bin/bash\n' | tee "$tmp/scripts/picture" >"$tmp/scripts/report"

# demo: what it says in $said, its status in $status
demo()
{
	: >"$EVENTS"
	status=0
	said=$(FAILS=$FAILS "$tmp/scripts/demo" --out "$tmp/out" 2>&1) || status=$?
}

# in_order WORDS...: each is in $said, after the one before
in_order()
{
	local rest=$said words

	for words in "$@"; do
		[[ $rest == *"$words"* ]] || return
		rest=${rest#*"$words"}
	done
}

demo
[[ $status == 0 ]] && in_order 'a step ' ok 'side by side' 'weir           1.00 ms   2.00 ms' 'on two drives' \
	'800 files in' 'deep writers' index.html 'power is cut' 'that are lost' clean 'Every step worked'
ok $? 'all parts, in their order' "status $status: $said"
[[ $(grep -n 'schedulers begins' "$EVENTS" | cut -d: -f1) -lt $(grep -n 'first ends' "$EVENTS" | cut -d: -f1) ]]
ok $? 'they begin before the first machine ends' "$(<"$EVENTS")"
[[ -e $tmp/out/kernel-schedulers.log && -e $tmp/out/fio-profile-x.json && -z $(ls -A "$TMPDIR") ]]
ok $? 'the evidence is kept, and nothing else' "$(ls "$tmp/out" "$TMPDIR")"

FAILS=' profiles ' demo
[[ $status == 98 ]] && in_order '2.00 ms' 'on two drives' 'profiles has failed' 'failed, with status 98' index.html &&
	[[ $said != *'Every step worked'* ]]
ok $? 'a part that fails: says what it said, goes on, and fails' "status $status: $said"
FAILS=' bench ' demo
[[ $status == 1 ]] && in_order '800 files in' 'failed, with status 1' 'NOT EVERY STEP WORKED'
ok $? 'so does the page' "status $status: $said"
FAILS=' cut ' demo
[[ $status == 98 ]] && in_order index.html 'cut has failed' 'failed, with status 98'
ok $? 'and the power cut' "status $status: $said"
FAILS=' first ' demo
[[ $status == 98 ]] && in_order 'first has failed' 'side by side' 'THE MACHINE FAILED'
ok $? 'and the first machine' "status $status: $said"

: >"$EVENTS"
SLEEPS=' first schedulers ' "$tmp/scripts/demo" --out "$tmp/out" >/dev/null 2>&1 &
demo=$!
for ((tries = 0; tries < 100; tries++)); do
	[[ $(grep -c begins "$EVENTS") != 2 ]] || break
	sleep 0.1
done
kill -TERM $demo
wait $demo
status=$?
for ((tries = 0; tries < 50; tries++)); do
	[[ $(grep -c 'was told to end' "$EVENTS") != 2 ]] || break
	sleep 0.1
done
[[ $status == 143 && $(grep -c 'was told to end' "$EVENTS") == 2 && -z $(ls -A "$TMPDIR") ]]
ok $? 'SIGTERM ends both machines, and leaves nothing' "status $status: $(<"$EVENTS") $(ls "$TMPDIR")"

done_testing
