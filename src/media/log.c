// SPDX-License-Identifier: GPL-2.0
/*
 * The write cache: programs that fill up there and go to the dies in turn, as a log.
 *
 * - Programs (of program_kib each) fill up in the cache one after another. Each die has
 *   its share of the cache for them. When the die whose turn it is has no room, writes
 *   wait until it has done a program: then they go at the rate of programming.
 * - With slc_mib, writes go into one-bit cells first, a page of each plane at a time,
 *   until a die's share of them is full.
 * - What garbage collection copies (ftl.c) are programs of that log too, ahead of the
 *   next one of the host; with gc_burst, all that has been copied so far in one go. When
 *   a die has filled a block on every plane it erases one, once blocks are used again.
 * - A flush, and a write with FUA, wait for all programs filled before; the one that
 *   is being filled goes as it is. With plp=1 they wait for nothing. Without a cache, a
 *   write is done when its program is.
 *
 * A long write and a long wait are worked out in pieces: an event leaves off, and the next
 * one goes on at the same time of the model.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "die.h"
#include "log.h"
#include "medium.h"

bool weir_log_holds(struct weir_media *m, u64 sector, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 unit = sector >> f->ftl.unit_shift, back, d;
	u64 ordinal;

	/* The program that is open has the number of all before it. */
	back = (u32)f->programs - f->written[unit];
	if (back > f->rounds * f->nr_dies || back > f->programs)
		return false;
	if (!back)
		return f->open_sectors;
	ordinal = div_u64_rem(f->programs - back, f->nr_dies, &d);
	weir_die_live(m, d, at_ns);
	m->work++;
	return f->die[d].programmed <= ordinal;
}

/* The program whose turn it is goes to its die. */
static void program_push(struct weir_media *m, u8 flags, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d = f->open_die;
	struct weir_die *die = &f->die[d];

	weir_die_live(m, d, at_ns);
	die->cached += flags & WEIR_PROGRAM_ONE_BIT ? f->one_bit_pages : f->program_pages;
	if (flags & WEIR_PROGRAM_ONE_BIT)
		die->one_bit += f->one_bit_pages;
	if (!die->backlog++)
		die->ready_ns = at_ns;
	if (f->collects && f->ftl.recycled && f->open_block_program == die->erase_program)
		flags |= WEIR_PROGRAM_ERASES;
	f->program_flags[(size_t)f->open_round * f->nr_dies + d] = flags;
	f->programs++;
	if (++f->open_die < f->nr_dies)
		return;
	f->open_die = 0;
	f->open_ordinal++;
	if (++f->open_round == f->rounds)
		f->open_round = 0;
	if (++f->open_block_program == f->block_programs)
		f->open_block_program = 0;
}

/*
 * What is owed of a unit's copies with each of its programs, so that it is all paid with
 * the last of them; in a burst all of it at once.
 */
static u64 due_of(const struct weir_flash *f, u64 debt, bool burst)
{
	u32 pages = f->program_pages;
	u32 step = burst ? pages : max(1U << f->unit_pages_shift, pages);

	return div_u64(debt + step - pages, step);
}

/* The open program of the host is full, or must go as it is. */
static void program_close(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	f->open_sectors = 0;
	program_push(m, f->open_one_bit ? WEIR_PROGRAM_ONE_BIT : 0, at_ns);
	f->debt += f->map_sectors >> f->page_shift;
	f->map_sectors &= (1U << f->page_shift) - 1;
	f->owed = due_of(f, f->debt, m->model.gc_burst);
}

/* What has been left off: f->more. */
#define MORE_TO_ABSORB 1
#define MORE_FRONTIER 2

/*
 * The piece at hand is long enough. Return: false; the rest of it will be done at
 * @at_ns, too, but in another event, which does nothing else.
 */
static bool leave_off(struct weir_flash *f, u8 what, u64 at_ns)
{
	f->more |= what;
	f->more_ns = at_ns;
	return false;
}

static bool one_bit_next(const struct weir_flash *f, const struct weir_die *die)
{
	return !f->owed && die->one_bit + f->one_bit_pages <= f->one_bit_share;
}

/* Does the next program of a die, whose turn it is, fit into its share of the cache? */
static bool has_room(const struct weir_flash *f, const struct weir_die *die)
{
	u32 pages = one_bit_next(f, die) ? f->one_bit_pages : f->program_pages;

	return f->open_ordinal < die->programmed + f->rounds &&
	       (!die->cached || die->cached + pages <= f->share_pages);
}

/* Return: false if there is no room, or if it is left for later. */
static bool program_open(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	for (;;) {
		struct weir_die *die = &f->die[f->open_die];

		if (!weir_die_live_some(m, f->open_die, at_ns))
			return leave_off(f, MORE_TO_ABSORB, at_ns);
		if (!has_room(f, die))
			return false;
		if (!f->owed)
			break;
		m->work += 2;
		f->owed--;
		f->debt -= f->program_pages;
		program_push(m, WEIR_PROGRAM_COLLECTS, at_ns);
	}
	f->open_one_bit = one_bit_next(f, &f->die[f->open_die]);
	f->open_sectors = f->open_one_bit ? f->one_bit_pages << f->page_shift :
					    f->program_sectors;
	return true;
}

/* The open program holds the latest of these sectors' units. */
static void mark_written(struct weir_flash *f, u64 sector, u32 sectors)
{
	u32 unit = sector >> f->ftl.unit_shift;
	u32 last = min_t(u64, (sector + sectors - 1) >> f->ftl.unit_shift,
			 f->ftl.nr_units - 1);

	for (; unit <= last; unit++)
		f->written[unit] = f->programs;
}

void weir_log_discarded(struct weir_flash *f, u64 sector, u64 sectors)
{
	u64 unit = sector >> f->ftl.unit_shift;

	if (f->written && sectors == 1ULL << f->ftl.unit_shift && unit < f->ftl.nr_units)
		f->written[unit] = WEIR_FLASH_NEVER;
}

/* Return: false if some of it, f->left, found no room, or is left for later. */
static bool absorb(struct weir_media *m, const struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	while (f->left) {
		u64 sector = c->sector + c->sectors - f->left, copied;
		u32 part;

		if (!weir_die_live_some(m, f->open_die, at_ns))
			return leave_off(f, MORE_TO_ABSORB, at_ns);
		if (!f->open_sectors && !program_open(m, at_ns))
			return false;
		m->work += 4;
		part = min_t(u64, f->left, f->open_sectors);
		if (f->collects) {
			/* A unit at a time: each may have many others copied. */
			part = min(part, 1U << f->ftl.unit_shift);
			copied = weir_ftl_write(&f->ftl, sector, part);
			m->work += 2 * copied;
			f->debt += copied << f->unit_pages_shift;
			if (f->written)
				mark_written(f, sector, part);
		}
		f->host_sectors += part;
		f->left -= part;
		f->open_sectors -= part;
		if (!f->open_sectors)
			program_close(m, at_ns);
	}
	return true;
}

/* A die has room for its next page: what no longer fits into the cache is programmed. */
static void skip_to_cache(struct weir_flash *f)
{
	u64 first = f->open_ordinal > f->rounds ? f->open_ordinal - f->rounds : 0;

	if (f->frontier_ordinal >= first)
		return;
	f->frontier = first * f->nr_dies;
	f->frontier_ordinal = first;
	f->frontier_die = 0;
}

/*
 * Return: whether all pages before that one are programmed; false, too, if to find that
 * out is left for later.
 */
static bool frontier_reaches(struct weir_media *m, u64 page, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	while (f->frontier < page) {
		struct weir_die *die = &f->die[f->frontier_die];

		if (!weir_die_live_some(m, f->frontier_die, at_ns))
			return leave_off(f, MORE_FRONTIER, at_ns);
		m->work++;
		if (die->programmed <= f->frontier_ordinal)
			return false;
		f->frontier++;
		if (++f->frontier_die == f->nr_dies) {
			f->frontier_die = 0;
			f->frontier_ordinal++;
		}
	}
	return true;
}

/* All that was written has been programmed; c->done_ns: what else it waited for. */
static void durable(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	u64 done = max(at_ns, c->done_ns);

	c->part_ns[WEIR_PART_DIE] += done - c->done_ns;
	if (c->op == WEIR_MEDIA_FLUSH || c->fua)
		done += weir_media_fixed_ns(m, WEIR_MEDIA_FLUSH, 0);
	weir_media_decide(m, c, done);
}

static void make_durable(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	if (f->open_sectors)
		program_close(m, at_ns);
	c->wait_for = f->programs;
	if (!f->flushing.first) {
		skip_to_cache(f);
		if (frontier_reaches(m, c->wait_for, at_ns)) {
			durable(m, c, at_ns);
			return;
		}
	}
	weir_fifo_push(&f->flushing, c);
}

/* All of a write is in the cache. Until now done_ns was when it had crossed the bus. */
static void absorbed(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	u64 there = max(at_ns, c->done_ns);

	c->part_ns[WEIR_PART_CACHE] += there - c->done_ns;
	c->done_ns = there + m->cached_ns;
	if (!m->model.cache_mib || (c->fua && !m->model.plp))
		make_durable(m, c, at_ns);
	else
		weir_media_decide(m, c, c->done_ns);
}

void weir_log_write(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	if (!f->stalled.first) {
		f->left = c->sectors;
		if (absorb(m, c, at_ns)) {
			absorbed(m, c, at_ns);
			return;
		}
	}
	weir_fifo_push(&f->stalled, c);
}

void weir_log_flush(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	c->done_ns = at_ns;
	if (m->flash.log && !m->model.plp)
		make_durable(m, c, at_ns);
	else
		durable(m, c, at_ns);
}

u64 weir_log_next_ns(const struct weir_media *m)
{
	const struct weir_flash *f = &m->flash;
	u64 next = WEIR_NEVER;

	if (f->stalled.first) {
		const struct weir_die *die = &f->die[f->open_die];

		next = weir_die_next_ns(die, die->programmed + !has_room(f, die));
	}
	if (f->flushing.first)
		next = min(next, weir_die_next_ns(&f->die[f->frontier_die],
						  f->frontier_ordinal + 1));
	return next;
}

/* Writes that wait for room, as far as there is some. */
static void absorb_stalled(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	struct weir_media_cmd *c;

	while ((c = f->stalled.first)) {
		if (!absorb(m, c, at_ns))
			break;
		weir_fifo_pop(&f->stalled);
		if (f->stalled.first)
			f->left = f->stalled.first->sectors;
		absorbed(m, c, at_ns);
	}
}

/* Commands that wait until all before them is programmed, as far as it is. */
static void end_durable(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	struct weir_media_cmd *c;

	while ((c = f->flushing.first)) {
		if (weir_media_tired(m))
			leave_off(f, MORE_FRONTIER, at_ns);
		if (f->more || !frontier_reaches(m, c->wait_for, at_ns))
			break;
		weir_fifo_pop(&f->flushing);
		durable(m, c, at_ns);
	}
}

void weir_log_event(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	u8 more = f->more;
	u64 at_ns = more ? max(m->now_ns, f->more_ns) : m->now_ns;

	f->more = 0;
	if (!more || more & MORE_TO_ABSORB)
		absorb_stalled(m, at_ns);
	/* What has left off there has to be done first. */
	if (f->more & MORE_TO_ABSORB)
		f->more |= more & MORE_FRONTIER;
	else if (!more || (more | f->more) & MORE_FRONTIER)
		end_durable(m, at_ns);
}

bool weir_log_cancel(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_flash *f = &m->flash;
	bool first = f->stalled.first == c;

	if (weir_fifo_remove(&f->stalled, c)) {
		if (first && f->stalled.first)
			f->left = f->stalled.first->sectors;
		return true;
	}
	return weir_fifo_remove(&f->flushing, c);
}
