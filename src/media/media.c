// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and time: submission queues, the controller that fetches from them, the
 * order of events, and what all media have in common.
 *
 * - A command enters its submission queue. Queues that hold something stand in a
 *   circle; the controller takes commands from the first, which after a burst of
 *   them goes to the end (round robin, as NVMe's default arbitration).
 * - The controller fetches when it has a free slot of its slots, and not before
 *   command_ns have passed since the last fetch.
 * - A slot is free again at the very time at which its command is done.
 *
 * Events happen in the order of their times, whenever somebody looks:
 * weir_media_submit() first does all that was due before it. So the outcome depends
 * on what is submitted and when, and not on how often the model is called.
 *
 * With single_queue the bus carries one direction at a time, as SATA's does, else
 * both, as PCI Express does.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/string.h>

#include "medium.h"

#define RATE_SHIFT 16
#define MAX_SECTORS BIT_ULL(28)	/* so that no product overflows */
#define MAX_AHEAD_NS BIT_ULL(60)
#define MAX_MEAN_NS BIT_ULL(47)		/* weir_dist_draw() takes what is below 2^48 */
#define DISCARD_UNITS 4096
#define MIB_SHIFT 11			/* in sectors */

/* The pos of a command: where it is. */
enum { OUTSIDE, QUEUED, INSIDE, DECIDED };

void weir_fifo_push(struct weir_fifo *f, struct weir_media_cmd *c)
{
	c->next = NULL;
	if (f->first)
		f->last->next = c;
	else
		f->first = c;
	f->last = c;
}

struct weir_media_cmd *weir_fifo_pop(struct weir_fifo *f)
{
	struct weir_media_cmd *c = f->first;

	if (c)
		f->first = c->next;
	return c;
}

bool weir_fifo_remove(struct weir_fifo *f, struct weir_media_cmd *c)
{
	struct weir_media_cmd *p, *prev = NULL;

	for (p = f->first; p; prev = p, p = p->next) {
		if (p != c)
			continue;
		if (prev)
			prev->next = c->next;
		else
			f->first = c->next;
		if (f->last == c)
			f->last = prev;
		return true;
	}
	return false;
}

u64 weir_scaled(const struct weir_media *m, u64 ns)
{
	u64 product = min(ns, WEIR_MAX_NS) * (u32)m->model.speed;

	return min(product, WEIR_MAX_NS);
}

u64 weir_media_draw(const struct weir_media *m, struct weir_random *random,
		    enum weir_media_op op, u64 mean_ns)
{
	if (!m->model.dist[op].kind)
		return weir_scaled(m, mean_ns);
	return weir_scaled(m, weir_dist_draw(&m->times[op], mean_ns,
					     weir_random_next(random)));
}

struct weir_rate weir_rate(s64 mbps)
{
	struct weir_rate rate = { 0 };

	if (mbps)
		rate.per_sector = div_u64((512ULL * 1000) << RATE_SHIFT, mbps);
	return rate;
}

u64 weir_rate_ns(const struct weir_media *m, struct weir_rate rate, u64 sectors)
{
	return weir_scaled(m, min(sectors, MAX_SECTORS) * rate.per_sector >> RATE_SHIFT);
}

static void line_remove(struct weir_line *l, u32 at, u32 nr)
{
	l->nr -= nr;
	for (; at < l->nr; at++)
		l->busy[at] = l->busy[at + nr];
}

/* The two with the smallest gap between them become one. */
static void line_join_closest(struct weir_line *l)
{
	u64 least = WEIR_NEVER;
	u32 i, best = 1;

	for (i = 1; i < l->nr; i++) {
		u64 gap = l->busy[i].start - l->busy[i - 1].end;

		if (gap < least) {
			least = gap;
			best = i;
		}
	}
	l->busy[best - 1].end = l->busy[best].end;
	line_remove(l, best, 1);
}

u64 weir_line_take(struct weir_line *l, u64 ready_ns, u64 ns, u64 now_ns)
{
	u64 start = ready_ns;
	u32 i, past = 0;

	if (!ns)
		return ready_ns;
	while (past < l->nr && l->busy[past].end <= now_ns)
		past++;
	if (past)
		line_remove(l, 0, past);

	for (i = 0; i < l->nr && start + ns > l->busy[i].start; i++)
		start = max(start, l->busy[i].end);
	if (i && l->busy[i - 1].end == start) {
		l->busy[i - 1].end += ns;
	} else {
		u32 k;

		for (k = l->nr++; k > i; k--)
			l->busy[k] = l->busy[k - 1];
		l->busy[i].start = start;
		l->busy[i].end = start + ns;
		if (l->nr > WEIR_LINE_MAX)
			line_join_closest(l);
	}
	return start;
}

u64 weir_media_bus(struct weir_media *m, struct weir_media_cmd *c, u64 ready_ns)
{
	struct weir_line *bus = &m->bus[c->op == WEIR_MEDIA_WRITE && !m->model.single_queue];
	u64 ns = weir_rate_ns(m, m->bus_rate, c->sectors);
	u64 start = weir_line_take(bus, ready_ns, ns, m->now_ns);

	c->part_ns[WEIR_PART_CHANNEL] += start - ready_ns;
	return start + ns;
}

static u64 fixed_mean_ns(const struct weir_model *model, enum weir_media_op op,
			 u64 sectors)
{
	sectors = min(sectors, MAX_SECTORS);
	switch (op) {
	case WEIR_MEDIA_FLUSH:
		return model->flush_ns;
	case WEIR_MEDIA_DISCARD:
		return model->discard_ns + (sectors * model->discard_mib_ns >> MIB_SHIFT);
	default:
		return model->zeroes_ns + (sectors * model->zeroes_mib_ns >> MIB_SHIFT);
	}
}

u64 weir_media_fixed_ns(struct weir_media *m, enum weir_media_op op, u64 sectors)
{
	u64 mean = min(fixed_mean_ns(&m->model, op, sectors), MAX_MEAN_NS);

	return weir_media_draw(m, &m->random, op, mean);
}

/* The heap of the times at which slots become free. */

static void done_push(struct weir_media *m, u64 at_ns)
{
	u32 i = m->nr_done++;

	while (i && m->done[(i - 1) / 2] > at_ns) {
		m->done[i] = m->done[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	m->done[i] = at_ns;
}

static void done_pop(struct weir_media *m)
{
	u64 last = m->done[--m->nr_done];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < m->nr_done) {
		if (child + 1 < m->nr_done && m->done[child + 1] < m->done[child])
			child++;
		if (m->done[child] >= last)
			break;
		m->done[i] = m->done[child];
		i = child;
	}
	m->done[i] = last;
}

void weir_media_decide(struct weir_media *m, struct weir_media_cmd *c, u64 done_ns)
{
	u64 last = max(min(m->now_ns + MAX_AHEAD_NS, WEIR_LAST_NS), m->now_ns), left;
	u32 i;

	done_ns = min(done_ns, last);
	left = done_ns - c->submit_ns;
	for (i = 0; i < WEIR_PART_SERVICE; i++) {
		c->part_ns[i] = min(c->part_ns[i], left);
		left -= c->part_ns[i];
	}
	c->done_ns = done_ns;
	c->part_ns[WEIR_PART_SERVICE] = left;
	c->pos = DECIDED;
	m->nr_inside--;
	done_push(m, done_ns);
	weir_fifo_push(&m->decided, c);
}

/* Block storage elsewhere: the caps, then the round trip and what is done there. */
static void network_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	const struct weir_model *model = &m->model;
	bool moves = c->op == WEIR_MEDIA_READ || c->op == WEIR_MEDIA_WRITE;
	u64 bytes = moves ? min(c->sectors, MAX_SECTORS) << 9 : 0;
	u64 begin, mean = model->rtt_ns;

	if (c->op == WEIR_MEDIA_WRITE)
		at_ns = weir_media_bus(m, c, at_ns);
	begin = weir_network_admit(&m->network, bytes, at_ns);
	c->part_ns[WEIR_PART_DIE] = begin - at_ns;
	if (c->op == WEIR_MEDIA_READ)
		mean += model->remote_read_ns;
	else if (c->op == WEIR_MEDIA_WRITE)
		mean += model->remote_write_ns;
	else
		mean += fixed_mean_ns(model, c->op, c->sectors);
	begin += weir_media_draw(m, &m->random, c->op, min(mean, MAX_MEAN_NS));
	if (c->op == WEIR_MEDIA_READ)
		begin = weir_media_bus(m, c, begin);
	weir_media_decide(m, c, begin);
}

static void enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	switch (m->model.kind) {
	case WEIR_KIND_FLASH:
		weir_flash_enter(m, c, at_ns);
		break;
	case WEIR_KIND_DISK:
		weir_hdd_enter(m, c, at_ns);
		break;
	default:
		network_enter(m, c, at_ns);
	}
}

static u64 medium_next_ns(const struct weir_media *m, bool needed)
{
	switch (m->model.kind) {
	case WEIR_KIND_FLASH:
		return weir_flash_next_ns(m);
	case WEIR_KIND_DISK:
		return weir_hdd_next_ns(m, needed);
	default:
		return WEIR_NEVER;
	}
}

static void medium_event(struct weir_media *m)
{
	if (m->model.kind == WEIR_KIND_FLASH)
		weir_flash_event(m);
	else
		weir_hdd_event(m);
}

static void turn_add(struct weir_media *m, struct weir_squeue *q)
{
	q->next = NULL;
	if (m->turn)
		m->turn_last->next = q;
	else
		m->turn = q;
	m->turn_last = q;
}

/* When the next command is fetched; slots that become free later are not seen. */
static u64 fetch_ns(const struct weir_media *m)
{
	if (!m->turn || m->nr_inside + m->nr_done >= m->model.slots)
		return WEIR_NEVER;
	return max(m->controller_ns, m->now_ns);
}

static void fetch(struct weir_media *m)
{
	struct weir_squeue *q = m->turn;
	struct weir_media_cmd *c = weir_fifo_pop(&q->fifo);

	if (!q->fifo.first || ++m->fetched >= m->model.burst) {
		m->fetched = 0;
		m->turn = q->next;
		if (q->fifo.first)
			turn_add(m, q);
	}
	c->part_ns[WEIR_PART_QUEUE] = m->now_ns - c->submit_ns;
	c->pos = INSIDE;
	m->nr_inside++;
	m->controller_ns = m->now_ns + m->command_ns;
	enter(m, c, m->controller_ns);
}

/* All events up to then, in order; at one time slots first, then the medium. */
static void run(struct weir_media *m, u64 until_ns)
{
	until_ns = max(until_ns, m->now_ns);
	for (;;) {
		u64 slot = m->nr_done ? m->done[0] : WEIR_NEVER;
		u64 medium = medium_next_ns(m, false);
		u64 next = min(min(slot, medium), fetch_ns(m));

		if (next == WEIR_NEVER || next > until_ns)
			break;
		m->now_ns = max(m->now_ns, next);
		if (slot == next)
			done_pop(m);
		else if (medium == next)
			medium_event(m);
		else
			fetch(m);
	}
	m->now_ns = until_ns;
}

void weir_media_submit(struct weir_media *m, struct weir_media_cmd *c, u64 now_ns)
{
	struct weir_squeue *q = &m->squeues[m->model.single_queue ? 0 : c->queue];
	u32 i;

	run(m, now_ns);
	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		c->part_ns[i] = 0;
	c->submit_ns = m->now_ns;
	c->done_ns = 0;
	c->waiting = true;
	c->pos = QUEUED;
	if (!q->fifo.first)
		turn_add(m, q);
	weir_fifo_push(&q->fifo, c);
	run(m, m->now_ns);
}

struct weir_media_cmd *weir_media_advance(struct weir_media *m, u64 now_ns)
{
	struct weir_media_cmd *c, *first;

	run(m, now_ns);
	first = m->decided.first;
	m->decided.first = NULL;
	for (c = first; c; c = c->next) {
		c->pos = OUTSIDE;
		c->waiting = false;
	}
	return first;
}

u64 weir_media_next_ns(const struct weir_media *m)
{
	u64 next = min(fetch_ns(m), medium_next_ns(m, true));

	if (m->decided.first)
		return m->now_ns;
	if (m->turn && m->nr_done)
		next = min(next, m->done[0]);
	return max(next, m->now_ns);
}

static bool cancel_queued(struct weir_media *m, struct weir_media_cmd *c)
{
	struct weir_squeue *q = &m->squeues[m->model.single_queue ? 0 : c->queue];
	struct weir_squeue *p, *prev = NULL;

	if (!weir_fifo_remove(&q->fifo, c))
		return false;
	if (q->fifo.first)
		return true;
	for (p = m->turn; p != q; p = p->next)
		prev = p;
	if (prev) {
		prev->next = q->next;
	} else {
		m->fetched = 0;
		m->turn = q->next;
	}
	if (m->turn_last == q)
		m->turn_last = prev;
	return true;
}

bool weir_media_cancel(struct weir_media *m, struct weir_media_cmd *c)
{
	bool found = false;

	if (!c->waiting)
		return false;
	switch (c->pos) {
	case QUEUED:
		found = cancel_queued(m, c);
		break;
	case INSIDE:
		found = m->model.kind == WEIR_KIND_FLASH ? weir_flash_cancel(m, c) :
							   weir_hdd_cancel(m, c);
		if (found)
			m->nr_inside--;
		break;
	case DECIDED:	/* and its slot stays taken */
		found = weir_fifo_remove(&m->decided, c);
		break;
	}
	if (found) {
		c->waiting = false;
		c->pos = OUTSIDE;
	}
	return found;
}

/* A distribution that is new takes 100 us, with the lock held. */
static void tune(struct weir_media *m, const struct weir_model *model)
{
	u32 i;

	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		if (model->dist[i].kind &&
		    memcmp(&m->model.dist[i], &model->dist[i], sizeof(model->dist[i])))
			weir_dist_compile(&model->dist[i], &m->times[i]);
	m->model = *model;
	m->command_ns = weir_scaled(m, model->command_ns);
	m->cached_ns = weir_scaled(m, model->cached_ns);
	m->bus_rate = weir_rate(model->bus_mbps);
}

void weir_media_retune(struct weir_media *m, const struct weir_model *model)
{
	bool reseed = m->model.seed != model->seed;

	tune(m, model);
	if (reseed)
		weir_random_seed(&m->random, model->seed);
	switch (model->kind) {
	case WEIR_KIND_FLASH:
		weir_flash_retune(m);
		if (reseed)
			weir_flash_reseed(m);
		break;
	case WEIR_KIND_DISK:
		weir_hdd_retune(m);
		break;
	default:
		weir_network_retune(&m->network, model);
	}
}

u64 weir_media_discard_sectors(const struct weir_model *model, u64 capacity)
{
	if (model->kind != WEIR_KIND_FLASH || !model->op_permille)
		return ~0ULL;
	return weir_ftl_unit_sectors(model, capacity) * DISCARD_UNITS;
}

#define ALIGNED(bytes) (((bytes) + 63) & ~(size_t)63)

size_t weir_media_bytes(const struct weir_model *model, u64 capacity, u32 nr_queues)
{
	size_t bytes = ALIGNED(sizeof(struct weir_media)) +
		       ALIGNED(nr_queues * sizeof(struct weir_squeue)) +
		       ALIGNED(model->slots * sizeof(u64));

	if (model->kind == WEIR_KIND_FLASH)
		bytes += weir_flash_bytes(model, capacity);
	return bytes;
}

struct weir_media *weir_media_init(void *memory, const struct weir_model *model,
				   u64 capacity, u32 nr_queues)
{
	struct weir_media *m = memory;
	char *more = memory;

	more += ALIGNED(sizeof(*m));
	m->squeues = (struct weir_squeue *)more;
	more += ALIGNED(nr_queues * sizeof(struct weir_squeue));
	m->done = (u64 *)more;
	more += ALIGNED(model->slots * sizeof(u64));

	m->nr_queues = nr_queues;
	weir_random_seed(&m->random, model->seed);
	tune(m, model);
	switch (model->kind) {
	case WEIR_KIND_FLASH:
		weir_flash_init(m, more, capacity);
		break;
	case WEIR_KIND_DISK:
		weir_hdd_init(m, capacity);
		break;
	default:
		weir_network_init(&m->network, model);
	}
	return m;
}

void weir_media_stats(struct weir_media *m, struct weir_media_stats *s)
{
	*s = (struct weir_media_stats){ .nr_dies = 1 };
	if (m->model.kind == WEIR_KIND_FLASH)
		weir_flash_stats(m, s);
	if (m->model.kind == WEIR_KIND_DISK) {
		s->host_units = m->hdd.writes;
		s->programmed_units = m->hdd.arm_writes;
		s->cache_units = m->hdd.nr_dirty;
	}
}

u64 weir_media_die_busy_ns(const struct weir_media *m, u32 die)
{
	if (m->model.kind == WEIR_KIND_FLASH)
		return m->flash.die[die].busy_ns;
	return m->model.kind == WEIR_KIND_DISK ? m->hdd.busy_ns : 0;
}

void weir_media_reset_stats(struct weir_media *m)
{
	if (m->model.kind == WEIR_KIND_FLASH)
		weir_flash_reset_stats(m);
	if (m->model.kind == WEIR_KIND_DISK) {
		m->hdd.busy_ns = 0;
		m->hdd.writes = 0;
		m->hdd.arm_writes = 0;
	}
}
