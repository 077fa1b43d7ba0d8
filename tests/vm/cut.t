#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves durability and the power cut: what was flushed is there, what was not is what
# the adversary left of it, nothing succeeds after the cut and nothing hangs, replug
# brings the disk back, another drive under it loses nothing, and a snapshot is what a
# cut at that moment would have left. About two minutes.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program atomic
in_machine --smp 2

# put_byte BYTE BLOCK [COUNT] [DD OPERAND]...: blocks of 4 KiB full of a letter.
put_byte()
{
	local letter=$1 block=$2 count=${3:-1}

	shift $(($# < 3 ? $# : 3))
	head -c $((count * 4096)) /dev/zero | tr '\0' "$letter" |
		dd of=/dev/d bs=4096 seek="$block" count="$count" iflag=fullblock oflag=direct \
			status=none "$@" 2>/tmp/dd.log
}

# letters FIRST COUNT [DISK]: what is in these blocks, a letter each; ? for a mix, . for
# zeroes, ! for an error.
letters()
{
	local i said

	for ((i = $1; i < $1 + $2; i++)); do
		said=$(dd if="/dev/${3:-d}" bs=4096 skip=$i count=1 iflag=direct status=none 2>/dev/null |
			tr '\0' . | fold -w1 | sort -u | tr -d '\n')
		case ${#said} in
		0) printf '!' ;;
		1) printf %s "$said" ;;
		*) printf '?' ;;
		esac
	done
}

flush()
{
	sync /dev/d
}

# disk [ATTRIBUTE=VALUE]...: /dev/d, anew, 64 MiB, with a cache.
disk()
{
	if [[ -d $conf/d ]]; then
		put d power 0 && rmdir $conf/d || return
	fi
	make_disk d size=64 cache_size=16 "$@"
}

fates()
{
	cat "$debug/d/fates.json"
}

# dirty_seed: one with which the first cut of a disk is not clean.
dirty_seed()
{
	local seed

	for ((seed = 1; seed < 50; seed++)); do
		disk cut_seed=$seed cut_mode=all || return
		put_byte x 0 || return
		put d power_cut cut
		[[ $(fates) == *'"clean":true'* ]] || break
	done
	echo $seed
}

cut_and_replug()
{
	put d power_cut cut && put d replug 1
}

modprobe weir-blk nr_devices=0
no_udev
seed=$(dirty_seed)

# --- what is durable ---

disk "cut_seed=$seed" cut_mode=all
put_byte a 0 4
flush
put_byte b 1 2
is "$(letters 0 4)" abba 'reads see the newest'
put d power_cut cut
is "$(get d power_cut)" cut 'the power is cut'
is "$(letters 0 1)" '!' 'a read fails'
put_byte c 0
like "$(cat /tmp/dd.log)" 'Input/output error' 'so does a write'
refused 'Input/output error' 'and a flush' flush
is "$(sed -n 's/^\(sector\|[0-9]*\) [0-9sector]* \(old\) .*/\2/p' $debug/d/fates | sort -u)" old \
	'the list says that the old is there'
is "$(fates | jq -r 'select(.type == "fate") | "\(.sector) \(.sectors)"' | paste -sd,)" \
	'8 8,16 8' 'and where'
try 'replug' put d replug 1
is "$(letters 0 4)" aaaa 'what was flushed is there, and nothing else'
refused 'Invalid argument' 'who has power needs no replug' put d replug 1

put_byte c 0 2 conv=fsync
put_byte d 1
cut_and_replug
like "$(letters 0 2)" '^c[cd]$' 'fsync makes durable'

put_byte e 8
blkdiscard -o 32768 -l 4096 /dev/d
blkdiscard -z -o 0 -l 4096 /dev/d
is "$(letters 8 1)$(letters 0 1)" .. 'a discard, and zeroes'
disk "cut_seed=$seed" cut_mode=all
put_byte a 0 2
flush
blkdiscard -o 0 -l 4096 /dev/d
blkdiscard -z -o 4096 -l 4096 /dev/d
is "$(letters 0 2)" .. 'discarded and zeroed'
cut_and_replug
is "$(letters 0 2)" aa 'they are volatile, too'

# A flush takes a second, and so does a write that begins in the middle of another.
disk "cut_seed=$seed" cut_mode=all irqmode=2 completion_nsec=1000000000
put_byte a 0 &
sleep 0.4
flush &
wait
cut_and_replug
is "$(letters 0 1)" . 'a flush leaves volatile what was not done when it was submitted'

disk "cut_seed=$seed" cut_mode=all
head -c 4096 /dev/zero | tr '\0' f | dd of=/dev/d bs=4096 oflag=direct,dsync status=none
put_byte g 1
cut_and_replug
is "$(letters 0 2)" f. 'FUA makes one write durable'
holds 'it was one' "$(counter fua d) > 0"

disk "cut_seed=$seed" cut_mode=all lose_flushes=1
put_byte a 0 1 conv=fsync
cut_and_replug
is "$(letters 0 1)" . 'a drive that lies about flushes loses'

disk cut_mode=all cache_size=1
put_byte a 0 1024
holds 'a full cache destages' "$(sed -n 's/^destaged //p' $debug/d/volatile) > 0"
put d cut_seed "$seed"
cut_and_replug
# All at once: a process a block would take minutes.
lost=$(dd if=/dev/d bs=1M count=4 iflag=direct status=none | tr '\0' . | fold -w4096 |
	cut -c1 | tr -cd . | wc -c)
holds "what is lost is at most the cache and a write ($lost of 1024 blocks)" 'lost < 256 + 64'

disk
put_byte a 0
flush
put_byte b 0
put d power 0
put d power 1
is "$(letters 0 1)" a 'what was not flushed when power became 0 is gone'

disk cache_size=0
put_byte a 0 2
cut_and_replug
is "$(letters 0 2)" aa 'without a cache a write is durable when it is done'

# --- another drive under it ---

# A drive whose cache survives has no use for flushes: the block layer ends them. So what
# the one before it had not made durable has to be by then.
disk "cut_seed=$seed" cut_mode=all profile=nvme-tlc
put_byte a 0
put d profile nvme-dc
flush
put_byte b 1
cut_and_replug
is "$(letters 0 2)" ab 'a drive with a cache that survives takes over what is volatile'
put d profile nvme-tlc
put_byte c 0
flush
put_byte d 1
cut_and_replug
like "$(letters 0 2)" '^c[bd]$' 'and one whose cache does not, what is durable'

disk "cut_seed=$seed" cut_mode=all profile=nvme-dc
put_byte a 0
put d profile nvme-tlc
put_byte b 0 2
cut_and_replug
is "$(letters 0 2)" a. 'a disk that began with a cache that survives has one that does not'

# Writes that are to be durable when they are done, while the drive is exchanged: the cut
# comes at once, before anything else flushes. Prints how many were done.
sync_writes()
{
	python3 - <<-'EOT'
		import mmap, os
		disk = os.open('/dev/d', os.O_WRONLY | os.O_DIRECT | os.O_DSYNC)
		page = mmap.mmap(-1, 4096)
		page.write(b'a' * 4096)
		done = 0
		try:
		    while done < 16384:
		        done += os.pwrite(disk, page, done * 4096) // 4096
		except OSError:
		    pass
		print(done)
	EOT
}

# written: whether the writer has begun
written()
{
	local tries

	for ((tries = 0; tries < 200; tries++)); do
		(($(counter write d) > 20)) && return 0
		sleep 0.05
	done
	return 1
}

missing=0
for ((i = 0; i < 8; i++)); do
	disk "cut_seed=$seed" cut_mode=all profile=nvme-tlc || break
	put d profile nvme-dc || break
	sync_writes >/tmp/done &
	written || break
	put d profile nvme-tlc && put d power_cut cut
	wait
	put d replug 1 || break
	done_blocks=$(cat /tmp/done)
	there=$(dd if=/dev/d bs=4096 count="$done_blocks" iflag=direct status=none | tr -cd a | wc -c)
	missing=$((missing + done_blocks * 4096 - there))
done
is "$i $missing" '8 0' 'what was durable while the drive was exchanged stays so'

# --- the adversary ---

same()
{
	disk cut_seed=7 cut_mode="$1" blocksize="${2:-512}"
	put_byte a 0 64
	flush
	for i in 0 8 16 24 32 40 48 56; do put_byte b $i 8; done
	put d power_cut cut
}
for mode in random run journal; do
	same $mode
	fates >/tmp/first
	same $mode
	fates >/tmp/second
	try "$mode: the same seed, the same fates" cmp /tmp/first /tmp/second
done
same random
put d replug 1
like "$(letters 0 64)" '[?]' 'blocks of 512 bytes: pages are torn'
same random 4096
put d replug 1
got=$(letters 0 64)
like "$got" '^[ab]*$' 'blocks of 4096 bytes: they are whole'
like "$got" 'a.*b|b.*a' 'and some are old, some new'

# Eight blocks of 512 bytes a page, one fate for all of the write's 128.
whole=0
for i in 1 2 3 4 5 6; do
	disk cut_mode=random cut_seed=$i atomic_kib=64
	put_byte a 0 16
	flush
	if [[ ! -e /sys/block/d/queue/atomic_write_max_bytes ]]; then
		whole='no such kernel'
		break
	fi
	/in/atomic /dev/d b 0 65536 || break
	cut_and_replug
	[[ $(letters 0 16) =~ ^(a{16}|b{16})$ ]] || break
	whole=$((whole + 1))
	seen=${seen:-}${BASH_REMATCH[0]:0:1}
done
if [[ $whole == 'no such kernel' ]]; then
	skip "$whole" 'an atomic write is old or new'
else
	is $whole 6 'an atomic write is old or new'
	like "$seen" 'a.*b|b.*a' 'and sometimes old, sometimes new'
fi

disk "cut_seed=$seed" cut_mode=all cut_first=0 cut_last=63
put_byte a 0 16
cut_and_replug
is "$(letters 0 16)" ........aaaaaaaa 'only sectors that may be hit are'

disk "cut_seed=$seed" cut_mode=all cut_damage=error blocksize=4096
put_byte a 0 64
flush
put_byte b 0 64
cut_and_replug
like "$(letters 0 64)" '^[a!]*!' 'latent errors: a lost sector may be unreadable'
disk "cut_seed=$seed" cut_mode=all cut_damage=garbage,zeroes blocksize=4096
put_byte a 0 64
flush
put_byte b 0 64
cut_and_replug
got=$(letters 0 64)
like "$got" '[.]' 'or zeroes'
like "$got" '[?]' 'or garbage'

# Bad sectors of another moment. One seed in ten makes a snapshot without any.
disk cut_mode=all cut_damage=error blocksize=4096
make_disk s size=64
put s power 0
put_byte a 0 64
flush
put_byte b 0 64
for ((i = 1; i < 20; i++)); do
	put d cut_seed $i || break
	put d snapshot s || break
	[[ -z $(get s badblocks) ]] || break
done
like "$(get s badblocks)" '^[0-9]+ ' 'a snapshot has unreadable sectors'
put d cut_damage none
put d snapshot s
is "$(get s badblocks)" '' 'the next one has not got them'
put d cut_damage error
put d snapshot s
put d power 0
put d cache_size 0
put d power 1
cut_and_replug
is "$(get d badblocks)" '' 'a cut that takes nothing makes nothing unreadable'
rmdir $conf/s

# --- triggers ---

disk cut_mode=all
put d power_cut 'request 3'
is "$(get d power_cut)" 'request 3' 'it waits for the third request'
put_byte a 0 && put_byte a 1
ok $? 'two succeed'
put_byte a 2
ok $((!$?)) 'and the third does not'
cut_and_replug 2>/dev/null
put d replug 1 2>/dev/null
disk cut_mode=all
put d power_cut 'flush 2'
put_byte a 0 1 conv=fsync && put_byte b 0 1 conv=fsync
ok $? 'two flushes succeed'
sleep 0.2
is "$(get d power_cut)" cut 'and then the power goes'
put d replug 1
is "$(letters 0 1)" b 'with all that was flushed'
put d power_cut 'byte 8193'
put_byte c 4 2
ok $? '8192 bytes succeed'
put_byte d 6
ok $((!$?)) 'and the next does not'
put d replug 1
# Two seconds: a starved machine may need one for a write.
put d power_cut 'ns 2000000000'
put_byte a 0
ok $? 'before the time has come'
sleep 2.5
is "$(get d power_cut)$(letters 0 1)" 'cut!' 'and after it'
put d replug 1
put d power_cut 'request 1'
put d power_cut off
put_byte a 0
ok $? 'a cut can be called off'

# --- going back ---

disk history=1 "cut_seed=$seed" cut_mode=all blocksize=4096
make_disk s size=64
put s power 0
put_byte a 0 2
flush
put_byte b 0
put_byte b 1
flush
put_byte c 0
marks=$(sed -n '$p' $debug/d/marks)
like "$marks" '^4 [0-9]+ 1$' 'marks: flush, 1 and 2 writes later, flush, 1 write later'
# snapshot MARK: what it has in the first two blocks
snapshot()
{
	put d snapshot "s $1" && put s power 1 && letters 0 2 s && put s power 0
}
is "$(snapshot 0)" aa 'a snapshot of the first flush'
is "$(snapshot 3)" bb 'and of the second'
for mark in 1 2; do
	like "$(snapshot $mark)" "^(aa|b[ab])$" "and in between (mark $mark)"
done
put_byte d 0 2 conv=fsync
is "$(snapshot 0)" aa 'the way back stays'
put d snapshot s
put s power 1
is "$(letters 0 2 s)" dd 'a snapshot of now'
refused 'busy' 'not into a disk that is on' put d snapshot s
put s power 0
refused 'Invalid argument' 'nor of a mark that is not there' put d snapshot 's 999'
is "$(letters 0 2)" dd 'the disk is as it was'
rmdir $conf/s

# --- under I/O, and in use ---

disk cut_mode=random irqmode=2 completion_nsec=50000 cut_seed=5
put d power_cut 'request 3000'
timeout 60 fio --name=w --filename=/dev/d --rw=randwrite --bs=4k --direct=1 --ioengine=io_uring \
	--iodepth=16 --numjobs=2 --time_based --runtime=30 --fsync=20 >/tmp/fio.log 2>&1
status=$?
holds "writers end when the power goes (status $status)" 'status != 0 && status != 124'
try 'no request is lost' at_rest d
put d replug 1
try 'data is right with a small cache' fio_verify --filename=/dev/d --bs=4k --size=32m \
	--iodepth=16 --ioengine=io_uring --direct=1 --fsync=100

disk cut_mode=all
echo 'add,op=WRITE,hold' >$conf/d/faults/rules
put_byte a 0 &
writer=$!
sleep 0.5
try 'a held request does not hold up a cut' timeout 20 bash -c "echo cut >$conf/d/power_cut"
wait $writer
ok $((!$?)) 'and fails'
put d replug 1
echo removeall >$conf/d/faults/rules
put_byte a 0
ok $? 'after replug and without the rule a write succeeds'

# While the disk goes back by what history has kept, that is given up. (It was freed.)
for ((i = 0; i < 4; i++)); do
	disk cache_size=64 cut_mode=random history=1 || break
	for bytes in /dev/zero /dev/urandom; do
		dd if=$bytes of=/dev/d bs=1M oflag=direct conv=fsync count=64 status=none || break 2
	done
	put d power_cut 'ns 1000'
	sleep "0.0$((i * 2))"
	put d history 0 || break
	put d replug 1 || break
done
is $i 4 'no history any more, while the disk goes back by it'

# A cut while a snapshot is taken: each has a list of its own. (One was freed under the
# other.)
make_disk s size=64
put s power 0
for ((i = 1; i <= 4; i++)); do
	disk cut_mode=random cut_damage=error cut_seed=$i blocksize=4096 || break
	dd if=/dev/zero of=/dev/d bs=1M oflag=direct conv=fsync count=4 status=none || break
	dd if=/dev/urandom of=/dev/d bs=1M oflag=direct count=4 status=none || break
	put d snapshot s || break
	alone=$(get s badblocks)
	put d power_cut "ns $((i * 10000000))"
	! put d snapshot s 2>/dev/null || [[ $(get s badblocks) == "$alone" ]] || break
	for ((tries = 0; tries < 100; tries++)); do
		[[ $(get d power_cut) != cut ]] || break
		sleep 0.05
	done
	put d replug 1 || break
	bad=$(get d badblocks | awk '{ sum += $2 } END { print sum + 0 }')
	listed=$(fates | jq -s 'map(select(.fate == "error") | .sectors) | add // 0')
	[[ $bad == "$listed" && $(fates | jq -s '.[0].number') == 0 ]] || break
done
is $i 5 'a cut and a snapshot at the same time'
rmdir $conf/s

disk cut_mode=random cut_seed=3
mkfs.ext4 -q /dev/d
mount /dev/d /mnt
cp -a /usr/lib/python3.11/json /mnt/
sync
echo safe >/mnt/safe
sync /mnt/safe
cp -a /usr/lib/python3.11/email /mnt/
exec 5<>/mnt/safe
put d power_cut cut
sync 2>/dev/null
refused 'busy' 'replug waits for the disk to be closed' put d replug 1
exec 5>&-
try 'a mounted file system can be unmounted' timeout 20 umount /mnt
try 'replug under it' put d replug 1
try 'it can be mounted' mount /dev/d /mnt
is "$(cat /mnt/safe)" safe 'with what was synced'
try 'and the tree' diff -r --no-dereference /usr/lib/python3.11/json /mnt/json
umount /mnt
try 'fsck finds nothing' fsck.ext4 -fn /dev/d

# --- bad input ---

for bad in 'power_cut=now' 'power_cut=request' 'power_cut=request 0' 'power_cut=cut 1' \
	'power_cut=flush 9223372036854775808' replug=2 snapshot= 'snapshot=nowhere' \
	'snapshot=s 70000' cut_mode=none cut_damage=old cut_damage=zeroes,new cut_seed=-1 \
	history=2 cut_last=x; do
	refused 'Invalid argument' "refused: $bad" put d "${bad%%=*}" "${bad#*=}"
	like "$(dmesg | tail -n 1)" "${bad%%=*}" 'with a message that names it'
done
is "$(get d cut_mode) $(get d cut_damage) $(get d history)" 'random none 0' 'and nothing changed'
put d power 0
refused 'No such device' 'no cut without power' put d power_cut cut
rmdir $conf/d
make_disk d size=64
refused 'Invalid argument' 'no history without a cache' put d history 1
put d power 0
rmdir $conf/d
unload

# --- without memory ---

# 256 pages. The atomic write needs 16, and there are two, once the two before it are
# destaged.
modprobe weir-blk nr_devices=0 memory_limit=1
disk "cut_seed=$seed" cut_mode=all atomic_kib=64
if [[ -e /sys/block/d/queue/atomic_write_max_bytes ]]; then
	put_byte a 0 254
	flush
	put_byte b 100 2
	/in/atomic /dev/d c 0 65536 2>/tmp/atomic.log
	like "$(cat /tmp/atomic.log)" 'No space left' 'an atomic write has all it needs, or fails'
	is "$(letters 0 16)" aaaaaaaaaaaaaaaa 'and has changed nothing then'
	cut_and_replug
	like "$(letters 0 16)" '^(a{16}|c{16})$' 'nor is it torn by a cut'
else
	skip 'no such kernel' 'an atomic write without memory'
fi
put d power 0
rmdir $conf/d
unload
done_testing
