#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that every scenario in tests/fio says about itself what the lab has to know,
# in words the lab knows, and that fio takes it with the values of each of its cases;
# that the one which docs/lab.md teaches is such, too; and that this test notices a
# header that is wrong. Needs fio, and no machine.

# Words are wanted, not lines; and what looks like variables is fio's.
# shellcheck disable=SC2013,SC2016
set -uo pipefail
# shellcheck source=tests/lab/lib.sh
. "$(dirname -- "$0")/lib.sh"
require check

tmp=$(mktemp -d)
scratch+=("$tmp")
: >"$tmp/device"
mkdir "$tmp/dir"

readonly profiles=' none hdd sata-ssd nvme-tlc nvme-qlc nvme-nodram nvme-cheap nvme-dc optane cloud '

# one KEY PATTERN: the header has KEY once, and its value is like that.
one()
{
	local values

	mapfile -t values < <(sed -n "s/^; weir $1: //p" "$file")
	if ((${#values[@]} != 1)); then
		echo "'$1' is there ${#values[@]} times: want once"
	elif ! [[ ${values[0]} =~ ^($2)$ ]]; then
		echo "'$1' is '${values[0]}': want $2"
	fi
}

# few KEY PATTERN: once, like that, or not at all.
few()
{
	! grep -q "^; weir $1:" "$file" || one "$@"
}

# header FILE: prints what is wrong with it.
header()
{
	local file=$1 line words name sections value rest

	sections=" $(sed -n 's/^\[\(.*\)\]$/\1/p' "$file" | grep -vx global | paste -sd' ') "
	one summary '.{10,100}'
	few profiles '[a-z-]+( [a-z-]+)*'
	few foreground '[a-z_-]+( [a-z_-]+)*'
	few size '[0-9]+'
	few memory '[0-9]+'
	few cpus '[0-9]+'
	few destroys 'yes|no'
	few measure 'latency|time|throughput'
	few state 'fresh|full|steady'
	few mount 'ext4|xfs|btrfs|f2fs'
	few trace 'yes|no'
	few ipns '[0-9]+'
	few speed '[0-9]+'
	few seeds '[1-9][0-9]*'
	few sweeps 'no'
	few schedulers '[a-z-]+( [a-z-]+)*'
	few disk '[a-z_]+=[0-9]+( [a-z_]+=[0-9]+)*'
	words='summary|profiles|foreground|size|memory|cpus|destroys|measure|state|mount|trace|schedulers|disk|ipns|speed|seeds|sweeps'
	grep '^; *weir' "$file" | grep -vE "^; weir ($words): " |
		grep -vE '^; weir (vary|quick) [A-Z]+: [^ ]+( [^ ]+)*$' |
		grep -vE '^; weir (sweep|quick) [a-z-]+: [a-z_]+=[0-9]+( [0-9]+)*$' |
		grep -vE '^; weir sections [A-Z]+=[^ :]+: [a-z_-]+( [a-z_-]+)*$' |
		grep -vE '^; weir (file [A-Z]+: [a-z.-]+|group [a-z]+: [0-9]+|at [0-9.]+: [a-z_]+=[0-9]+|longer [a-z-]+: [1-9][0-9]*)$' |
		sed 's/$/: not known/'
	for name in $(sed -n 's/^; weir profiles: //p' "$file"); do
		[[ $profiles == *" $name "* ]] || echo "profile '$name': want of$profiles"
	done
	for name in $(sed -n 's/^; weir \(foreground\|sections [^:]*\): //p' "$file"); do
		[[ $sections == *" $name "* ]] || echo "section '$name': want of$sections"
	done
	for name in $(sed -n 's/^; weir foreground: //p' "$file"); do
		sed -n "/^\[$name\]/,/^\[/p" "$file" | grep -qx "write_lat_log=$name" ||
			echo "section '$name' keeps no write_lat_log=$name"
	done
	# A quick value is one of all, and so is one that chooses sections.
	while IFS=' :=' read -r _ _ line name rest; do
		for value in $rest; do
			[[ $line != sections ]] || value=${rest%%:*}
			[[ " $(sed -n "s/^; weir vary $name: //p" "$file") " == *" $value "* ]] ||
				echo "$line $name: '$value' is not among what varies"
		done
	done < <(grep -E '^; weir (quick|sections) [A-Z]+' "$file")
	for name in $(grep -o '\${[A-Z]*}' "$file" | tr -d '${}' | sort -u); do
		[[ $name == DEVICE || ($name == DIR && -n $(sed -n '/^; weir mount/p' "$file")) ]] ||
			grep -qE "^; weir (vary|file) $name: " "$file" || echo "\${$name}: given by nobody"
	done
	if grep -qE '^rw=(.*write|randrw|rw|\$.*)$' "$file"; then
		! grep -qx '; weir destroys: no' "$file" || echo 'it writes, and destroys nothing?'
	fi
}

# cases FILE: one case a line, VAR=VALUE VAR=VALUE
cases()
{
	local all=('') more case name values value

	while read -r name values; do
		more=()
		for case in "${all[@]}"; do
			for value in $values; do
				more+=("$case $name=$value")
			done
		done
		all=("${more[@]}")
	done < <(sed -n 's/^; weir vary \([A-Z]*\):/\1/p' "$1")
	printf '%s\n' "${all[@]}"
}

# parses FILE: fio takes it in every case; prints what it says where it does not.
parses()
{
	local file=$1 case pair set sections name said

	# fio insists on CPUs that this host may not have.
	sed 's/^\(cpus_allowed\|sqthread_poll_cpu\)=.*/\1=0/' "$file" >"$tmp/job.fio"
	while read -r case; do
		set=("DEVICE=$tmp/device" "DIR=$tmp/dir") sections=()
		while read -r name pair; do
			set+=("$name=$(dirname -- "$file")/$pair")
		done < <(sed -n 's/^; weir file \([A-Z]*\):/\1/p' "$file")
		for pair in $case; do
			set+=("$pair")
			for name in $(sed -n "s/^; weir sections $pair: //p" "$file"); do
				sections+=("--section=$name")
			done
		done
		said=$(env "${set[@]}" fio --parse-only --randseed=1 "${sections[@]}" "$tmp/job.fio" 2>&1) ||
			printf '%s: %s\n' "${case:-all}" "$said"
	done < <(cases "$file")
}

for file in "$repo"/tests/fio/*.fio; do
	name=${file##*/}
	said=$(header "$file")
	[[ -z $said ]]
	ok $? "$name: its header" "$said"
	said=$(parses "$file")
	[[ -z $said ]]
	ok $? "$name: fio takes each of its $(cases "$file" | wc -l) cases" "$said"
done

awk '/^### A scenario in ten lines/ { here = 1 } /^```/ && here { if (inside++) exit; next } inside' \
	"$repo/docs/lab.md" >"$tmp/scan.fio"
said=$(header "$tmp/scan.fio"; parses "$tmp/scan.fio")
[[ $(wc -l <"$tmp/scan.fio") == 10 && -z $said ]]
ok $? 'the scenario of docs/lab.md: ten lines, and fio takes it' "$said"$'\n'"$(<"$tmp/scan.fio")"
# Its own name, as it is not in tests/fio.
said=$("$repo/scripts/bench" --device /dev/nonsense "$tmp/scan.fio" 2>&1)
[[ $said == *"--device is '/dev/nonsense'"* ]]
ok $? 'and so does scripts/bench' "$said"
said=$(sed '/^\[/d' "$tmp/scan.fio" >"$tmp/empty.fio"; "$repo/scripts/bench" "$tmp/empty.fio" 2>&1)
[[ $said == *"no job, '[NAME]', in it"* ]]
ok $? 'which refuses one without a job' "$said"

# recorded FILE: an iolog of some hundred reads, all of them within 1 GiB.
recorded()
{
	awk 'NR == 1 { good = $0 == "fio version 2 iolog" }
		$2 == "read" { reads++; if (NF != 4 || $4 < 1 || $3 + $4 > 1073741824) good = 0 }
		END { exit !(good && reads >= 100 && reads < 1000) }' "$1"
}

recorded "$repo/tests/fio/startup.iolog"
ok $? 'startup.iolog: some hundred reads within 1 GiB'
sed '9s/read [0-9]*/read 1073741824/' "$repo/tests/fio/startup.iolog" >"$tmp/far.iolog"
! recorded "$tmp/far.iolog"
ok $? 'noticed: a read beyond'

# noticed NAME WORDS SED: a header changed so is wrong, in these words.
noticed()
{
	local said

	sed "$3" "$repo/tests/fio/$1" >"$tmp/$1"
	said=$(header "$tmp/$1")
	grep -qF -- "$2" <<<"$said"
	ok $? "noticed: $2" "$said"
}

noticed reads-vs-writes.fio "'summary' is there 0 times" '/weir summary/d'
noticed reads-vs-writes.fio "'size' is there 2 times" 's/^; weir size.*/&\n&/'
noticed reads-vs-writes.fio "'measure' is 'speed'" 's/measure: .*/measure: speed/'
noticed reads-vs-writes.fio "profile 'floppy'" 's/profiles: .*/profiles: floppy/'
noticed reads-vs-writes.fio "section 'raeds'" 's/foreground: .*/foreground: raeds/'
noticed reads-vs-writes.fio "section 'reads' keeps no" '/^write_lat_log/d'
noticed reads-vs-writes.fio '; weir staet: full: not known' 's/^; weir state.*/; weir staet: full/'
noticed reads-vs-writes.fio "quick WRITERS: '5'" 's/quick WRITERS: .*/quick WRITERS: 5/'
noticed reads-vs-writes.fio "'sweeps' is 'yes'" 's/^; weir size.*/; weir sweeps: yes/'
noticed startup.fio "sections LOAD: 'many'" 's/sections LOAD=readers/sections LOAD=many/'
noticed reads-vs-writes.fio '${BS}: given by nobody' '/vary BS/d'
noticed reads-vs-writes.fio 'it writes' 's/destroys: yes/destroys: no/'
sed 's/^runtime=.*/runtime=soon/' "$repo/tests/fio/reads-vs-writes.fio" >"$tmp/soon.fio"
said=$(parses "$tmp/soon.fio")
[[ $said == *'WRITERS=8 BS=64k'* ]]
ok $? 'noticed: a value that fio does not take' "$said"

done_testing
