// SPDX-License-Identifier: GPL-2.0
/*
 * Flash: dies on channels, a write cache, and programs in the background.
 *
 * - A read is cut where its data lies on another plane of another die. Each plane
 *   reads its pages, one after another, reads in order of arrival; then the data
 *   crosses the die's channel and, when all of it is there, the bus. A plane can read
 *   on while its data waits for the channel (it has a register for that).
 * - A write crosses the bus and is done when the cache has taken it. Programs (of
 *   program_kib each) fill up in the cache one after another and go to the dies in
 *   turn, as a log; each die has its share of the cache for them. When the die whose
 *   turn it is has no room, writes wait until it has done a program: then they go at
 *   the rate of programming.
 * - A program takes the die with all its planes. It begins when no read is there. A
 *   read waits for the program under way, or suspends it, if the model has suspend_ns:
 *   then the program goes on after the read, and is done later by both times; reads of
 *   other planes meanwhile add what is beyond the first. After 16 reads in a row a
 *   program must be done before the next read, so that nobody waits for ever.
 * - What garbage collection copies (ftl.c) are programs of that log too, ahead of the
 *   next one of the host; each takes reads and a program of its die. When a die has
 *   filled a block on every plane it erases one, once blocks are used again.
 * - A flush, and a write with FUA, wait for all programs filled before; the one that
 *   is being filled goes as it is. With plp=1 they wait for nothing.
 * - Without a cache, a write with op_permille=0 goes to the plane of its place, page by
 *   page, and is done when that has programmed it; with a log, when its program is done.
 *
 * - Write-zeroes are writes that do not cross the bus: they go through the log, or to the
 *   planes of their places. A discard goes through the mapping.
 *
 * Dies live lazily: what one has done in the background is worked out when somebody
 * looks at it, and at the latest after a program's time, so that it is little. What
 * takes long by a command's length (pages into the cache, units out of the mapping) is
 * done in pieces: weir_media_step() may return between them, and goes on at the same
 * time of the model. Left out: a program's data takes its die's time on the channel and
 * not the channel's, so that it delays no read.
 *
 * What a profile may have besides:
 *
 * - slc_mib: writes go into one-bit cells first, a page of each plane at a time, until
 *   a die's share of them is full. A die that has been idle for idle_ns copies them into
 *   the others, one program after another. Left out: erasing them, and that reads of
 *   them are faster.
 * - map_permille: the controller holds only a part of the mapping (map.c). A read outside
 *   waits for a read of the mapping before its own; a write outside causes one, and does
 *   not wait for it. What is dropped and has changed is written like garbage collection's.
 * - cache_hits: a read of a unit of the mapping whose latest write is in the cache, or
 *   under way from there, takes cached_ns and no die.
 * - gc_burst: what a collected block holds is copied in one go ahead of the next write.
 */
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/math64.h>

#include "medium.h"

#define READS_AHEAD 16
#define MAX_PIECES 256

/* What the program is for. */
#define PROGRAM_COLLECTS 1
#define PROGRAM_ERASES 2
#define PROGRAM_ONE_BIT 4

#define MAP_SECTORS 8 /* of the mapping, read or written at once */

static u32 die_of_plane(const struct weir_flash *f, u32 plane)
{
	return plane < f->nr_dies ? plane : plane % f->nr_dies;
}

static void begin_program(struct weir_media *m, struct weir_die *die, u32 d, u64 at_ns)
{
	const struct weir_flash *f = &m->flash;
	u8 flags = f->program_flags[(size_t)die->round * f->nr_dies + d];
	bool one_bit = flags & PROGRAM_ONE_BIT;
	u64 ns = weir_media_draw(m, &die->random, WEIR_MEDIA_WRITE,
				 one_bit ? m->model.slc_program_ns : m->model.program_ns);

	m->work += 2;
	ns = max(ns + f->transfer_ns[one_bit], f->turn_ns[one_bit]);
	if (flags & PROGRAM_COLLECTS)
		ns += f->copy_read_ns;
	if (flags & PROGRAM_ERASES)
		ns += f->erase_ns;
	if (++die->round == f->rounds)
		die->round = 0;
	die->backlog--;
	die->programming = true;
	die->collecting = flags & ~PROGRAM_ONE_BIT;
	die->program_pages = one_bit ? f->one_bit_pages : f->program_pages;
	die->program_end_ns = min(at_ns + ns, WEIR_LAST_NS);
	die->busy_ns += ns;
}

static void end_program(struct weir_die *die)
{
	die->programming = false;
	die->passed = 0;
	die->pages += die->program_pages;
	if (die->draining) {
		die->draining = false;
		die->one_bit -= die->program_pages;
		return;
	}
	die->programmed++;
	die->cached -= die->program_pages;
	die->host_end_ns = die->program_end_ns;
}

/*
 * A die that has been idle copies what fills a program out of its one-bit cells, one
 * program after another; those that are done by @until_ns take one step.
 * Return: false if it does not do so at @until_ns.
 */
static bool drain(struct weir_media *m, struct weir_die *die, u64 until_ns)
{
	const struct weir_flash *f = &m->flash;
	u64 start = max(max(die->read_end_ns, die->host_end_ns) + f->idle_ns,
			die->program_end_ns);
	u64 done;
	u32 pages;

	if (die->one_bit < f->program_pages || start > until_ns)
		return false;
	done = min_t(u64, div64_u64(until_ns - start, f->drain_ns),
		     die->one_bit / f->program_pages);
	pages = done * f->program_pages;
	m->work += 2;
	die->one_bit -= pages;
	die->pages += pages;
	die->busy_ns += done * f->drain_ns;
	die->program_end_ns = start + done * f->drain_ns;
	if (die->one_bit < f->program_pages)
		return false;
	die->programming = true;
	die->collecting = true;
	die->draining = true;
	die->program_pages = f->program_pages;
	die->program_end_ns = min(die->program_end_ns + f->drain_ns, WEIR_LAST_NS);
	die->busy_ns += f->drain_ns;
	return true;
}

/*
 * What a die has done in the background until then.
 * @patient: leave off if that takes long; return: false if it did
 */
static bool live_on(struct weir_media *m, struct weir_die *die, u32 d, u64 until_ns,
		    bool patient)
{
	while (!patient || !weir_media_tired(m)) {
		u64 start;

		if (die->programming) {
			if (die->program_end_ns > until_ns)
				return true;
			end_program(die);
		}
		if (!die->backlog && !drain(m, die, until_ns))
			return true;
		if (die->programming)
			continue;
		start = max(max(die->ready_ns, die->read_end_ns), die->program_end_ns);
		if (start > until_ns)
			return true;
		begin_program(m, die, d, start);
	}
	return false;
}

static void live(struct weir_media *m, struct weir_die *die, u32 d, u64 until_ns)
{
	live_on(m, die, d, until_ns, false);
}

/* Some of the dies live until f->living_ns. Return: true if all have. */
static bool live_together(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;

	for (; f->lived_dies < f->nr_dies; f->lived_dies++) {
		m->work++;
		if (!live_on(m, &f->die[f->lived_dies], f->lived_dies, f->living_ns, true))
			return false;
	}
	f->lived_dies = 0;
	f->lived_ns = f->living_ns;
	return true;
}

bool weir_flash_catch_up(struct weir_media *m, u64 until_ns)
{
	struct weir_flash *f = &m->flash;

	while (until_ns >= f->lived_ns + f->lag_ns) {
		if (!f->lived_dies)
			f->living_ns = until_ns;
		if (!live_together(m))
			return false;
	}
	return true;
}

bool weir_flash_settle(struct weir_media *m, u64 until_ns)
{
	struct weir_flash *f = &m->flash;

	/* They may be on the way to an earlier time. */
	while (f->lived_ns < until_ns) {
		if (!f->lived_dies)
			f->living_ns = m->now_ns;
		if (!live_together(m))
			return false;
	}
	return true;
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

/* The program under way stands still, @from_ns to @until_ns; maybe it does so already. */
static void stand_still(struct weir_die *die, u64 from_ns, u64 until_ns)
{
	if (until_ns <= die->still_ns)
		return;
	die->program_end_ns = min(die->program_end_ns + until_ns - max(from_ns, die->still_ns),
				  WEIR_LAST_NS);
	die->still_ns = until_ns;
}

/*
 * When a read can begin on a die that programs, and ends before that does on its plane
 * all that it has been given. @ns: of the read; @plane_end_ns: see there
 */
static u64 pass_program(struct weir_flash *f, struct weir_die *die, u64 plane_end_ns,
			u64 at_ns, u64 ns)
{
	u64 start = at_ns;

	if (!f->suspend_ns || die->passed >= READS_AHEAD)
		return max(die->program_end_ns, plane_end_ns);
	if (plane_end_ns > at_ns) {
		start = plane_end_ns;
		stand_still(die, start, start + ns);
	} else if (die->still_ns > at_ns) {
		stand_still(die, start, start + ns);
	} else if (die->program_end_ns - at_ns > f->suspend_ns) {
		start = at_ns + f->suspend_ns;
		stand_still(die, at_ns, start + ns);
		f->suspends++;
	} else {
		return die->program_end_ns;
	}
	die->passed++;
	return start;
}

/*
 * A read, or a write to its place: on plane number @p at once.
 * Return: when it begins; of the wait, *gc_ns is due to garbage collection.
 */
static u64 plane_serve(struct weir_media *m, u32 p, u64 at_ns, u64 ns, u64 *gc_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d = die_of_plane(f, p);
	struct weir_die *die = &f->die[d];
	u64 *plane_end_ns = &f->plane_end_ns[p];
	u64 start = max(at_ns, *plane_end_ns);
	bool behind = die->programming;

	if (!die->programming && die->backlog && die->passed >= READS_AHEAD) {
		/* It waits for reads only, and now for no further one. */
		begin_program(m, die, d, max(at_ns, die->read_end_ns));
		behind = true;
	}
	if (die->programming && *plane_end_ns < die->program_end_ns) {
		u64 suspends = f->suspends;

		start = pass_program(f, die, *plane_end_ns, at_ns, ns);
		/* Where the program stands still already, it waits for reads. */
		behind = start >= die->program_end_ns || f->suspends != suspends;
	} else if (!die->programming && die->backlog) {
		die->passed++;
	}
	*gc_ns = behind && die->collecting ? min(start, die->program_end_ns) - at_ns : 0;
	*plane_end_ns = min(start + ns, WEIR_LAST_NS);
	die->read_end_ns = max(die->read_end_ns, *plane_end_ns);
	die->busy_ns += ns;
	return start;
}

static u32 plane_of(const struct weir_flash *f, u64 place)
{
	u64 stripe = place >> f->stripe_shift;
	u32 plane;

	if (!(f->nr_planes & (f->nr_planes - 1)))
		return stripe & (f->nr_planes - 1);
	div_u64_rem(stripe, f->nr_planes, &plane);
	return plane;
}

/* Is what was written last to a sector's unit still in the write cache? */
static bool in_cache(struct weir_media *m, u64 sector, u64 at_ns)
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
	live(m, &f->die[d], d, at_ns);
	m->work++;
	return f->die[d].programmed <= ordinal;
}

/*
 * Which planes hold how much of it? What is longer than MAX_PIECES pieces is spread
 * evenly from there on.
 * Return: how many planes are in touched[].
 */
static u32 cut(struct weir_media *m, const struct weir_media_cmd *c, u64 at_ns)
{
	u64 sector = c->sector, sectors = c->sectors;
	bool hits = m->flash.written && c->op == WEIR_MEDIA_READ;
	struct weir_flash *f = &m->flash;
	u64 end = sector + sectors, step = 1ULL << f->stripe_shift;
	u32 nr = 0, pieces, p, each;

	if (f->collects)
		step = min(step, 1ULL << f->ftl.unit_shift);
	for (pieces = 0; sector < end && pieces < MAX_PIECES; pieces++) {
		u64 next = min((sector | (step - 1)) + 1, end);

		if (hits && in_cache(m, sector, at_ns)) {
			sector = next;
			continue;
		}
		p = plane_of(f, f->collects ? weir_ftl_place(&f->ftl, sector) : sector);
		if (!f->piece[p])
			f->touched[nr++] = p;
		f->piece[p] += next - sector;
		sector = next;
	}
	m->work += pieces / 2;
	if (sector == end)
		return nr;
	m->work += f->nr_planes / 8;
	each = div_u64(end - sector + f->nr_planes - 1, f->nr_planes);
	for (p = 0; p < f->nr_planes; p++) {
		if (!f->piece[p])
			f->touched[nr++] = p;
		f->piece[p] += each;
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

/* So much is one plane of a command, of the work of a step. */
#define SERVE_WORK 4

/* A read, or a write to its place, on one plane. The slowest's waits are the command's. */
static void serve_on(struct weir_media *m, u32 p)
{
	struct weir_flash *f = &m->flash;
	struct weir_serve *s = &f->serve;
	u32 d = die_of_plane(f, p);
	struct weir_die *die = &f->die[d];
	struct weir_line *channel = &f->channel[die->channel];
	bool write = s->cmd->op != WEIR_MEDIA_READ, moves = s->cmd->op != WEIR_MEDIA_ZEROES;
	enum weir_media_op op = write ? WEIR_MEDIA_WRITE : WEIR_MEDIA_READ;
	u64 page_ns = write ? m->model.program_ns : m->model.read_ns;
	u64 transfer = moves ? weir_rate_ns(m, f->channel_rate, f->piece[p]) : 0;
	u64 pages = ((u64)f->piece[p] + (1U << f->page_shift) - 1) >> f->page_shift;
	u64 ready = s->at_ns, wait = 0, start, gc, ns, end;

	f->piece[p] = 0;
	if (write) {
		start = weir_line_take(channel, ready, transfer, m->now_ns);
		wait = start - ready;
		ready = start + transfer;
	}
	live(m, die, d, ready);
	ns = pages_ns(pages, weir_media_draw(m, &die->random, op, page_ns));
	start = plane_serve(m, p, ready, ns, &gc);
	end = start + ns;
	if (!write) {
		u64 data = weir_line_take(channel, end, transfer, m->now_ns);

		wait = data - end;
		end = data + transfer;
	}
	if (end <= s->done_ns)
		return;
	s->done_ns = end;
	s->gc_ns = gc;
	s->die_ns = start - ready - gc;
	s->channel_ns = wait;
}

/* Some of the planes of the command at hand; when it has all, it is decided. */
static void serve_some(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	struct weir_serve *s = &f->serve;
	struct weir_media_cmd *c = s->cmd;

	for (; s->next < s->nr; s->next++) {
		u32 p = f->touched[s->next], d = die_of_plane(f, p);

		if (!live_on(m, &f->die[d], d, s->at_ns, true))
			return;
		m->work += SERVE_WORK;
		serve_on(m, p);
	}
	s->cmd = NULL;
	c->part_ns[WEIR_PART_DIE] += s->die_ns;
	c->part_ns[WEIR_PART_GC] += s->gc_ns;
	c->part_ns[WEIR_PART_CHANNEL] += s->channel_ns;
	if (c->op == WEIR_MEDIA_READ)
		s->done_ns = weir_media_bus(m, c, s->done_ns);
	weir_media_decide(m, c, s->done_ns);
}

/* A read, or a write to its place. Until all of it is served the next event is that. */
static void serve(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	f->serve = (struct weir_serve){
		.cmd = c, .at_ns = at_ns, .done_ns = max(at_ns, c->done_ns),
		.nr = cut(m, c, at_ns),
	};
	if (!f->serve.nr)	/* all of it is in the cache */
		f->serve.done_ns += m->cached_ns;
	serve_some(m);
}

/* A piece of the mapping is read for @c. Return: when it is there. */
static u64 map_read(struct weir_media *m, struct weir_media_cmd *c, u32 segment, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 p = segment % f->nr_planes, d = die_of_plane(f, p);
	struct weir_die *die = &f->die[d];
	u64 transfer = weir_rate_ns(m, f->channel_rate, MAP_SECTORS), start, gc, ns, data;

	m->work += SERVE_WORK;
	live(m, die, d, at_ns);
	ns = weir_media_draw(m, &die->random, WEIR_MEDIA_READ, m->model.read_ns);
	start = plane_serve(m, p, at_ns, ns, &gc);
	data = weir_line_take(&f->channel[die->channel], start + ns, transfer, m->now_ns);
	if (c->op == WEIR_MEDIA_READ) {
		c->part_ns[WEIR_PART_GC] += gc;
		c->part_ns[WEIR_PART_DIE] += start - at_ns - gc;
		c->part_ns[WEIR_PART_CHANNEL] += data - start - ns;
	}
	return data + transfer;
}

/*
 * The controller needs the mapping of the first and the last sector of a command; what
 * goes on between them it has read ahead. What it drops and has changed is written.
 * Return: when it has both; at_ns if it had them.
 */
static u64 map_command(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u64 end = c->sector + max(c->sectors, 1ULL) - 1, there = at_ns;
	bool changes = c->op != WEIR_MEDIA_READ;
	u32 first = weir_map_segment(&f->map, c->sector), last = weir_map_segment(&f->map, end);
	u32 found;

	for (;; first = last) {
		found = weir_map_touch(&f->map, first, changes);
		if (found & WEIR_MAP_MISSED)
			there = max(there, map_read(m, c, first, at_ns));
		if (found & WEIR_MAP_DROPPED)
			f->map_sectors += MAP_SECTORS;
		if (first == last)
			return there;
	}
}

/* A read goes to its planes, or waits for its part of the mapping. */
static void log_read(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	u64 there = m->flash.maps ? map_command(m, c, at_ns) : at_ns;

	if (there == at_ns) {
		serve(m, c, at_ns);
		return;
	}
	c->done_ns = there;
	weir_fifo_insert(&m->flash.mapping, c);
}

/* The program whose turn it is goes to its die. */
static void program_push(struct weir_media *m, u8 flags, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d = f->open_die;
	struct weir_die *die = &f->die[d];

	live(m, die, d, at_ns);
	die->cached += flags & PROGRAM_ONE_BIT ? f->one_bit_pages : f->program_pages;
	if (flags & PROGRAM_ONE_BIT)
		die->one_bit += f->one_bit_pages;
	if (!die->backlog++)
		die->ready_ns = at_ns;
	if (f->collects && f->ftl.recycled && f->open_block_program == die->erase_program)
		flags |= PROGRAM_ERASES;
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
	program_push(m, f->open_one_bit ? PROGRAM_ONE_BIT : 0, at_ns);
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

		if (!live_on(m, die, f->open_die, at_ns, true))
			return leave_off(f, MORE_TO_ABSORB, at_ns);
		if (!has_room(f, die))
			return false;
		if (!f->owed)
			break;
		m->work += 2;
		f->owed--;
		f->debt -= f->program_pages;
		program_push(m, PROGRAM_COLLECTS, at_ns);
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

/* Return: false if some of it, f->left, found no room, or is left for later. */
static bool absorb(struct weir_media *m, const struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	while (f->left) {
		u64 sector = c->sector + c->sectors - f->left;
		u32 part;

		if (!live_on(m, &f->die[f->open_die], f->open_die, at_ns, true))
			return leave_off(f, MORE_TO_ABSORB, at_ns);
		if (!f->open_sectors && !program_open(m, at_ns))
			return false;
		m->work += 4;
		part = min_t(u64, f->left, f->open_sectors);
		if (f->collects) {
			u64 copied = weir_ftl_write(&f->ftl, sector, part);

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

		if (!live_on(m, die, f->frontier_die, at_ns, true))
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

static void log_write(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	if (c->op == WEIR_MEDIA_WRITE)
		c->done_ns = weir_media_bus(m, c, at_ns);
	/* Nobody waits for that but who comes to these dies. */
	if (f->maps)
		map_command(m, c, at_ns);
	if (!f->stalled.first) {
		f->left = c->sectors;
		if (absorb(m, c, at_ns)) {
			absorbed(m, c, at_ns);
			return;
		}
	}
	weir_fifo_push(&f->stalled, c);
}

/* Some of the first discard's units go out of the mapping. */
static void discard_some(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	struct weir_media_cmd *c = f->discarding.first;
	u64 end = c->sector + c->sectors, next;

	while (c->wait_for < end && !weir_media_tired(m)) {
		next = min((c->wait_for | ((1ULL << f->ftl.unit_shift) - 1)) + 1, end);
		weir_ftl_discard(&f->ftl, c->wait_for, next - c->wait_for);
		c->wait_for = next;
		m->work++;
	}
	if (c->wait_for < end)
		return;
	weir_fifo_pop(&f->discarding);
	weir_media_decide(m, c, c->done_ns);
}

static void discard(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	c->done_ns = weir_media_serial_ns(m, c, at_ns, c->sectors);
	if (!f->collects) {
		weir_media_decide(m, c, c->done_ns);
		return;
	}
	/* The next event is it; nothing else happens before. */
	c->wait_for = c->sector;
	weir_fifo_push(&f->discarding, c);
}

void weir_flash_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	switch (c->op) {
	case WEIR_MEDIA_READ:
		log_read(m, c, at_ns);
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
	case WEIR_MEDIA_ZEROES:
		c->done_ns = weir_media_serial_ns(m, c, at_ns, c->sectors);
		if (f->log)
			log_write(m, c, at_ns);
		else
			serve(m, c, at_ns);
		break;
	default:
		discard(m, c, at_ns);
	}
}

u64 weir_flash_next_ns(const struct weir_media *m)
{
	const struct weir_flash *f = &m->flash;
	u64 next = WEIR_NEVER;

	if (f->more || f->discarding.first || f->serve.cmd)
		return m->now_ns;
	if (f->stalled.first) {
		const struct weir_die *die = &f->die[f->open_die];

		next = die_next_ns(die, die->programmed + !has_room(f, die));
	}
	if (f->mapping.first)
		next = min(next, f->mapping.first->done_ns);
	if (f->flushing.first)
		next = min(next, die_next_ns(&f->die[f->frontier_die],
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

void weir_flash_event(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	u8 more = f->more;
	u64 at_ns = more ? max(m->now_ns, f->more_ns) : m->now_ns;

	if (f->serve.cmd || f->discarding.first) {
		if (f->serve.cmd)
			serve_some(m);
		else
			discard_some(m);
		return;
	}
	if (!more && f->mapping.first && f->mapping.first->done_ns <= at_ns) {
		serve(m, weir_fifo_pop(&f->mapping), at_ns);
		return;
	}
	f->more = 0;
	if (!more || more & MORE_TO_ABSORB)
		absorb_stalled(m, at_ns);
	/* What has left off there has to be done first. */
	if (f->more & MORE_TO_ABSORB)
		f->more |= more & MORE_FRONTIER;
	else if (!more || (more | f->more) & MORE_FRONTIER)
		end_durable(m, at_ns);
}

/* The dies that have been worked out keep what they were given. */
static void cancel_serve(struct weir_flash *f)
{
	struct weir_serve *s = &f->serve;

	for (; s->next < s->nr; s->next++)
		f->piece[f->touched[s->next]] = 0;
	s->cmd = NULL;
}

bool weir_flash_cancel(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_flash *f = &m->flash;
	bool first = f->stalled.first == c;

	if (f->serve.cmd == c) {
		cancel_serve(f);
		return true;
	}
	if (weir_fifo_remove(&f->stalled, c)) {
		if (first && f->stalled.first)
			f->left = f->stalled.first->sectors;
		return true;
	}
	return weir_fifo_remove(&f->flushing, c) || weir_fifo_remove(&f->mapping, c) ||
	       weir_fifo_remove(&f->discarding, c);
}

void weir_flash_retune(struct weir_media *m)
{
	const struct weir_model *model = &m->model;
	struct weir_flash *f = &m->flash;

	f->erase_ns = weir_scaled(m, model->erase_ns);
	f->suspend_ns = weir_scaled(m, model->suspend_ns);
	f->lag_ns = weir_scaled(m, model->program_ns);
	/* The planes read at the same time. */
	f->copy_read_ns = pages_ns((f->program_pages + model->planes - 1) / (u32)model->planes,
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
			f->written[i] = ~0U;
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

void weir_flash_stats(struct weir_media *m, struct weir_media_stats *s)
{
	struct weir_flash *f = &m->flash;
	u32 d;

	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];

		live(m, die, d, m->now_ns);
		s->programmed_units += die->pages;
		s->cache_units += die->cached;
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
