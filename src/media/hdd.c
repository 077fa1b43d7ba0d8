// SPDX-License-Identifier: GPL-2.0
/*
 * A hard disk: what its one arm (arm.c) does next.
 *
 * - Reads, and writes that must reach the platters, wait in the disk's own queue
 *   (as many as it has slots). Whenever the arm is free it picks the nearest of the
 *   oldest ones.
 * - Other writes cross the bus and are done when the cache has taken them. What
 *   continues the run that was written last is added to it, up to 2 MiB. Runs are
 *   written to the platters once no command has needed the arm for idle_ns; or at
 *   once, among the reads, while somebody waits for that: a write for room (in
 *   sectors, or among WEIR_HDD_DIRTY runs), or a flush.
 * - A write larger than the cache goes past it.
 * - With plp=1 flush and FUA wait for nothing.
 * - Write-zeroes are written by the arm, past the cache, with nothing crossing the bus.
 *
 * Left out: reads do not look into the write cache; a discard takes the controller's
 * time and not the arm's.
 */
#include <linux/kernel.h>

#include "medium.h"

#define MAX_RUN 4096	/* sectors: about a track, so that a read waits no longer */
#define SECTORS_PER_MIB 2048

#define ACCESS_WORK 10	/* of a step's: to compute an access time */
#define LOOKS_SHIFT 4	/* to look at 2^4 commands is 1 */

static bool pressed(const struct weir_hdd *h)
{
	return h->stalled.first || h->flushing.first;
}

u64 weir_hdd_next_ns(const struct weir_media *m, bool needed)
{
	const struct weir_hdd *h = &m->hdd;

	if (h->wait.first || pressed(h))
		return h->arm_free_ns;
	if (needed || !h->nr_dirty)
		return WEIR_NEVER;
	return max(h->arm_free_ns, h->idle_from_ns + h->idle_ns);
}

/* Return: false if there is no room. */
static bool absorb(struct weir_media *m, const struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_hdd *h = &m->hdd;
	struct weir_hdd_run *last = &h->dirty[h->nr_dirty ? h->nr_dirty - 1 : 0];

	if (h->dirty_sectors + c->sectors > h->cache_sectors)
		return false;
	if (h->nr_dirty && last->number != h->writing &&
	    last->sector + last->sectors == c->sector &&
	    last->sectors + c->sectors <= MAX_RUN) {
		last->sectors += c->sectors;
	} else if (h->nr_dirty < WEIR_HDD_DIRTY) {
		h->dirty[h->nr_dirty++] = (struct weir_hdd_run){
			.sector = c->sector, .sectors = c->sectors,
			.since_ns = at_ns, .number = ++h->runs,
		};
	} else {
		return false;
	}
	h->dirty_sectors += c->sectors;
	return true;
}

/* Until now done_ns was when it had crossed the bus. */
static void absorbed(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	u64 there = max(at_ns, c->done_ns);

	c->part_ns[WEIR_PART_CACHE] += there - c->done_ns;
	weir_media_decide(m, c, there + m->cached_ns);
}

/* The run that was under way is on the platters. */
static void written(struct weir_hdd *h)
{
	u32 i = 0;

	while (h->dirty[i].number != h->writing)
		i++;
	h->dirty_sectors -= h->dirty[i].sectors;
	h->nr_dirty--;
	for (; i < h->nr_dirty; i++)
		h->dirty[i] = h->dirty[i + 1];
	h->writing = 0;
}

/*
 * Who waited for the cache to be written out? Runs are in order of their numbers.
 * Return: false if some are left for the next event, which is at the same time.
 */
static bool let_go(struct weir_media *m)
{
	struct weir_hdd *h = &m->hdd;
	struct weir_media_cmd *c;

	while ((c = h->stalled.first)) {
		if (weir_media_tired(m))
			return false;
		if (!absorb(m, c, m->now_ns))
			break;
		weir_fifo_pop(&h->stalled);
		absorbed(m, c, m->now_ns);
	}
	while ((c = h->flushing.first) &&
	       (!h->nr_dirty || h->dirty[0].number > c->wait_for)) {
		u64 from = max(m->now_ns, c->done_ns);

		if (weir_media_tired(m))
			return false;
		weir_fifo_pop(&h->flushing);
		c->part_ns[WEIR_PART_DIE] += from - c->done_ns;
		weir_media_decide(m, c, from + weir_media_fixed_ns(m, WEIR_MEDIA_FLUSH, 0));
	}
	return true;
}

/* Return: when the arm is done. */
static u64 move_arm(struct weir_media *m, const struct weir_arm_io *io)
{
	struct weir_hdd *h = &m->hdd;
	enum weir_media_op op = io->write ? WEIR_MEDIA_WRITE : WEIR_MEDIA_READ;
	u64 access = weir_arm_access_ns(&h->arm, io, m->now_ns);

	/* The arm's times have the speed in them. */
	if (m->model.dist[op].kind)
		access = weir_dist_draw(&m->times[op], min(access, 1ULL << 40),
					weir_random_next(&m->random));
	h->arm_free_ns = weir_arm_serve(&h->arm, io, access, m->now_ns);
	h->busy_ns += h->arm_free_ns - m->now_ns;
	h->arm_writes += io->write;
	return h->arm_free_ns;
}

static void serve(struct weir_media *m, struct weir_media_cmd *c,
		  const struct weir_arm_io *io)
{
	struct weir_hdd *h = &m->hdd;
	u64 from = max(c->done_ns, io->since_ns), done;

	weir_fifo_remove(&h->wait, c);
	c->part_ns[WEIR_PART_DIE] += m->now_ns - from;
	done = move_arm(m, io);
	h->idle_from_ns = done;
	if (c->op == WEIR_MEDIA_READ)
		done = weir_media_bus(m, c, done);
	weir_media_decide(m, c, done);
}

static struct weir_arm_io io_of(const struct weir_media_cmd *c)
{
	return (struct weir_arm_io){
		.sector = c->sector, .sectors = c->sectors,
		.since_ns = c->done_ns, .write = c->op != WEIR_MEDIA_READ,
	};
}

/* The arm is free: the nearest of the oldest commands, and of the oldest runs. */
static void pick(struct weir_media *m)
{
	struct weir_hdd *h = &m->hdd;
	struct weir_arm_io *io = h->candidate;
	struct weir_media_cmd **cmd = h->candidate_cmd, *c;
	u32 nr = 0, nr_cmds, room = WEIR_ARM_MAX_PICK, looks = 0, i;
	bool runs = h->nr_dirty && (pressed(h) || !h->wait.first);

	if (runs && h->wait.first)
		room /= 2;
	for (c = h->wait.first; c && nr < room; c = c->next, looks++) {
		/* A write that is still on the bus, unless there is nothing else. */
		if (c->done_ns > m->now_ns)
			continue;
		cmd[nr] = c;
		io[nr++] = io_of(c);
	}
	nr_cmds = nr;
	for (i = 0; runs && i < h->nr_dirty && nr < WEIR_ARM_MAX_PICK; i++)
		io[nr++] = (struct weir_arm_io){
			.sector = h->dirty[i].sector, .sectors = h->dirty[i].sectors,
			.since_ns = h->dirty[i].since_ns, .write = true,
		};
	m->work += (looks >> LOOKS_SHIFT) + nr * ACCESS_WORK;
	if (!nr) {
		u64 soonest = WEIR_NEVER;

		for (c = h->wait.first; c; c = c->next)
			soonest = min(soonest, c->done_ns);
		h->arm_free_ns = soonest;
		return;
	}
	i = weir_arm_pick(&h->arm, io, nr, m->now_ns);
	if (i < nr_cmds) {
		serve(m, cmd[i], &io[i]);
	} else {
		h->writing = h->dirty[i - nr_cmds].number;
		move_arm(m, &io[i]);
	}
}

void weir_hdd_event(struct weir_media *m)
{
	struct weir_hdd *h = &m->hdd;

	if (h->writing)
		written(h);
	if (!let_go(m))
		return;
	if (h->wait.first || h->nr_dirty)
		pick(m);
}

/* To the arm's queue; done_ns: from when on the arm can serve it. */
static void queue(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_hdd *h = &m->hdd;

	h->arm_free_ns = max(h->arm_free_ns, m->now_ns);
	weir_fifo_push(&h->wait, c);
}

void weir_hdd_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	struct weir_hdd *h = &m->hdd;

	c->done_ns = at_ns;
	switch (c->op) {
	case WEIR_MEDIA_READ:
		queue(m, c);
		break;
	case WEIR_MEDIA_WRITE:
		h->writes++;
		c->done_ns = weir_media_bus(m, c, at_ns);
		if (c->sectors > h->cache_sectors || (c->fua && !m->model.plp)) {
			queue(m, c);
		} else if (!h->stalled.first && absorb(m, c, at_ns)) {
			absorbed(m, c, at_ns);
		} else {
			weir_fifo_push(&h->stalled, c);
			h->arm_free_ns = max(h->arm_free_ns, m->now_ns);
		}
		break;
	case WEIR_MEDIA_FLUSH:
		if (m->model.plp || !h->nr_dirty) {
			weir_media_decide(m, c, at_ns +
					  weir_media_fixed_ns(m, WEIR_MEDIA_FLUSH, 0));
			break;
		}
		c->wait_for = h->runs;
		weir_fifo_push(&h->flushing, c);
		h->arm_free_ns = max(h->arm_free_ns, m->now_ns);
		break;
	case WEIR_MEDIA_ZEROES:
		h->writes++;
		c->done_ns = weir_media_serial_ns(m, c, at_ns, 0);
		queue(m, c);
		break;
	default:
		weir_media_decide(m, c, weir_media_serial_ns(m, c, at_ns, c->sectors));
	}
}

bool weir_hdd_cancel(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_hdd *h = &m->hdd;

	return weir_fifo_remove(&h->wait, c) || weir_fifo_remove(&h->stalled, c) ||
	       weir_fifo_remove(&h->flushing, c);
}

static void tune(struct weir_media *m)
{
	m->hdd.cache_sectors = (u64)m->model.cache_mib * SECTORS_PER_MIB;
	m->hdd.idle_ns = weir_scaled(m, m->model.idle_ns);
}

void weir_hdd_retune(struct weir_media *m)
{
	weir_arm_retune(&m->hdd.arm, &m->model);
	tune(m);
}

void weir_hdd_init(struct weir_media *m, u64 capacity)
{
	weir_arm_init(&m->hdd.arm, &m->model, capacity);
	tune(m);
}
