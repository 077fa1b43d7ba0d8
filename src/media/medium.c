// SPDX-License-Identifier: GPL-2.0
/* What all media do: draw a time, and decide when a command is done. */
#include <linux/kernel.h>

#include "medium.h"

#define MAX_AHEAD_NS BIT_ULL(60)

bool weir_fifo_remove(struct weir_fifo *f, struct weir_media_cmd *c)
{
	if (c->fifo != f)
		return false;
	c->fifo = NULL;
	if (c->prev)
		c->prev->next = c->next;
	else
		f->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		f->last = c->prev;
	return true;
}

void weir_fifo_insert(struct weir_fifo *f, struct weir_media_cmd *c)
{
	struct weir_media_cmd *before = f->first ? f->last : NULL;

	while (before && before->done_ns > c->done_ns)
		before = before->prev;
	if (!f->first || before == f->last) {
		weir_fifo_push(f, c);
		return;
	}
	c->fifo = f;
	c->prev = before;
	c->next = before ? before->next : f->first;
	c->next->prev = c;
	if (before)
		before->next = c;
	else
		f->first = c;
}

u64 weir_media_draw(const struct weir_media *m, struct weir_random *random,
		    enum weir_media_op op, u64 mean_ns)
{
	if (!m->model.dist[op].kind)
		return weir_scaled(m, mean_ns);
	return weir_scaled(m, weir_dist_draw(&m->times[op], mean_ns,
					     weir_random_next(random)));
}

u64 weir_media_fixed_ns(struct weir_media *m, enum weir_media_op op, u64 sectors)
{
	u64 mean_ns = weir_media_fixed_mean_ns(&m->model, op, sectors);

	return weir_media_draw(m, &m->random, op, min(mean_ns, WEIR_MAX_MEAN_NS));
}

u64 weir_media_serial_ns(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns,
			 u64 sectors)
{
	u64 begin = max(at_ns, m->serial_ns);

	c->part_ns[WEIR_PART_DIE] += begin - at_ns;
	m->serial_ns = min(begin + weir_media_fixed_ns(m, c->op, sectors), WEIR_LAST_NS);
	return m->serial_ns;
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
	c->pos = WEIR_DECIDED;
	m->nr_inside--;
	m->work += WEIR_DECIDED_WORK;
	weir_slots_push(&m->slots, done_ns);
	weir_fifo_push(&m->decided, c);
}
