// SPDX-License-Identifier: GPL-2.0
/*
 * Flash: dies on channels, a write cache, and programs in the background.
 *
 * - A read is cut where its data lies on another die. Each die reads its pages,
 *   one after another, reads in order of arrival; then the data crosses the die's
 *   channel and, when all of it is there, the bus. A die can read on while its
 *   data waits for the channel (it has a register for that).
 * - A write crosses the bus and is done when the cache has taken it. Pages fill up
 *   in the cache one after another and go to the dies in turn, as a log; each die
 *   has its share of the cache for them. When the die whose turn it is has no room,
 *   writes wait until it has programmed a page: then they go at the rate of
 *   programming.
 * - A die programs when no read is there. A read waits for the program under way,
 *   or suspends it, if the model has suspend_ns: then the program goes on after
 *   the read, and is done later by both times. After 16 reads in a row a page must
 *   be programmed before the next read, so that nobody waits for ever.
 * - What garbage collection copies (ftl.c) are pages of that log too, ahead of the
 *   next page of the host; each takes a read and a program of its die. After every
 *   block_pages pages a die erases a block, once blocks are used again.
 * - A flush, and a write with FUA, wait for all pages filled before; the page that
 *   is being filled goes as it is. With plp=1 they wait for nothing.
 * - Without a cache, a write with op_permille=0 goes to the die of its place and is
 *   done when that has programmed it; with a log, when its page is programmed.
 *
 * Dies live lazily: what one has done in the background is worked out when somebody
 * looks at it. Left out: a program's data takes its die's time on the channel and
 * not the channel's, so that it delays no read; reads never hit the cache.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "medium.h"

#define READS_AHEAD 16
#define MAX_PIECES 256

/* What the page is for. */
#define PAGE_COLLECTS 1
#define PAGE_ERASES 2

static void begin_program(const struct weir_media *m, struct weir_die *die, u32 d, u64 at_ns)
{
	const struct weir_flash *f = &m->flash;
	u8 flags = f->page_flags[(size_t)die->round * f->nr_dies + d];
	u64 ns = weir_media_draw(m, &die->random, WEIR_MEDIA_WRITE, m->model.program_ns);

	ns = max(ns + f->page_transfer_ns, f->page_turn_ns);
	if (flags & PAGE_COLLECTS)
		ns += f->copy_read_ns;
	if (flags & PAGE_ERASES)
		ns += f->erase_ns;
	if (++die->round == f->rounds)
		die->round = 0;
	die->backlog--;
	die->programming = true;
	die->collecting = flags;
	die->program_end_ns = min(at_ns + ns, WEIR_LAST_NS);
	die->busy_ns += ns;
}

/* What a die has done in the background until then. */
static void live(const struct weir_media *m, struct weir_die *die, u32 d, u64 until_ns)
{
	for (;;) {
		u64 start;

		if (die->programming) {
			if (die->program_end_ns > until_ns)
				return;
			die->programming = false;
			die->programmed++;
			die->passed = 0;
		}
		if (!die->backlog)
			return;
		start = max(max(die->ready_ns, die->read_end_ns), die->program_end_ns);
		if (start > until_ns)
			return;
		begin_program(m, die, d, start);
	}
}

/*
 * When to look whether a die has programmed so many pages, of those it was given.
 * A command enters command_ns after it was fetched, so it can have seen this before.
 */
static u64 die_next_ns(const struct weir_die *die, u64 programmed)
{
	if (die->programmed >= programmed)
		return die->programming ? 0 : die->program_end_ns;
	if (die->programming)
		return die->program_end_ns;
	return max(max(die->ready_ns, die->read_end_ns), die->program_end_ns);
}

/*
 * A read, or a write to its place: on the die at once.
 * Return: when it begins; of the wait, *gc_ns is due to garbage collection.
 */
static u64 die_serve(struct weir_media *m, u32 d, u64 at_ns, u64 ns, u64 *gc_ns)
{
	struct weir_flash *f = &m->flash;
	struct weir_die *die = &f->die[d];
	bool may_pass = die->passed < READS_AHEAD, behind = false;
	u64 start = max(at_ns, die->read_end_ns);

	if (!die->programming && die->backlog && !may_pass) {
		/* It waits for reads only, and now for no further one. */
		begin_program(m, die, d, start);
	}
	if (die->programming && die->read_end_ns < die->program_end_ns) {
		bool reading = die->read_end_ns > at_ns;

		if (f->suspend_ns && may_pass && reading) {
			die->program_end_ns = min(die->program_end_ns + ns, WEIR_LAST_NS);
			die->passed++;
		} else if (f->suspend_ns && may_pass &&
			   die->program_end_ns - at_ns > f->suspend_ns) {
			start = at_ns + f->suspend_ns;
			die->program_end_ns = min(die->program_end_ns + f->suspend_ns + ns,
						  WEIR_LAST_NS);
			die->passed++;
			f->suspends++;
			behind = true;
		} else {
			start = die->program_end_ns;
			behind = true;
		}
	} else if (die->programming) {
		behind = true;
	} else if (die->backlog) {
		die->passed++;
	}
	if (behind && die->collecting)
		*gc_ns = min(start, die->program_end_ns) - at_ns;
	else
		*gc_ns = 0;
	die->read_end_ns = min(start + ns, WEIR_LAST_NS);
	die->busy_ns += ns;
	return start;
}

static u32 die_of(const struct weir_flash *f, u64 place)
{
	u64 stripe = place >> f->stripe_shift;
	u32 die;

	if (!(f->nr_dies & (f->nr_dies - 1)))
		return stripe & (f->nr_dies - 1);
	div_u64_rem(stripe, f->nr_dies, &die);
	return die;
}

/*
 * Which dies hold how much of it? What is longer than MAX_PIECES pieces is spread
 * evenly from there on.
 * Return: how many dies are in touched[].
 */
static u32 cut(struct weir_flash *f, u64 sector, u64 sectors)
{
	u64 end = sector + sectors, step = 1ULL << f->stripe_shift;
	u32 nr = 0, pieces, d, each;

	if (f->collects)
		step = min(step, 1ULL << f->ftl.unit_shift);
	for (pieces = 0; sector < end && pieces < MAX_PIECES; pieces++) {
		u64 next = min((sector | (step - 1)) + 1, end);

		d = die_of(f, f->collects ? weir_ftl_place(&f->ftl, sector) : sector);
		if (!f->piece[d])
			f->touched[nr++] = d;
		f->piece[d] += next - sector;
		sector = next;
	}
	if (sector == end)
		return nr;
	each = div_u64(end - sector + f->nr_dies - 1, f->nr_dies);
	for (d = 0; d < f->nr_dies; d++) {
		if (!f->piece[d])
			f->touched[nr++] = d;
		f->piece[d] += each;
	}
	return nr;
}

/* Of a command, so less than 2^25 of them; each takes up to WEIR_MAX_NS. */
static u64 pages_ns(u64 pages, u64 ns)
{
	if (pages >> 13 && ns >> 37)
		return WEIR_MAX_NS;
	return min(pages * ns, WEIR_MAX_NS);
}

/* A read, or a write to its place. The slowest die's waits are the command's. */
static void serve(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	bool write = c->op == WEIR_MEDIA_WRITE;
	u64 page_ns = write ? m->model.program_ns : m->model.read_ns;
	u64 done = at_ns, die_wait = 0, gc_wait = 0, channel_wait = 0;
	u32 i, nr = cut(f, c->sector, c->sectors);

	for (i = 0; i < nr; i++) {
		u32 d = f->touched[i], sectors = f->piece[d];
		struct weir_die *die = &f->die[d];
		struct weir_line *channel = &f->channel[die->channel];
		u64 transfer = weir_rate_ns(m, f->channel_rate, sectors);
		u64 pages = (sectors + (1U << f->page_shift) - 1) >> f->page_shift;
		u64 ready = at_ns, wait = 0, start, gc, ns, end;

		f->piece[d] = 0;
		if (write) {
			start = weir_line_take(channel, ready, transfer, m->now_ns);
			wait = start - ready;
			ready = start + transfer;
		}
		live(m, die, d, ready);
		ns = pages_ns(pages, weir_media_draw(m, &die->random, c->op, page_ns));
		start = die_serve(m, d, ready, ns, &gc);
		end = start + ns;
		if (!write) {
			u64 data = weir_line_take(channel, end, transfer, m->now_ns);

			wait = data - end;
			end = data + transfer;
		}
		if (end <= done)
			continue;
		done = end;
		gc_wait = gc;
		die_wait = start - ready - gc;
		channel_wait = wait;
	}
	c->part_ns[WEIR_PART_DIE] += die_wait;
	c->part_ns[WEIR_PART_GC] += gc_wait;
	c->part_ns[WEIR_PART_CHANNEL] += channel_wait;
	if (!write)
		done = weir_media_bus(m, c, done);
	weir_media_decide(m, c, done);
}

/* The page whose turn it is goes to its die. */
static void page_push(struct weir_media *m, u8 flags, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d = f->open_die;
	struct weir_die *die = &f->die[d];

	live(m, die, d, at_ns);
	if (!die->backlog++)
		die->ready_ns = at_ns;
	if (f->collects && f->ftl.recycled && f->open_block_page == die->erase_page)
		flags |= PAGE_ERASES;
	f->page_flags[(size_t)f->open_round * f->nr_dies + d] = flags;
	f->pages++;
	if (++f->open_die < f->nr_dies)
		return;
	f->open_die = 0;
	f->open_ordinal++;
	if (++f->open_round == f->rounds)
		f->open_round = 0;
	if (++f->open_block_page == m->model.block_pages)
		f->open_block_page = 0;
}

/* The open page of the host is full, or must go as it is. */
static void page_close(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	f->open_sectors = 0;
	page_push(m, 0, at_ns);
	f->owed = (f->debt + (1ULL << f->unit_pages_shift) - 1) >> f->unit_pages_shift;
}

/* Return: false if there is no room. */
static bool page_open(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	for (;;) {
		struct weir_die *die = &f->die[f->open_die];

		live(m, die, f->open_die, at_ns);
		if (f->open_ordinal >= die->programmed + f->rounds)
			return false;
		if (!f->owed)
			break;
		f->owed--;
		f->debt--;
		page_push(m, PAGE_COLLECTS, at_ns);
	}
	f->open_sectors = 1U << f->page_shift;
	return true;
}

/* Return: false if some of it, f->left, found no room. */
static bool absorb(struct weir_media *m, const struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	while (f->left) {
		u64 sector = c->sector + c->sectors - f->left;
		u32 part;

		if (!f->open_sectors && !page_open(m, at_ns))
			return false;
		part = min_t(u64, f->left, f->open_sectors);
		if (f->collects) {
			u64 copied = weir_ftl_write(&f->ftl, sector, part);

			f->debt += copied << f->unit_pages_shift;
		}
		f->host_sectors += part;
		f->left -= part;
		f->open_sectors -= part;
		if (!f->open_sectors)
			page_close(m, at_ns);
	}
	return true;
}

static void find_frontier(struct weir_media *m, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d;

	f->frontier = WEIR_NEVER;
	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];
		u64 page;

		live(m, die, d, at_ns);
		page = die->programmed * f->nr_dies + d;
		if (page < f->frontier) {
			f->frontier = page;
			f->frontier_die = d;
			f->frontier_ordinal = die->programmed;
		}
	}
}

/* Return: whether all pages before that one are programmed. */
static bool frontier_reaches(struct weir_media *m, u64 page, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	while (f->frontier < page) {
		struct weir_die *die = &f->die[f->frontier_die];

		live(m, die, f->frontier_die, at_ns);
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
		page_close(m, at_ns);
	c->wait_for = f->pages;
	if (!f->flushing.first) {
		find_frontier(m, at_ns);
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

static void log_write(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	c->done_ns = weir_media_bus(m, c, at_ns);
	if (!f->stalled.first) {
		f->left = c->sectors;
		if (absorb(m, c, at_ns)) {
			absorbed(m, c, at_ns);
			return;
		}
	}
	weir_fifo_push(&f->stalled, c);
}

void weir_flash_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	switch (c->op) {
	case WEIR_MEDIA_READ:
		serve(m, c, at_ns);
		break;
	case WEIR_MEDIA_WRITE:
		if (f->log)
			log_write(m, c, at_ns);
		else
			serve(m, c, weir_media_bus(m, c, at_ns));
		break;
	case WEIR_MEDIA_FLUSH:
		c->done_ns = at_ns;
		if (f->log && !m->model.plp)
			make_durable(m, c, at_ns);
		else
			durable(m, c, at_ns);
		break;
	default:
		if (c->op == WEIR_MEDIA_DISCARD && f->collects)
			weir_ftl_discard(&f->ftl, c->sector, c->sectors);
		weir_media_decide(m, c, at_ns + weir_media_fixed_ns(m, c->op, c->sectors));
	}
}

u64 weir_flash_next_ns(const struct weir_media *m)
{
	const struct weir_flash *f = &m->flash;
	u64 next = WEIR_NEVER;

	if (f->stalled.first)
		next = die_next_ns(&f->die[f->open_die], f->open_ordinal + 1 - f->rounds);
	if (f->flushing.first)
		next = min(next, die_next_ns(&f->die[f->frontier_die],
					     f->frontier_ordinal + 1));
	return next;
}

void weir_flash_event(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	struct weir_media_cmd *c;

	while ((c = f->stalled.first)) {
		if (!absorb(m, c, m->now_ns))
			break;
		weir_fifo_pop(&f->stalled);
		if (f->stalled.first)
			f->left = f->stalled.first->sectors;
		absorbed(m, c, m->now_ns);
	}
	while ((c = f->flushing.first)) {
		if (!frontier_reaches(m, c->wait_for, m->now_ns))
			break;
		weir_fifo_pop(&f->flushing);
		durable(m, c, m->now_ns);
	}
}

bool weir_flash_cancel(struct weir_media *m, struct weir_media_cmd *c)
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

void weir_flash_retune(struct weir_media *m)
{
	const struct weir_model *model = &m->model;
	struct weir_flash *f = &m->flash;

	f->erase_ns = weir_scaled(m, model->erase_ns);
	f->suspend_ns = weir_scaled(m, model->suspend_ns);
	f->copy_read_ns = weir_scaled(m, model->read_ns);
	f->channel_rate = weir_rate(model->channel_mbps);
	f->page_transfer_ns = weir_rate_ns(m, f->channel_rate, 1ULL << f->page_shift);
	f->page_turn_ns = min(f->page_transfer_ns * (u32)model->dies, WEIR_MAX_NS);
	if (f->collects)
		weir_ftl_retune(&f->ftl, model);
}

void weir_flash_reseed(struct weir_media *m)
{
	u32 d;

	for (d = 0; d < m->flash.nr_dies; d++)
		weir_random_seed(&m->flash.die[d].random, (u64)m->model.seed + d + 1);
}

/* Pages of a die in its share of the cache. */
static u32 share(const struct weir_model *model)
{
	u32 pages = div_u64((u64)model->cache_mib << 10,
			    model->page_kib * model->channels * model->dies);

	return max(pages, 1U);
}

#define ALIGNED(bytes) (((bytes) + 63) & ~(size_t)63)

size_t weir_flash_bytes(const struct weir_model *model, u64 capacity)
{
	size_t dies = model->channels * model->dies;
	size_t bytes = ALIGNED(dies * sizeof(struct weir_die)) +
		       ALIGNED(model->channels * sizeof(struct weir_line)) +
		       ALIGNED(dies * share(model)) +
		       2 * ALIGNED(dies * sizeof(u32));

	if (model->op_permille)
		bytes += weir_ftl_bytes(model, capacity);
	return bytes;
}

void weir_flash_init(struct weir_media *m, void *memory, u64 capacity)
{
	const struct weir_model *model = &m->model;
	struct weir_flash *f = &m->flash;
	char *more = memory;
	u32 d;

	f->nr_channels = model->channels;
	f->nr_dies = model->channels * model->dies;
	f->stripe_shift = fls64(model->stripe_kib);	/* a KiB is two sectors */
	f->page_shift = fls64(model->page_kib);
	f->rounds = share(model);
	f->collects = model->op_permille;
	f->log = f->collects || model->cache_mib;

	f->die = (struct weir_die *)more;
	more += ALIGNED(f->nr_dies * sizeof(struct weir_die));
	f->channel = (struct weir_line *)more;
	more += ALIGNED(f->nr_channels * sizeof(struct weir_line));
	f->page_flags = (u8 *)more;
	more += ALIGNED((size_t)f->nr_dies * f->rounds);
	f->piece = (u32 *)more;
	more += ALIGNED(f->nr_dies * sizeof(u32));
	f->touched = (u32 *)more;
	more += ALIGNED(f->nr_dies * sizeof(u32));

	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];

		die->channel = d % f->nr_channels;
		/* Not all at the same time. */
		die->erase_page = div_u64((u64)d * model->block_pages, f->nr_dies);
	}
	weir_flash_reseed(m);
	if (f->collects) {
		weir_ftl_init(&f->ftl, more, model, capacity);
		f->unit_pages_shift = f->ftl.unit_shift - f->page_shift;
	}
	weir_flash_retune(m);
}

void weir_flash_stats(struct weir_media *m, struct weir_media_stats *s)
{
	struct weir_flash *f = &m->flash;
	u32 d;

	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];

		live(m, die, d, m->now_ns);
		s->programmed_units += die->programmed;
		s->cache_units += die->backlog + die->programming;
	}
	s->programmed_units -= f->programmed_before;
	s->host_units = f->host_sectors >> f->page_shift;
	s->suspends = f->suspends;
	s->nr_dies = f->nr_dies;
	if (f->collects) {
		s->erased_blocks = f->ftl.erased_blocks;
		s->free_blocks = f->ftl.free_blocks;
	}
}

void weir_flash_reset_stats(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	struct weir_media_stats now = { 0 };
	u32 d;

	weir_flash_stats(m, &now);
	f->programmed_before += now.programmed_units;
	f->host_sectors = 0;
	f->suspends = 0;
	f->ftl.erased_blocks = 0;
	for (d = 0; d < f->nr_dies; d++)
		f->die[d].busy_ns = 0;
}
