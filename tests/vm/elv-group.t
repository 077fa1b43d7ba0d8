#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves what io.weir.weight is to whoever writes it: there for each cgroup but the
# root, 100 at first, 1 to 10000, a refusal says why and changes nothing; and that
# cgroups may come and go with I/O on two disks, whatever happens meanwhile to the
# scheduler or the file, and leave nothing behind. Needs nothing special; about a
# minute, 5 with WEIR_LONG=1.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
# shellcheck source=tests/vm/elv.sh
. "$(dirname -- "$0")/elv.sh"
in_machine --smp 2
no_udev

cgroups=/sys/fs/cgroup
file=io.weir.weight

# weight GROUP
weight()
{
	cat "$cgroups/$1/$file"
}

# set_weight GROUP VALUE
set_weight()
{
	printf '%s\n' "$2" >"$cgroups/$1/$file"
}

# takes VALUE NUMBER
takes()
{
	try "takes '$1'" set_weight one "$1"
	is "$(weight one)" "default $2" "and has $2"
}

# not_taken VALUE ERROR
not_taken()
{
	local said want="$file is '${1#default }': want a whole number from 1 to 10000"

	dmesg -C
	said=$({ set_weight one "$1"; } 2>&1)
	like "$said" "$2" "refuses '$1': $2"
	is "$(weight one)" 'default 7' "and has what it had"
	said=$(dmesg)
	[[ $said == *"$want"* ]]
	ok $? "and says why" || note "$said"
}

# in_group GROUP COMMAND...: runs it there.
in_group()
{
	(echo $BASHPID >"$cgroups/$1/cgroup.procs" && exec "${@:2}")
}

# reads GROUP DISK KIB [BLOCK]: some I/O of the group.
reads()
{
	in_group "$1" dd if="/dev/$2" of=/dev/null bs="${4:-4k}" count="$3K" \
		iflag=direct,count_bytes status=none
}

# leaves GROUP: a process of the group leaves it in the middle of its I/O, so that
# the group is gone before the I/O is; if so, it says that in /tmp/left.
leaves()
{
	local pid who='' inflight

	reads "$1" "$second" 8192 1M &
	pid=$!
	while [[ -z $who ]] && kill -0 $pid; do
		read -r who <"$cgroups/$1/cgroup.procs"
	done
	sleep 0.05
	[[ -z $who ]] || echo "$who" >"$cgroups/cgroup.procs"
	rmdir "$cgroups/$1" || return
	read -r inflight _ <"/sys/block/$second/inflight"
	((inflight == 0)) || echo "$1" >>/tmp/left
	wait $pid
}

# come_and_go FIRST LAST: so many groups one after the other, each with I/O on both
# disks.
# shellcheck disable=SC2317 # by try
come_and_go()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		mkdir "$cgroups/many-$i" || return
		set_weight "many-$i" $((i * 97 % 10000 + 1)) || return
		reads "many-$i" weir0 64 || return
		if ((i % 2)); then
			leaves "many-$i" || return
		else
			reads "many-$i" "$second" 16 || return
			rmdir "$cgroups/many-$i" || return
		fi
	done
}

# none_dying: of the groups that are gone nothing is kept. Memory may be charged to
# one until it is given back.
# shellcheck disable=SC2317 # by try
none_dying()
{
	local tries what=nr_dying_descendants

	# Only newer kernels tell controllers apart.
	! grep -q nr_dying_subsys_io "$cgroups/cgroup.stat" || what=nr_dying_subsys_io
	for ((tries = 0; tries < 100; tries++)); do
		grep -q "^$what 0$" "$cgroups/cgroup.stat" && return
		sleep 0.2
		echo 3 >/proc/sys/vm/drop_caches
	done
	cat "$cgroups/cgroup.stat"
	return 1
}

# switch_until FILE: the schedulers of both disks, until there is this file.
switch_until()
{
	local one

	while [[ ! -e $1 ]]; do
		for one in none weir mq-deadline weir; do
			echo $one >/sys/block/weir0/queue/scheduler || return
			echo $one >"/sys/block/$second/queue/scheduler" || return
		done
	done
}

# scheduler_gone: weir-iosched is unloaded. A switch may still be using it.
# shellcheck disable=SC2317 # by try
scheduler_gone()
{
	local tries

	for ((tries = 0; tries < 50; tries++)); do
		rmmod weir_iosched 2>/dev/null && return
		sleep 0.1
	done
	rmmod weir_iosched
}

# --- the file ---

[[ $(<$cgroups/cgroup.controllers) == *io* ]] || give_up 'there is cgroup2 with io'
echo +io >$cgroups/cgroup.subtree_control || give_up 'io is there for child groups'
mkdir $cgroups/before
try 'the module loads' modprobe weir-iosched
is "$(weight before)" 'default 100' 'a cgroup that was there before has 100'
mkdir $cgroups/one
is "$(weight one)" 'default 100' 'a new one, too'
[[ ! -e $cgroups/$file ]]
ok $? 'the root has none'

takes 1 1
takes 10000 10000
takes 'default 250' 250
takes '  default   300 ' 300
takes 7 7
not_taken 0 'Numerical result out of range'
not_taken 10001 'Numerical result out of range'
not_taken 99999999999 'Numerical result out of range'
not_taken 'default 0' 'Numerical result out of range'
not_taken -1 'Invalid argument'
not_taken default 'Invalid argument'
not_taken '8:0 100' 'Invalid argument'
not_taken 1.5 'Invalid argument'
not_taken '' 'Invalid argument'

echo +io >$cgroups/one/cgroup.subtree_control
mkdir $cgroups/one/child
is "$(weight one/child)" 'default 100' 'a child does not inherit'
try 'a child takes one' set_weight one/child 55
is "$(weight one) $(weight one/child)" 'default 7 default 55' 'of its own'

# --- groups with I/O ---

modprobe mq-deadline || give_up 'mq-deadline is there'
null_disk irqmode=2 completion_nsec=50000000
attach weir
second=$disk
weir_disk submit_queues=2
attach weir
before=$(stat_of reads "$second")
try '100 groups come and go with I/O on two disks' come_and_go 1 100
holds 'the groups did read' "$(stat_of reads "$second") - before >= 50 * (4 + 8)"
left=$(wc -l </tmp/left)
holds "and $left were gone before their I/O was" "left >= 5"
try 'nothing is left of them' none_dying

# Deep, and a process in the middle of it.
path=one
for name in a b c d e f; do
	path+=/$name
	mkdir "$cgroups/$path"
	echo +io >"$cgroups/$path/cgroup.subtree_control"
	set_weight "$path" 200
done
mkdir "$cgroups/$path/leaf"
try 'I/O eight levels down' reads "$path/leaf" "$second" 64

load_start
switch_until /tmp/enough >/tmp/switches 2>&1 &
pid=$!
try 'groups come and go while schedulers do' come_and_go 101 $((120 + $(seconds 0 200)))
touch /tmp/enough
wait $pid
ok $? 'the switches' || note "$(cat /tmp/switches)"
try 'nothing is left of these' none_dying
load_end 'what is written meanwhile is read'

attach weir
# shellcheck disable=SC2317 # by gives_back
cycle()
{
	come_and_go $(($1 * 5 + 1)) $(($1 * 5 + 5))
}
gives_back 'groups that come and go' 2 $((7 + $(seconds 0 50))) 1024

# --- the file and the module ---

exec 7<>$cgroups/one/$file
refused 'in use' 'the module stays while a disk has it' rmmod weir_iosched
echo none >/sys/block/weir0/queue/scheduler
echo none >"/sys/block/$second/queue/scheduler"
try 'the module goes with the file open' scheduler_gone
[[ ! -e $cgroups/one/$file ]]
ok $? 'so does the file'
refused 'No such device' 'whoever has it open reads nothing' cat <&7
refused 'No such device' 'and writes nothing' bash -c 'echo 5 >&7'
try 'the module loads again' modprobe weir-iosched
is "$(weight one)" 'default 100' 'and has forgotten'
try 'takes a weight again' set_weight one 9
exec 7>&-
for round in 1 2 3 4 5; do
	mkdir "$cgroups/quick-$round"
	reads "quick-$round" weir0 16
	rmdir "$cgroups/quick-$round"
	scheduler_gone || break
	modprobe weir-iosched || break
done
is "$round" 5 'unloads right after a group with I/O is gone'
modprobe bfq
ok $? "beside bfq's own weights"
is "$(weight one)" 'default 100' 'which are others'

disk=$second
kind=null_blk
finish
disk=weir0
kind=weir
finish
done_testing
