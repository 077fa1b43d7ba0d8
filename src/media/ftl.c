// SPDX-License-Identifier: GPL-2.0
/*
 * The mapping and greedy garbage collection: see ftl.h.
 *
 * All is arrays of 32-bit indexes. Closed blocks hang in one list per count of
 * valid units, so that to choose a victim, and to make a unit garbage, takes
 * constant time.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "ftl.h"
#include "model.h"
#include "random.h"

#define NONE WEIR_FTL_NONE
#define SECTORS_PER_KIB_SHIFT 1
#define MIN_BLOCK_SHIFT 4	/* with fewer units in a block greedy is too good */
#define MIN_BLOCKS_SHIFT 10	/* so about 512 blocks or more, if there are units enough */
#define MIN_SPARE_BLOCKS 4	/* open, victim, and two free */
#define BURST_COPIES 256U	/* for a unit that the host writes: some 10 us of a CPU */

/* Sizes: nothing here depends on what has been written. */
static void shape(struct weir_ftl *f, const struct weir_model *model, u64 capacity)
{
	u64 sectors = capacity >> 9, block, spare;
	u32 shift = fls64(model->page_kib << SECTORS_PER_KIB_SHIFT) - 1;

	while (((sectors - 1) >> shift) + 1 > WEIR_FTL_MAX_UNITS)
		shift++;
	f->unit_shift = shift;
	f->nr_units = ((sectors - 1) >> shift) + 1;

	block = (u64)model->page_kib * model->block_pages * model->channels *
		model->dies * model->planes << SECTORS_PER_KIB_SHIFT >> shift;
	f->block_shift = block ? fls64(block) - 1 : 0;
	f->block_shift = min_t(u32, f->block_shift, fls(f->nr_units >> MIN_BLOCKS_SHIFT));
	f->block_shift = max_t(u32, f->block_shift, MIN_BLOCK_SHIFT);

	spare = div_u64((u64)f->nr_units * model->op_permille, 1000);
	f->spare_blocks = max_t(u32, spare >> f->block_shift, MIN_SPARE_BLOCKS);
	f->nr_blocks = ((f->nr_units - 1) >> f->block_shift) + 1 + f->spare_blocks;
}

u32 weir_ftl_units(const struct weir_model *model, u64 capacity)
{
	struct weir_ftl f = { 0 };

	shape(&f, model, capacity);
	return f.nr_units;
}

static u32 *carve(u32 **memory, u64 nr)
{
	u32 *array = *memory;

	*memory += nr;
	return array;
}

/* Return: the end of the memory used. */
static u32 *lay_out(struct weir_ftl *f, u32 *memory)
{
	f->where = carve(&memory, f->nr_units);
	f->what = carve(&memory, (u64)f->nr_blocks << f->block_shift);
	f->bucket = carve(&memory, (1U << f->block_shift) + 1);
	f->block_next = carve(&memory, f->nr_blocks);
	f->block_prev = carve(&memory, f->nr_blocks);
	f->valid = carve(&memory, f->nr_blocks);
	return memory;
}

size_t weir_ftl_bytes(const struct weir_model *model, u64 capacity)
{
	struct weir_ftl f = { 0 };

	shape(&f, model, capacity);
	return sizeof(u32) * (f.nr_units + ((size_t)f.nr_blocks << f.block_shift) +
			      (1U << f.block_shift) + 1 + 3 * (size_t)f.nr_blocks);
}

static void free_block(struct weir_ftl *f, u32 block)
{
	f->block_next[block] = NONE;
	if (f->free_tail == NONE)
		f->free_head = block;
	else
		f->block_next[f->free_tail] = block;
	f->free_tail = block;
	f->free_blocks++;
}

static void open_block(struct weir_ftl *f)
{
	f->open = f->free_head;
	f->free_head = f->block_next[f->open];
	if (f->free_head == NONE)
		f->free_tail = NONE;
	f->free_blocks--;
	f->open_units = 0;
}

static void bucket_add(struct weir_ftl *f, u32 block)
{
	u32 valid = f->valid[block], head = f->bucket[valid];

	f->block_prev[block] = NONE;
	f->block_next[block] = head;
	if (head != NONE)
		f->block_prev[head] = block;
	f->bucket[valid] = block;
	f->fewest = min(f->fewest, valid);
}

static void bucket_del(struct weir_ftl *f, u32 block)
{
	u32 next = f->block_next[block], prev = f->block_prev[block];

	if (prev == NONE)
		f->bucket[f->valid[block]] = next;
	else
		f->block_next[prev] = next;
	if (next != NONE)
		f->block_prev[next] = prev;
}

static void recycle(struct weir_ftl *f, u32 block)
{
	f->recycled = true;
	f->erased_blocks++;
	free_block(f, block);
}

void weir_ftl_retune(struct weir_ftl *f, const struct weir_model *model)
{
	u32 low = div_u64((u64)f->nr_blocks * model->gc_low_permille, 1000);

	/* Among the others a victim must have garbage. */
	f->low_blocks = min(max(low, 2U), f->spare_blocks - 2);
	f->burst = model->gc_burst;
}

/* What lies in this place is garbage. */
static void invalidate(struct weir_ftl *f, u32 place)
{
	u32 block = place >> f->block_shift;
	bool closed = block != f->open && block != f->victim;

	f->what[place] = NONE;
	if (closed)
		bucket_del(f, block);
	f->valid[block]--;
	if (!closed)
		return;
	if (f->valid[block])
		bucket_add(f, block);
	else
		recycle(f, block);
}

static void append(struct weir_ftl *f, u32 unit)
{
	u32 place;

	if (f->open_units == 1U << f->block_shift) {
		u32 full = f->open;

		open_block(f);
		if (f->valid[full])
			bucket_add(f, full);
		else
			recycle(f, full);
	}
	place = (f->open << f->block_shift) + f->open_units++;
	f->what[place] = unit;
	f->where[unit] = place;
	f->valid[f->open]++;
}

static bool choose_victim(struct weir_ftl *f)
{
	u32 most = 1U << f->block_shift;

	while (f->fewest < most && f->bucket[f->fewest] == NONE)
		f->fewest++;
	if (f->fewest == most)
		return false;
	f->victim = f->bucket[f->fewest];
	bucket_del(f, f->victim);
	f->victim_units = 0;
	f->victim_valid = f->valid[f->victim];
	f->pace = 0;
	return true;
}

static void copy_one(struct weir_ftl *f)
{
	u32 place;

	do
		place = (f->victim << f->block_shift) + f->victim_units++;
	while (f->what[place] == NONE);
	append(f, f->what[place]);
	f->what[place] = NONE;
	f->valid[f->victim]--;
	f->copied_units++;
}

/* Has the host to write for a victim now? One block after the other in a burst. */
static bool has_victim(struct weir_ftl *f)
{
	if (f->victim != NONE)
		return true;
	if (!f->burst_left && f->free_blocks > f->low_blocks)
		return false;
	if (!f->burst_left)
		f->burst_left = f->burst;
	return choose_victim(f);
}

/*
 * The host has written a unit. With V valid ones among the U of the victim, it
 * may write U - V while V are copied: V / (U - V) copies now. Twice that while
 * there are fewer blocks than there should be. In a burst BURST_COPIES at least.
 */
static u32 collect(struct weir_ftl *f)
{
	u32 copied = 0, gain;

	if (!has_victim(f))
		return 0;
	gain = (1U << f->block_shift) - f->victim_valid;
	f->pace += f->victim_valid << (f->free_blocks + 1 < f->low_blocks);
	if (f->burst_left)
		f->pace = max(f->pace, BURST_COPIES * gain);
	while (f->pace >= gain && f->valid[f->victim]) {
		f->pace -= gain;
		copy_one(f);
		copied++;
	}
	if (!f->valid[f->victim]) {
		recycle(f, f->victim);
		f->victim = NONE;
		if (f->burst_left)
			f->burst_left--;
	}
	return copied;
}

static u32 move(struct weir_ftl *f, u32 unit)
{
	if (f->where[unit] != NONE)
		invalidate(f, f->where[unit]);
	append(f, unit);
	f->moved_units++;
	return collect(f);
}

/* See ftl.h. What is counted begins with the host's own writes. */
static void precondition(struct weir_ftl *f, const struct weir_model *model)
{
	u32 places = f->nr_blocks << f->block_shift, unit, i;
	struct weir_random random;

	weir_random_seed(&random, model->seed);
	for (unit = 0; unit < f->nr_units; unit++)
		if ((u32)weir_random_next(&random) % 1000 < model->mapped_permille)
			move(f, unit);
	for (i = 0; i < places; i++) {
		unit = (u32)weir_random_next(&random) % f->nr_units;
		if (f->where[unit] != NONE)
			move(f, unit);
	}
	f->recycled = true;
	f->moved_units = 0;
	f->copied_units = 0;
	f->erased_blocks = 0;
}

void weir_ftl_init(struct weir_ftl *f, void *memory, const struct weir_model *model,
		   u64 capacity)
{
	u32 i;

	shape(f, model, capacity);
	lay_out(f, memory);
	for (i = 0; i < f->nr_units; i++)
		f->where[i] = NONE;
	for (i = 0; i <= 1U << f->block_shift; i++)
		f->bucket[i] = NONE;
	f->fewest = 1U << f->block_shift;
	f->free_head = NONE;
	f->free_tail = NONE;
	f->free_blocks = 0;
	for (i = 0; i < f->nr_blocks; i++) {
		f->valid[i] = 0;
		free_block(f, i);
	}
	f->victim = NONE;
	open_block(f);
	weir_ftl_retune(f, model);
	if (model->mapped_permille)
		precondition(f, model);
}

u32 weir_ftl_write(struct weir_ftl *f, u64 sector, u64 sectors)
{
	u64 end = min(sector + sectors, (u64)f->nr_units << f->unit_shift);
	u64 size = 1ULL << f->unit_shift;
	u32 copied = 0;

	while (sector < end) {
		u64 next = min((sector | (size - 1)) + 1, end);

		f->part_sectors += next - sector;
		if (f->part_sectors >= size) {
			f->part_sectors -= size;
			copied += move(f, sector >> f->unit_shift);
		}
		sector = next;
	}
	return copied;
}

void weir_ftl_discard(struct weir_ftl *f, u64 sector, u64 sectors)
{
	u64 end = min(sector + sectors, (u64)f->nr_units << f->unit_shift);
	u64 size = 1ULL << f->unit_shift, next;

	for (; sector < end; sector = next) {
		u64 unit = sector >> f->unit_shift;

		next = min((sector | (size - 1)) + 1, end);
		f->part_discarded += next - sector;
		if (f->part_discarded < size)
			continue;
		f->part_discarded -= size;
		if (f->where[unit] == NONE)
			continue;
		invalidate(f, f->where[unit]);
		f->where[unit] = NONE;
	}
}

u64 weir_ftl_place(const struct weir_ftl *f, u64 sector)
{
	u64 unit = sector >> f->unit_shift;

	if (unit >= f->nr_units || f->where[unit] == NONE)
		return sector;
	return ((u64)f->where[unit] << f->unit_shift) +
	       (sector & ((1ULL << f->unit_shift) - 1));
}
