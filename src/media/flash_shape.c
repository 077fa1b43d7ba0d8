// SPDX-License-Identifier: GPL-2.0
/*
 * What a flash device is made of: how many of everything, in which memory, and its times
 * with speed.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "die.h"
#include "medium.h"

void weir_flash_retune(struct weir_media *m)
{
	const struct weir_model *model = &m->model;
	struct weir_flash *f = &m->flash;

	f->erase_ns = weir_scaled(m, model->erase_ns);
	f->suspend_ns = weir_scaled(m, model->suspend_ns);
	f->lag_ns = weir_scaled(m, model->program_ns);
	/* The planes read at the same time. */
	f->copy_read_ns = weir_die_pages_ns((f->program_pages + model->planes - 1) /
					    (u32)model->planes,
					    weir_scaled(m, model->read_ns));
	f->channel_rate = weir_rate(model->channel_mbps);
	f->transfer_ns[0] = weir_rate_ns(m, f->channel_rate, f->program_sectors);
	f->transfer_ns[1] = weir_rate_ns(m, f->channel_rate,
					 f->one_bit_pages << f->page_shift);
	f->turn_ns[0] = min(f->transfer_ns[0] * (u32)model->dies, WEIR_MAX_NS);
	f->turn_ns[1] = min(f->transfer_ns[1] * (u32)model->dies, WEIR_MAX_NS);
	f->idle_ns = weir_scaled(m, model->idle_ns);
	f->drain_ns = min(weir_scaled(m, model->program_ns) + f->copy_read_ns +
			  f->transfer_ns[0], WEIR_MAX_NS);
	if (f->collects)
		weir_ftl_retune(&f->ftl, model);
}

void weir_flash_reseed(struct weir_media *m)
{
	u32 d;

	for (d = 0; d < m->flash.nr_dies; d++)
		weir_random_seed(&m->flash.die[d].random, (u64)m->model.seed + d + 1);
}

static u32 program_kib(const struct weir_model *model)
{
	return model->program_kib ? model->program_kib : model->page_kib;
}

/* Pages that a die programs at once into one-bit cells. */
static u32 one_bit_pages(const struct weir_model *model)
{
	return min_t(u32, model->planes, program_kib(model) / (u32)model->page_kib);
}

/* Programs of a die in its share of the cache, when they are the shortest. */
static u32 share(const struct weir_model *model)
{
	u32 kib = model->slc_mib ? one_bit_pages(model) * model->page_kib :
				   program_kib(model);
	u32 programs = div_u64((u64)model->cache_mib << 10,
			       kib * model->channels * model->dies);

	return max(programs, 1U);
}

/* Of a die's share of so many MiB, the pages. */
static u32 pages_of(const struct weir_model *model, u64 mib)
{
	return div_u64(mib << 10, model->page_kib * model->channels * model->dies);
}

#define ALIGNED(bytes) (((bytes) + 63) & ~(size_t)63)

size_t weir_flash_bytes(const struct weir_model *model, u64 capacity)
{
	size_t dies = model->channels * model->dies, planes = dies * model->planes;
	size_t bytes = ALIGNED(dies * sizeof(struct weir_die)) +
		       ALIGNED(model->channels * sizeof(struct weir_line)) +
		       ALIGNED(dies * share(model)) +
		       ALIGNED(planes * sizeof(u64)) +
		       2 * ALIGNED(planes * sizeof(u32));

	if (!model->op_permille)
		return bytes;
	bytes += ALIGNED(weir_ftl_bytes(model, capacity));
	if (model->cache_hits)
		bytes += ALIGNED(weir_ftl_units(model, capacity) * sizeof(u32));
	if (model->map_permille)
		bytes += weir_map_bytes(capacity);
	return bytes;
}

static void init_mapping(struct weir_flash *f, char *memory, const struct weir_model *model,
			 u64 capacity)
{
	u32 i;

	weir_ftl_init(&f->ftl, memory, model, capacity);
	f->unit_pages_shift = f->ftl.unit_shift - f->page_shift;
	memory += ALIGNED(weir_ftl_bytes(model, capacity));
	if (model->cache_hits) {
		f->written = (u32 *)memory;
		memory += ALIGNED(f->ftl.nr_units * sizeof(u32));
		for (i = 0; i < f->ftl.nr_units; i++)
			f->written[i] = WEIR_FLASH_NEVER;
	}
	if (f->maps)
		weir_map_init(&f->map, memory, model, capacity);
}

void weir_flash_init(struct weir_media *m, void *memory, u64 capacity)
{
	const struct weir_model *model = &m->model;
	struct weir_flash *f = &m->flash;
	char *more = memory;
	u32 d;

	f->nr_channels = model->channels;
	f->nr_dies = model->channels * model->dies;
	f->nr_planes = f->nr_dies * model->planes;
	f->stripe_shift = fls64(model->stripe_kib);	/* a KiB is two sectors */
	f->page_shift = fls64(model->page_kib);
	f->program_sectors = program_kib(model) * 2;
	f->program_pages = f->program_sectors >> f->page_shift;
	f->block_programs = max((u32)model->block_pages * (u32)model->planes /
				f->program_pages, 1U);
	f->one_bit_pages = one_bit_pages(model);
	f->one_bit_share = pages_of(model, model->slc_mib);
	f->share_pages = pages_of(model, model->cache_mib);
	f->rounds = share(model);
	f->collects = model->op_permille;
	f->maps = f->collects && model->map_permille;
	f->log = f->collects || model->cache_mib;

	f->die = (struct weir_die *)more;
	more += ALIGNED(f->nr_dies * sizeof(struct weir_die));
	f->channel = (struct weir_line *)more;
	more += ALIGNED(f->nr_channels * sizeof(struct weir_line));
	f->program_flags = (u8 *)more;
	more += ALIGNED((size_t)f->nr_dies * f->rounds);
	f->plane_end_ns = (u64 *)more;
	more += ALIGNED(f->nr_planes * sizeof(u64));
	f->piece = (u32 *)more;
	more += ALIGNED(f->nr_planes * sizeof(u32));
	f->touched = (u32 *)more;
	more += ALIGNED(f->nr_planes * sizeof(u32));

	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];

		die->channel = d % f->nr_channels;
		/* Not all at the same time. */
		die->erase_program = div_u64((u64)d * f->block_programs, f->nr_dies);
	}
	weir_flash_reseed(m);
	if (f->collects)
		init_mapping(f, more, model, capacity);
	weir_flash_retune(m);
}
