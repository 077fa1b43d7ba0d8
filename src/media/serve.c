// SPDX-License-Identifier: GPL-2.0
/*
 * What a command does on the planes: its pieces, and reads of the mapping.
 *
 * - A read is cut where its data lies on another plane of another die. When a plane has
 *   read its pages (die.c) the data crosses the die's channel and, when all of it is
 *   there, the bus. A plane can read on while its data waits for the channel (it has a
 *   register for that).
 * - With cache_hits, a read of a unit of the mapping whose latest write is in the cache,
 *   or under way from there, takes cached_ns and no die.
 * - A write to its place is cut likewise: the data crosses the channel, and the plane
 *   programs it page by page. Write-zeroes there move no data.
 * - With map_permille, the controller holds only a part of the mapping (map.c): what a
 *   command needs and the controller does not hold is read from a plane. What is dropped
 *   and has changed is written like garbage collection's (log.c).
 *
 * A command's planes may be worked out in pieces, at the same time of the model.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "die.h"
#include "log.h"
#include "medium.h"

#define MAX_PIECES 256
#define MAP_SECTORS 8 /* of the mapping, read or written at once */

static u32 plane_of(const struct weir_flash *f, u64 place)
{
	u64 stripe = place >> f->stripe_shift;
	u32 plane;

	if (!(f->nr_planes & (f->nr_planes - 1)))
		return stripe & (f->nr_planes - 1);
	div_u64_rem(stripe, f->nr_planes, &plane);
	return plane;
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

		if (hits && weir_log_holds(m, sector, at_ns)) {
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

/* So much is one plane of a command, of the work of a step. */
#define SERVE_WORK 4

/* A read, or a write to its place, on one plane. The slowest's waits are the command's. */
static void serve_on(struct weir_media *m, u32 p)
{
	struct weir_flash *f = &m->flash;
	struct weir_serve *s = &f->serve;
	u32 d = weir_die_of_plane(f, p);
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
	weir_die_live(m, d, ready);
	ns = weir_die_pages_ns(pages, weir_media_draw(m, &die->random, op, page_ns));
	start = weir_die_serve(m, p, ready, ns, &gc);
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

void weir_serve_some(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	struct weir_serve *s = &f->serve;
	struct weir_media_cmd *c = s->cmd;

	for (; s->next < s->nr; s->next++) {
		u32 p = f->touched[s->next], d = weir_die_of_plane(f, p);

		if (!weir_die_live_some(m, d, s->at_ns))
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

void weir_serve_begin(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_flash *f = &m->flash;

	f->serve = (struct weir_serve){
		.cmd = c, .at_ns = at_ns, .done_ns = max(at_ns, c->done_ns),
		.nr = cut(m, c, at_ns),
	};
	if (!f->serve.nr)	/* all of it is in the cache */
		f->serve.done_ns += m->cached_ns;
	weir_serve_some(m);
}

/* A piece of the mapping is read for @c. Return: when it is there. */
static u64 map_read(struct weir_media *m, struct weir_media_cmd *c, u32 segment, u64 at_ns)
{
	struct weir_flash *f = &m->flash;
	u32 p = segment % f->nr_planes, d = weir_die_of_plane(f, p);
	struct weir_die *die = &f->die[d];
	u64 transfer = weir_rate_ns(m, f->channel_rate, MAP_SECTORS), start, gc, ns, data;

	m->work += SERVE_WORK;
	weir_die_live(m, d, at_ns);
	ns = weir_media_draw(m, &die->random, WEIR_MEDIA_READ, m->model.read_ns);
	start = weir_die_serve(m, p, at_ns, ns, &gc);
	data = weir_line_take(&f->channel[die->channel], start + ns, transfer, m->now_ns);
	if (c->op == WEIR_MEDIA_READ) {
		c->part_ns[WEIR_PART_GC] += gc;
		c->part_ns[WEIR_PART_DIE] += start - at_ns - gc;
		c->part_ns[WEIR_PART_CHANNEL] += data - start - ns;
	}
	return data + transfer;
}

u64 weir_serve_mapping(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
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

void weir_serve_cancel(struct weir_flash *f)
{
	struct weir_serve *s = &f->serve;

	for (; s->next < s->nr; s->next++)
		f->piece[f->touched[s->next]] = 0;
	s->cmd = NULL;
}
