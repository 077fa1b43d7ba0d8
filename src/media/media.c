// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and time: submission queues, the controller that fetches from them, and
 * the order of events.
 *
 * - A command enters its submission queue. Queues that hold something stand in a
 *   circle; the controller takes commands from the first, which after a burst of
 *   them goes to the end (round robin, as NVMe's default arbitration).
 * - The controller fetches when it has a free slot of its slots, and not before
 *   command_ns have passed since the last fetch.
 * - A slot is free again at the very time at which its command is done.
 *
 * - A discard or a write-zeroes also takes the controller's time by its length, one
 *   after another; other commands are fetched meanwhile.
 *
 * Events happen in the order of their times, whenever somebody looks; that a command
 * arrives is one, after all else of its time. So the outcome depends on what is
 * submitted and when, and not on how often the model is called, or where a call that
 * has computed for long enough leaves off.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "die.h"
#include "medium.h"

#define ZEROES_SECTORS 65536 /* as SCSI's WRITE SAME of 10 bytes, less one */

/* Block storage elsewhere: the caps, then the round trip and what is done there. */
static void network_enter(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns)
{
	const struct weir_model *model = &m->model;
	bool moves = c->op == WEIR_MEDIA_READ || c->op == WEIR_MEDIA_WRITE;
	u64 bytes = moves ? min(c->sectors, WEIR_MAX_SECTORS) << 9 : 0;
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
		mean += weir_media_fixed_mean_ns(model, c->op, c->sectors);
	begin += weir_media_draw(m, &m->random, c->op, min(mean, WEIR_MAX_MEAN_NS));
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
	if (!m->turn || m->nr_inside + m->slots.nr >= m->model.slots)
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
	c->pos = WEIR_INSIDE;
	m->nr_inside++;
	m->controller_ns = m->now_ns + m->command_ns;
	enter(m, c, m->controller_ns);
}

static void arrive(struct weir_media *m)
{
	struct weir_media_cmd *c = weir_fifo_pop(&m->arriving);
	struct weir_squeue *q = &m->squeues[m->model.single_queue ? 0 : c->queue];

	c->pos = WEIR_QUEUED;
	if (!q->fifo.first)
		turn_add(m, q);
	weir_fifo_push(&q->fifo, c);
}

static u64 arrival_ns(const struct weir_media *m)
{
	return m->arriving.first ? m->arriving.first->submit_ns : WEIR_NEVER;
}

/*
 * All events up to then, in order; at one time slots first, then the medium, then what
 * is fetched. Return: false if there is more to do.
 */
static bool run(struct weir_media *m, u64 until_ns)
{
	bool flash = m->model.kind == WEIR_KIND_FLASH;

	until_ns = max(until_ns, m->now_ns);
	for (;;) {
		u64 slot = m->slots.nr ? m->slots.done_ns[0] : WEIR_NEVER;
		u64 medium = medium_next_ns(m, false), fetched = fetch_ns(m);
		u64 next = min(min(slot, medium), min(fetched, arrival_ns(m)));

		if (weir_media_tired(m))
			return false;
		/* Nothing is before that, whether it is done now or in the next call. */
		m->now_ns = max(m->now_ns, min(next, until_ns));
		if (flash && !weir_flash_catch_up(m, m->now_ns))
			return false;
		if (next > until_ns)
			return true;
		m->work += WEIR_EVENT_WORK;
		if (slot == next)
			weir_slots_pop(&m->slots);
		else if (medium == next)
			medium_event(m);
		else if (fetched == next)
			fetch(m);
		else
			arrive(m);
	}
}

void weir_media_submit(struct weir_media *m, struct weir_media_cmd *c, u64 now_ns)
{
	u32 i;

	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		c->part_ns[i] = 0;
	c->submit_ns = max(now_ns, m->now_ns);
	if (m->arriving.first)
		c->submit_ns = max(c->submit_ns, m->arriving.last->submit_ns);
	c->done_ns = 0;
	c->waiting = true;
	c->pos = WEIR_ARRIVING;
	weir_fifo_push(&m->arriving, c);
	run(m, c->submit_ns);
}

/* Return: what has been decided; it is the caller's. */
static struct weir_media_cmd *take_decided(struct weir_media *m)
{
	struct weir_media_cmd *c, *first = m->decided.first;

	m->decided.first = NULL;
	for (c = first; c; c = c->next) {
		c->fifo = NULL;
		c->pos = WEIR_OUTSIDE;
		c->waiting = false;
	}
	return first;
}

struct weir_media_cmd *weir_media_step(struct weir_media *m, u64 now_ns, bool *more)
{
	m->work = 0;
	*more = !run(m, now_ns);
	m->work = 0; /* what the submissions before the next call have for themselves */
	return take_decided(m);
}

struct weir_media_cmd *weir_media_advance(struct weir_media *m, u64 now_ns)
{
	do
		m->work = 0;
	while (!run(m, now_ns));
	m->work = 0;
	return take_decided(m);
}

u64 weir_media_next_ns(const struct weir_media *m)
{
	u64 next = min(min(fetch_ns(m), medium_next_ns(m, true)), arrival_ns(m));

	if (m->decided.first)
		return m->now_ns;
	if (m->turn && m->slots.nr)
		next = min(next, m->slots.done_ns[0]);
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
	case WEIR_ARRIVING:
		found = weir_fifo_remove(&m->arriving, c);
		break;
	case WEIR_QUEUED:
		found = cancel_queued(m, c);
		break;
	case WEIR_INSIDE:
		found = m->model.kind == WEIR_KIND_FLASH ? weir_flash_cancel(m, c) :
							   weir_hdd_cancel(m, c);
		if (found)
			m->nr_inside--;
		break;
	case WEIR_DECIDED:	/* and its slot stays taken */
		found = weir_fifo_remove(&m->decided, c);
		break;
	}
	if (found) {
		c->waiting = false;
		c->pos = WEIR_OUTSIDE;
	}
	return found;
}

void weir_media_compile(const struct weir_model *model,
			struct weir_quantiles times[WEIR_MODEL_NR_OPS])
{
	u32 i;

	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		if (model->dist[i].kind)
			weir_dist_compile(&model->dist[i], &times[i]);
}

static void tune(struct weir_media *m, const struct weir_model *model)
{
	m->model = *model;
	m->command_ns = weir_scaled(m, model->command_ns);
	m->cached_ns = weir_scaled(m, model->cached_ns);
	m->bus_rate = weir_rate(model->bus_mbps);
}

void weir_media_retune(struct weir_media *m, const struct weir_model *model,
		       const struct weir_quantiles times[WEIR_MODEL_NR_OPS])
{
	bool reseed = m->model.seed != model->seed;
	u32 i;

	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		m->times[i] = times[i];
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

u64 weir_media_zeroes_sectors(const struct weir_model *model)
{
	return model->kind == WEIR_KIND_FLASH || model->kind == WEIR_KIND_DISK ?
	       ZEROES_SECTORS : ~0ULL;
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
	m->slots.done_ns = (u64 *)more;
	more += ALIGNED(model->slots * sizeof(u64));

	m->nr_queues = nr_queues;
	weir_random_seed(&m->random, model->seed);
	weir_media_compile(model, m->times);
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

bool weir_media_settle(struct weir_media *m, u64 until_ns)
{
	bool settled;

	m->work = 0;
	settled = m->model.kind != WEIR_KIND_FLASH ||
		  weir_flash_settle(m, min(until_ns, m->now_ns));
	m->work = 0;
	return settled;
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
