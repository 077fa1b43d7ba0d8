// SPDX-License-Identifier: GPL-2.0
/*
 * The checks that need more than one value, and the choices left to us.
 *
 * Whether a value is within its own range has been decided before (config.c).
 * Here: a block must fit into a request, the memory limit into the machine;
 * there are no more queues than the machine may ever have CPUs; completion_nsec
 * defaults to null_blk's 10 us where irqmode=2 waits for it and to nothing
 * elsewhere; a cache_size is a write cache for data that is kept, and nothing
 * without, as in null_blk.
 */
#include <linux/kernel.h>

#include "media/complaint.h"

#include "settings.h"

#define SECTOR_BYTES 512
#define MIB_PER_GIB 1024

static bool one_bit(s64 n)
{
	return !(n & (n - 1));
}

/* What the disk tells of sizes that suit it; 0 where nothing was chosen. */
static bool sizes_resolve(const struct weir_settings *s, struct weir_complaint *why)
{
	const s64 block = s->physical_block_size ? s->physical_block_size : s->bs;

	if (!one_bit(block) || block < s->bs)
		return weir_refuse(why, "physical_block_size", block,
				   "0, or a power of two of at least one block of bs bytes");
	/* It is a power of two: a multiple has none of the bits below. */
	if (s->io_min & (block - 1))
		return weir_refuse(why, "io_min", s->io_min, "whole physical blocks");
	if (s->io_opt & (block - 1))
		return weir_refuse(why, "io_opt", s->io_opt, "whole physical blocks");
	if (s->discard_granularity & (block - 1) || !one_bit(s->discard_granularity))
		return weir_refuse(why, "discard_granularity", s->discard_granularity,
				   "0, or a power of two of whole physical blocks");
	return true;
}

bool weir_settings_resolve(struct weir_settings *s, const struct weir_machine *m,
			   struct weir_complaint *why)
{
	if (!one_bit(s->bs))
		return weir_refuse(why, "bs", s->bs, "a power of two");
	if (s->max_sectors && s->max_sectors * SECTOR_BYTES < s->bs)
		return weir_refuse(why, "max_sectors", s->max_sectors,
				   "at least one block of bs bytes");
	if (s->atomic_kib & (s->atomic_kib - 1))
		return weir_refuse(why, "atomic_kib", s->atomic_kib, "a power of two, or 0");
	if (s->atomic_kib && s->atomic_kib << 10 < s->bs)
		return weir_refuse(why, "atomic_kib", s->atomic_kib,
				   "at least one block of bs bytes");
	if (s->queue_mode == 1)
		return weir_refuse(why, "queue_mode", s->queue_mode,
				   "2 (multi-queue), or 0, which is taken for it");
	if (s->zoned)
		return weir_refuse(why, "zoned", s->zoned,
				   "0 (a disk with zones is not there yet)");
	if (!sizes_resolve(s, why))
		return false;
	if (s->memory_limit > m->ram_mib)
		return weir_refuse(why, "memory_limit", s->memory_limit,
				   "at most this machine's memory in MiB");

	s->queue_mode = 2;
	if (!s->physical_block_size)
		s->physical_block_size = s->bs;
	if (!s->size)
		s->size = s->gb * MIB_PER_GIB;
	if (s->use_per_node_hctx)
		s->submit_queues = m->nodes < m->cpus ? m->nodes : m->cpus;
	else if (!s->submit_queues || s->submit_queues > m->cpus)
		s->submit_queues = m->cpus;
	if (s->poll_queues > m->cpus)
		s->poll_queues = m->cpus;
	if (!s->memory_limit)
		s->memory_limit = m->ram_mib / 2 ? m->ram_mib / 2 : 1;
	if (s->completion_nsec < 0)
		s->completion_nsec = s->irqmode == WEIR_IRQ_TIMER ?
				     WEIR_DEFAULT_COMPLETION_NSEC : 0;
	if (!s->memory_backed)
		s->cache_size = 0;
	if (s->cache_size)
		s->write_cache = 1;
	return true;
}
