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

bool weir_settings_resolve(struct weir_settings *s, const struct weir_machine *m,
			   struct weir_complaint *why)
{
	if (s->bs & (s->bs - 1))
		return weir_refuse(why, "bs", s->bs, "a power of two");
	if (s->max_sectors && s->max_sectors * SECTOR_BYTES < s->bs)
		return weir_refuse(why, "max_sectors", s->max_sectors,
				   "at least one block of bs bytes");
	if (s->queue_mode != 2)
		return weir_refuse(why, "queue_mode", s->queue_mode,
				   "2 (multi-queue, the only one there is)");
	if (s->zoned)
		return weir_refuse(why, "zoned", s->zoned,
				   "0 (a disk with zones is not there yet)");
	if (s->memory_limit > m->ram_mib)
		return weir_refuse(why, "memory_limit", s->memory_limit,
				   "at most this machine's memory in MiB");

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
