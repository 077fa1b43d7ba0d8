#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a bad value is refused, with EINVAL and a kernel message that names
# it and its range, and changes nothing: twenty for each attribute in configfs,
# whatever the directory has; the range is what the message says, and both ends
# of it and what lies beyond them are tried.
# Then writes random values to random attributes, power included, under I/O,
# for some seconds (minutes with WEIR_LONG=1); WEIR_SEED repeats a run. Needs 2
# CPUs; about 2 minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2 --append sysctl.kernel.hung_task_timeout_secs=60
no_udev
load nr_devices=0
mkdir "$conf/weir0"

# What these are to be, whatever the messages say: lowest and highest; a switch is
# 0 or 1.
ranges=$(cat <<'EOT'
size 1 1073741824
blocksize 512 4096
submit_queues 0 4096
poll_queues 0 4096
home_node -1 1023
queue_mode 0 2
irqmode 0 2
completion_nsec -1 60000000000
index 0 1048575
hw_queue_depth 1 10240
max_sectors 0 8388607
mbps 0 40960
cache_size 0 1073741824
atomic_kib 0 1024
cut_seed 0 9223372036854775807
cut_first 0 18014398509481983
cut_last 0 18014398509481983
lose_flushes 0 1
history 0 1
physical_block_size 0 65536
io_min 0 1073741824
io_opt 0 1073741824
discard_granularity 0 1073741824
max_discard_segments 1 256
badblocks_once switch
badblocks_partial_io switch
blocking switch
use_per_node_hctx switch
memory_backed switch
discard switch
zoned switch
virt_boundary switch
no_sched switch
shared_tags switch
shared_tag_bitmap switch
fua switch
write_cache switch
read_only switch
rotational switch
power switch
channels 1 64
seed 0 9223372036854775807
speed 1 10000
EOT
)

# Numbers of a media model are refused under none for another reason.
put weir0 profile nvme-tlc

# What is no number, or too large for any: with printf's escapes.
nonsense=('\n' ' ' 'many\n' '1x\n' '1 2\n' ' 1\n' '1 \n' '\t1\n' '0x\n' '0xfg\n' '1.5\n'
	'1e3\n' '1\0\n' '1\00002\n' '\0\n' '--1\n' '18446744073709551616\n' '18446744073709551615\n'
	'9223372036854775808\n' '-9223372036854775809\n' '99999999999999999999999999999999999999\n'
	'1,5\n' 'true\n' 'yes\n')

# bad NAME VALUE: is it refused? Says what is wrong, if anything.
bad()
{
	local said=''

	if printf '%b' "$2" 2>/tmp/said >"$conf/weir0/$1"; then
		echo "'$2' is taken; "
	elif read -r said </tmp/said; [[ $said != *'Invalid argument'* ]]; then
		echo "'$2' says $said; "
	fi
}

# all_bad NAME WORDS VALUE...: each is refused with a message that ends in WORDS (a
# regular expression), and NAME is what it was.
all_bad()
{
	local name=$1 words=$2 before value problem log
	shift 2

	before=$(get weir0 "$name")
	dmesg --clear
	problem=$(for value in "$@"; do bad "$name" "$value"; done)
	# What is in a group is told by its own name.
	log=$(dmesg --notime | grep -c "^weir_blk: ${name##*/}=.*: $words\$")
	[[ $log == "$#" ]] || problem+="$log messages with the range for $# values; "
	[[ $(get weir0 "$name") == "$before" ]] || problem+="now it is $(get weir0 "$name"); "
	is "$problem" '' "$name: $# bad values"
}

# Newer kernels have larger blocks.
block_max=$(modinfo -F parm weir-blk | sed -n 's/^bs:.*(512 to \([0-9]*\);.*/\1/p')
ranges=${ranges/blocksize 512 4096/blocksize 512 $block_max}

distributions=('\n' ' ' 'many\n' 'constant 5\n' 'uniform\n' 'uniform -1%%\n' 'uniform 100.1%%\n' 'normal\n'
	'normal 5\n' 'normal 30.1%%\n' 'normal 5%% 5%%\n' 'lognormal 1000.1%%\n' 'lognormal x%%\n'
	'pareto\n' 'pareto 1.499\n' 'pareto 100.001\n' 'pareto 1e9\n' 'table\n' 'table 0:1\n'
	'table 1:1 1000000:2\n' 'table 0:1 999999:2\n' 'table 0:5 1000000:4\n' 'table 0:0 1000000:0\n'
	'table 0:1 5:2 5:3 1000000:4\n' 'table 0:1 1000000:100000001\n' 'table 0:1,1000000:2\n'
	'normal 5%%\0\n' '\0\n' '99999999999999999999\n' "table$(printf ' 0:%d' {1..33})\n")
distributions=("${distributions[@]//%%/%}")

seen='' numbers=()
for file in "$conf"/weir0/* "$conf"/weir0/timeout_inject/*; do
	[[ ! -d $file ]] || continue
	name=${file#"$conf"/weir0/}
	dmesg --clear
	problem=$(bad "$name" 'many\n')
	log=$(dmesg --notime)
	case $log in
	*": not 0 or 1")
		range="$name switch" lo=0 hi=1
		all_bad "$name" 'not 0 or 1' "${nonsense[@]}" '2\n' '-1\n' '0x1\n' '01\n' '10\n'
		;;
	*": not a number from "*)
		lo=${log##* from } hi=${log##* to }
		lo=${lo%% *}
		range="$name $lo $hi"
		beyond=("$((lo - 1))\n" '-77777\n')
		# What is beyond the largest of all is among the nonsense.
		[[ $hi == 9223372036854775807 ]] || beyond+=("$((hi + 1))\n" "$((hi * 1000 + 1000))\n")
		all_bad "$name" "not a number from $lo to $hi" "${nonsense[@]}" "${beyond[@]}" \
			"$(printf '%x' $((hi / 2 + 1)))h\n"
		# Its ends are within it, if they may be no device for another reason.
		dmesg --clear
		for value in "$lo" "$hi"; do
			before=$(get weir0 "$name")
			{ put weir0 "$name" "$value" && put weir0 "$name" "$before"; } 2>/dev/null
		done
		problem=$(dmesg --notime | grep 'not a number from [-0-9]* to [0-9]*$')
		is "$problem" '' "$name: $lo and $hi are within its range"
		;;
	*"profile="*": not one of "*)
		range=profile
		all_bad profile 'not one of none, hdd, sata-ssd, nvme-tlc, nvme-qlc, nvme-nodram, nvme-cheap, nvme-dc, optane, cloud' \
			'\n' ' ' 'many\n' 'NONE\n' 'none \n' ' none\n' 'nvme\n' 'nvme-tlc2\n' 'hdd\0\n' \
			'hdd,cloud\n' '0\n' 'hdd hdd\n' '\0\n' "$(printf 'hdd%.0s' {1..200})\n"
		continue
		;;
	*"_dist="*)
		range=$name
		all_bad "$name" '.*not .*' "${distributions[@]}"
		continue
		;;
	*"cut_mode="*": not "* | *"cut_damage="*": not "* | *"power_cut="*": not "* | *"replug="*": not "*)
		# With power 0 nothing else can be wrong with a word.
		all_bad "$name" "${log##*: }" 'many\n' '0\n' '-1\n' 'cut cut\n' 'request\n' 'request 0\n' \
			'flush -1\n' 'ns 9223372036854775808\n' 'RANDOM\n' 'random all\n' 'zeroes,zero\n' '2\n'
		continue
		;;
	*"snapshot: power is 0")
		all_bad snapshot 'not DISK or DISK MARK, MARK from 0 to [0-9]*' \
			'x y\n' 'x -1\n' 'x 99999999\n' 'x 1 2\n'
		continue
		;;
	*"badblocks="*)
		continue # below
		;;
	*)
		ok 1 "$name: says what it may be"
		note "$problem$log"
		continue
		;;
	esac
	seen+="$range"$'\n'
	numbers+=("$name $lo $hi")
done
while read -r range; do
	[[ $'\n'$seen == *$'\n'"$range"$'\n'* ]]
	ok $? "is as it should be: $range"
done <<<"$ranges"
holds "${#numbers[@]} numbers" "${#numbers[@]} > 70"

dmesg --clear
is "$(bad size 12345678901\\n)$(dmesg --notime)" \
	'weir_blk: size=12345678901: not a number from 1 to 1073741824' 'the message has the value'

# The shell would write this line by line.
printf '1\n\n' >/tmp/two_lines
refused 'Invalid argument' 'two lines' dd if=/tmp/two_lines of="$conf/weir0/size" bs=64 status=none
is "$(get weir0 size)" 4096 'change nothing'

# In range, but not good: the value and the words of the message.
while IFS='|' read -r name value words; do
	dmesg --clear
	before=$(get weir0 "$name")
	problem=$(bad "$name" "$value\n")
	# What is no number is shown as it was written, with its newline.
	[[ $(dmesg --notime) == "weir_blk: $name=$value"?('\n')": $words"* ]] || problem+=$(dmesg --notime)
	[[ $(get weir0 "$name") == "$before" ]] || problem+="now it is $(get weir0 "$name"); "
	is "$problem" '' "refused: $name=$value"
done <<'EOT'
blocksize|513|not a power of two
blocksize|3072|not a power of two
max_sectors|7|not 0, and not from 8 to
home_node|1|not an online NUMA node
queue_mode|1|not 2
physical_block_size|256|not 0, or a power of two
io_min|100|not whole physical blocks
io_opt|513|not whole physical blocks
discard_granularity|1536|not 0, or a power of two
zoned|1|not 0 (a disk with zones
stripe_kib|5|not a power of two
page_kib|100|not a power of two
inner_mbps|2|not at most outer_mbps
seek_track_ns|1|not at most seek_third_ns
read_dist|normal 31%|spread in permille of the mean (normal) 310: not a number from
write_dist|pareto 1|shape in thousandths (pareto) 1000: not a number from
zeroes_dist|normal 5|distribution, character 9: not
EOT

put weir0 channels 32
put weir0 dies 8
is "$(bad dies '64\n')$(get weir0 dies)" 8 'refused: more than 1024 dies'
put weir0 profile none
problem=''
for name in slots read_ns rpm burst_mib; do
	dmesg --clear
	problem+=$(bad $name '100\n')
	[[ $(dmesg --notime) == "weir_blk: $name: profile is none, which has no numbers"* ]] ||
		problem+=$(dmesg --notime)
done
is "$problem" '' 'a profile without numbers takes none'

put weir0 badblocks +5-6
dmesg --clear
problem='' values=('\n' '1-2\n' '+\n' '-\n' '+1\n' '+-1\n' '+1-\n' '+2-1\n' '+a-b\n' '+1-2x\n' '+1-2-3\n'
	'+1 -2\n' '+1-18446744073709551616\n' '+0-18446744073709551615\n' '+1.0-2\n' '+1-2\0\n'
	'+0-36028797018963968\n' '*1-2\n' '++-+\n'
	'+00000000000000000000000000000000000000000000000000000000000001-2\n')
for value in "${values[@]}"; do
	problem+=$(bad badblocks "$value")
done
log=$(dmesg --notime | grep -c '^weir_blk: badblocks=.*: not +FIRST-LAST or -FIRST-LAST, in 512-byte sectors from 0 to 18014398509481983$')
[[ $log == "${#values[@]}" ]] || problem+="$log messages for ${#values[@]} values; "
is "$problem" '' "badblocks: ${#values[@]} bad values"
is "$(get weir0 badblocks)" '5 2' 'badblocks are as they were'

# On a disk that is on, too.
put weir0 size 64
put weir0 profile hdd
put weir0 power 1
is "$(bad submit_queues '4097\n')$(bad poll_queues '-1\n')$(bad submit_queues 'x\n')$(bad power '2\n')" '' \
	'refused on a disk that is on'
is "$(for name in slots rpm seed speed; do bad $name '-1\n'; done; bad read_dist 'x\n'; bad profile 'x\n')" '' \
	'so is what a media model has'
is "$(get weir0 profile) $(get weir0 slots) $(get weir0 rpm)" 'hdd 32 7200' 'which stays as it is'
is "$(get weir0 submit_queues) $(hw_queues weir0) $(get weir0 power)" '2 2 1' 'which has its queues'
rmdir "$conf/weir0"

# --- random ---

seed=${WEIR_SEED:-$(date +%s)}
seconds=$((${WEIR_LONG:-0} ? 600 : 25))
note "seed $seed"
mapfile -t names < <(mkdir "$conf/weir0"; cd "$conf/weir0" && ls; cd /; rmdir "$conf/weir0")
pool=("${nonsense[@]}" 0 1 2 3 4 7 8 16 64 100 512 1024 4096 8192 40960 65536 1000000 -1
	'+0-100' '-0-100' '+50-60' '-5-500' 'constant' 'normal 20%' 'pareto 2' 'table 0:1 1000000:2')
profiles=(none none hdd sata-ssd nvme-tlc nvme-qlc nvme-nodram nvme-cheap nvme-dc optane cloud)

# fuzz SEED: makes, changes, uses and removes the disks weir0 to weir2.
fuzz()
{
	local disk end=$((SECONDS + seconds)) did=0 name value

	RANDOM=$1
	while ((SECONDS < end)); do
		disk=weir$((RANDOM % 3))
		case $((RANDOM % 40)) in
		0) mkdir "$conf/$disk" ;;
		1) rmdir "$conf/$disk" ;;
		2 | 3 | 4) echo 1 >"$conf/$disk/power" ;;
		5) echo 0 >"$conf/$disk/power" ;;
		6) dd if=/dev/zero of=/dev/$disk bs=64k count=16 oflag=direct conv=nocreat ;;
		7) dd if=/dev/$disk of=/dev/null bs=4k count=64 iflag=direct ;;
		8) echo mq-deadline >/sys/block/$disk/queue/scheduler ;;
		9) echo none >/sys/block/$disk/queue/scheduler ;;
		10) cat "$conf/$disk"/* "$conf/$disk"/*/* "$debug/$disk"/* ;;
		11) echo $((RANDOM % 200 + 1)) >"$conf/$disk/size" ;;
		12 | 13) echo $((RANDOM % 3)) >"$conf/$disk/submit_queues" ;;
		14) echo $((RANDOM % 3)) >"$conf/$disk/poll_queues" ;;
		15 | 16) echo "${profiles[RANDOM % 8]}" >"$conf/$disk/profile" ;;
		*)
			name=${names[RANDOM % ${#names[@]}]}
			value=${pool[RANDOM % ${#pool[@]}]}
			# What would make a single request last for minutes.
			[[ $name != @(speed|cap_*|burst_*|rpm|outer_mbps|inner_mbps) || $value != [0-9]* ]] ||
				value=$((100 + RANDOM))
			[[ $name != speed || $value != [0-9]* ]] || value=$((RANDOM % 4))
			printf '%b' "$value" >"$conf/$disk/$name"
			;;
		esac
		did=$((did + 1))
	done >/dev/null 2>&1
	echo $did >>/tmp/did
}

for ((i = 0; i < 3; i++)); do
	fuzz $((seed + i)) &
done
wait
holds "$(paste -sd+ /tmp/did) random changes" "$(paste -sd+ /tmp/did) > 500"
problem=''
mkdir -p "$conf/weir0"
for number in "${numbers[@]}"; do
	read -r name lo hi <<<"$number"
	value=$(get weir0 "$name")
	((value >= lo && value <= hi)) || problem+="$name is $value; "
done
[[ " ${profiles[*]} " == *" $(get weir0 profile) "* ]] || problem+="profile is $(get weir0 profile); "
is "$problem" '' 'every value is within its range'
for disk in weir0 weir1 weir2; do
	[[ ! -d $conf/$disk ]] || rmdir "$conf/$disk"
done
is "$(ls -d /sys/block/weir* "$conf"/*/ 2>/dev/null)" '' 'all disks can be removed'
unload
ok 0 'and the module'
done_testing
