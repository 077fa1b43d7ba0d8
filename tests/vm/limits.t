#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a disk is what its parameters say: block size, limits, features
# and read-only state as the block layer shows them, and as they act.
# Needs nothing special; about 20 s.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
in_machine --smp 2
no_udev
modprobe -a mq-deadline

load gb=3
is "$(blockdev --getsize64 /dev/weir0)" $((3 << 30)) 'the size is gb'
is "$(queue logical_block_size) $(queue physical_block_size)" '512 512' 'blocks of 512'
is "$(queue rotational)" 0 'not rotational'
is "$(queue write_cache)" 'write back' 'a volatile write cache'
is "$(queue fua)" 1 'FUA'
is "$(hw_queues weir0)" 2 'a queue per CPU'
is "$(cat /sys/block/weir0/ro)" 0 'writable'
is "$(queue discard_granularity)" 512 'discard by the block'
holds 'discard has a limit' "$(queue discard_max_bytes) > 0"
holds 'write zeroes has a limit' "$(queue write_zeroes_max_bytes) > 0"
is "$(queue dma_alignment 2>/dev/null || echo 3)" 3 'buffers at 4 bytes'
is "$(queue virt_boundary_mask)" 0 'no virtual boundary'
like "$(queue scheduler)" 'mq-deadline' 'schedulers can be attached'
is "$(lsblk -Ddbno DISC-GRAN,DISC-MAX,DISC-ZERO /dev/weir0 | awk '{ print $1, ($2 > 0) }')" \
	'512 1' 'lsblk -D shows discard'
like "$(lsblk -dno NAME,SIZE,RO,TYPE /dev/weir0)" '^weir0 +3G +0 disk$' 'lsblk shows the disk'
like "$(blockdev --report /dev/weir0)" 'rw +[0-9]+ +512 +[0-9]+ +0 +3221225472 +/dev/weir0' \
	'blockdev --report shows the disk'
unload

load gb=1 bs=4096
is "$(queue logical_block_size) $(queue physical_block_size)" '4096 4096' 'bs=4096'
is "$(queue discard_granularity)" 4096 'bs=4096: discard by the block'
refused 'Invalid argument' 'bs=4096: a direct write of 512 is refused' \
	dd if=/dev/zero of=/dev/weir0 bs=512 count=1 oflag=direct
unload

load gb=1 max_sectors=64
is "$(queue max_hw_sectors_kb)" 32 'max_sectors=64 is 32 KiB'
dd if=/dev/zero of=/dev/weir0 bs=1M count=1 oflag=direct status=none
is "$(counter write)" 32 'max_sectors=64: 1 MiB comes in 32 requests'
unload

load gb=1 virt_boundary=1
is "$(queue virt_boundary_mask)" 4095 'virt_boundary=1'
unload

load gb=1 rotational=1
is "$(queue rotational)" 1 'rotational=1'
unload

load gb=1 no_sched=1
is "$(queue scheduler)" 'none' 'no_sched=1: there is no scheduler to choose'
unload

load gb=1 write_cache=0
is "$(queue write_cache) $(queue fua)" 'write through 0' 'write_cache=0: no cache and no FUA'
dd if=/dev/zero of=/dev/weir0 bs=4k count=4 oflag=direct,dsync conv=fsync status=none
is "$(counter flush) $(counter fua)" '0 0' 'write_cache=0: no flush and no FUA reaches the disk'
unload

load gb=1 fua=0
is "$(queue write_cache) $(queue fua)" 'write back 0' 'fua=0: a cache without FUA'
dd if=/dev/zero of=/dev/weir0 bs=4k count=4 oflag=direct,dsync status=none
is "$(counter fua)" 0 'fua=0: no FUA reaches the disk'
flushes=$(counter flush)
unload

load gb=1
dd if=/dev/zero of=/dev/weir0 bs=4k count=4 oflag=direct,dsync status=none
is "$(counter fua)" 4 'with FUA: it reaches the disk'
# The block device flushes after a synchronous write anyway.
is "$((flushes - $(counter flush)))" 4 'fua=0: a flush more for each write instead'
is "$(counter write) $(counter write_sectors)" '4 32' 'writes and sectors are counted'
unload

load gb=1 discard=0
is "$(queue discard_max_bytes)" 0 'discard=0'
unload

load gb=1 read_only=1
is "$(cat /sys/block/weir0/ro) $(blockdev --getro /dev/weir0)" '1 1' 'read_only=1'
refused '' 'read_only=1: a write is refused' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 oflag=direct
refused '' 'read_only=1: a discard is refused' blkdiscard /dev/weir0
refused 'Permission denied' 'read_only=1: --setrw is refused' blockdev --setrw /dev/weir0
is "$(cat /sys/block/weir0/ro)" 1 'read_only=1: and it still is'
try 'read_only=1: a read works' dd if=/dev/weir0 of=/dev/null bs=4k count=16 iflag=direct
is "$(store pages) $(counter write)" '0 0' 'read_only=1: nothing was written'
unload

load gb=1
try 'a writable disk can be made read-only' blockdev --setro /dev/weir0
refused '' 'and then refuses writes' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 oflag=direct
try 'and writable again' blockdev --setrw /dev/weir0
try 'and then takes them' dd if=/dev/zero of=/dev/weir0 bs=4k count=1 oflag=direct
unload

# What is read from a disk that keeps nothing is whatever was in the buffer.
load gb=1048576 memory_backed=0
try 'memory_backed=0: writes anywhere' fio_run --ioengine=libaio --direct=1 --rw=randwrite \
	--bs=64k --io_size=64m --iodepth=16
try 'memory_backed=0: reads anywhere' fio_run --ioengine=libaio --direct=1 --rw=randread \
	--bs=64k --io_size=64m --iodepth=16
try 'memory_backed=0: discard' blkdiscard /dev/weir0
try 'memory_backed=0: zeroing' fallocate --zero-range --keep-size -l 16M /dev/weir0
is "$(store pages) $(store tables)" '0 0' 'memory_backed=0: nothing is held'
is "$(counter failed)" 0 'memory_backed=0: nothing failed'
unload
done_testing
