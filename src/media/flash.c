// SPDX-License-Identifier: GPL-2.0
/*
 * Flash: which way a command goes, and what is next.
 *
 * - A read goes to the planes of its data (serve.c); if the controller has to read the
 *   mapping for that (map_permille), when this is there.
 * - A write crosses the bus and goes into the write cache, which programs it in the
 *   background (log.c). What it needs of the mapping is read too, and it does not wait
 *   for that.
 * - Without a cache and with op_permille=0, a write goes to the plane of its place.
 * - Write-zeroes are writes that do not cross the bus: they go through the log, or to the
 *   planes of their places. A discard goes through the mapping (ftl.c).
 *
 * What takes long by a command's length (pages into the cache, units out of the mapping)
 * is done in pieces: weir_media_step() may return between them, and goes on at the same
 * time of the model.
 */
#include <linux/kernel.h>

#include "die.h"
#include "log.h"
#include "medium.h"

/* A read goes to its planes, or waits for its part of the mapping. */
static void flash_read(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	u64 there = m->flash.maps ? weir_serve_mapping(m, c, at_ns) : at_ns;

	if (there == at_ns) {
		weir_serve_begin(m, c, at_ns);
		return;
	}
	c->done_ns = there;
	weir_fifo_insert(&m->flash.mapping, c);
}

static void flash_write(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	if (c->op == WEIR_MEDIA_WRITE)
		c->done_ns = weir_media_bus(m, c, at_ns);
	/* Nobody waits for that but who comes to these dies. */
	if (m->flash.maps)
		weir_serve_mapping(m, c, at_ns);
	weir_log_write(m, c, at_ns);
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
		weir_log_discarded(f, c->wait_for, next - c->wait_for);
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
		flash_read(m, c, at_ns);
		break;
	case WEIR_MEDIA_WRITE:
		if (f->log)
			flash_write(m, c, at_ns);
		else
			weir_serve_begin(m, c, weir_media_bus(m, c, at_ns));
		break;
	case WEIR_MEDIA_FLUSH:
		weir_log_flush(m, c, at_ns);
		break;
	case WEIR_MEDIA_ZEROES:
		c->done_ns = weir_media_serial_ns(m, c, at_ns, c->sectors);
		if (f->log)
			flash_write(m, c, at_ns);
		else
			weir_serve_begin(m, c, at_ns);
		break;
	default:
		discard(m, c, at_ns);
	}
}

u64 weir_flash_next_ns(const struct weir_media *m)
{
	const struct weir_flash *f = &m->flash;
	u64 next;

	if (f->more || f->discarding.first || f->serve.cmd)
		return m->now_ns;
	next = weir_log_next_ns(m);
	if (f->mapping.first)
		next = min(next, f->mapping.first->done_ns);
	return next;
}

void weir_flash_event(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;

	if (f->serve.cmd || f->discarding.first) {
		if (f->serve.cmd)
			weir_serve_some(m);
		else
			discard_some(m);
		return;
	}
	if (!f->more && f->mapping.first && f->mapping.first->done_ns <= m->now_ns) {
		weir_serve_begin(m, weir_fifo_pop(&f->mapping), m->now_ns);
		return;
	}
	weir_log_event(m);
}

bool weir_flash_cancel(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_flash *f = &m->flash;

	if (f->serve.cmd == c) {
		weir_serve_cancel(f);
		return true;
	}
	return weir_log_cancel(m, c) || weir_fifo_remove(&f->mapping, c) ||
	       weir_fifo_remove(&f->discarding, c);
}

void weir_flash_stats(struct weir_media *m, struct weir_media_stats *s)
{
	struct weir_flash *f = &m->flash;
	u32 d;

	for (d = 0; d < f->nr_dies; d++) {
		struct weir_die *die = &f->die[d];

		weir_die_live(m, d, m->now_ns);
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
