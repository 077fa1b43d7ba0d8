// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include <linux/kernel.h>

#include "rig.h"
#include "unit.h"

static u64 seed = 88172645463325252ULL;

u64 rig_random(void)
{
	/* xorshift64, Marsaglia 2003 */
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

struct weir_model rig_model(enum weir_media_kind kind)
{
	struct weir_model model = { .kind = kind };
	u32 i;

	for (i = 0; i < nr_weir_model_numbers; i++)
		*weir_model_number(&model, &weir_model_numbers[i]) =
			weir_model_numbers[i].lo;
	model.slots = 64;
	model.outer_mbps = 200;
	model.inner_mbps = 100;
	model.rpm = 6000;
	model.page_kib = 16;
	model.stripe_kib = 16;
	model.block_pages = 64;
	model.read_ns = 50000;
	model.program_ns = 500000;
	model.seed = 1;
	return model;
}

void rig_open(struct rig *r, const struct weir_model *model, u64 capacity, u32 queues)
{
	size_t bytes = weir_media_bytes(model, capacity, queues);
	void *memory;

	memset(r, 0, sizeof(*r));
	/* Exactly as much: what is written beyond is seen. */
	assert_int_equal(posix_memalign(&memory, 64, bytes), 0);
	memset(memory, 0, bytes);
	r->m = weir_media_init(memory, model, capacity, queues);
	assert_ptr_equal(r->m, memory);
}

void rig_close(struct rig *r)
{
	free(r->m);
}

void rig_retune(struct rig *r, const struct weir_model *model)
{
	static struct weir_quantiles times[WEIR_MODEL_NR_OPS];

	weir_media_compile(model, times);
	weir_media_retune(r->m, model, times);
}

void rig_submit(struct rig *r, u32 i)
{
	assert_false(r->busy[i]);
	r->busy[i] = true;
	weir_media_submit(r->m, &r->cmd[i], r->now);
	assert_true(r->cmd[i].waiting);
	assert_true(r->cmd[i].submit_ns == r->now);
}

void rig_put(struct rig *r, u32 i, enum weir_media_op op, u64 sector, u64 sectors)
{
	r->cmd[i].op = op;
	r->cmd[i].sector = sector;
	r->cmd[i].sectors = sectors;
	rig_submit(r, i);
}

/* Take in what is decided, then what is done at r->now. */
static void collect(struct rig *r)
{
	struct weir_media_cmd *c, *next;
	u32 i, part;

	for (c = weir_media_advance(r->m, r->now); c; c = next) {
		u64 sum = 0;

		next = c->next;
		assert_true(r->busy[c - r->cmd]);
		assert_false(c->waiting);
		assert_true(c->done_ns >= c->submit_ns);
		for (part = 0; part < WEIR_MEDIA_NR_PARTS; part++) {
			assert_true(c->part_ns[part] <= c->done_ns - c->submit_ns);
			sum += c->part_ns[part];
			r->parts[part] += c->part_ns[part];
		}
		assert_true(sum == c->done_ns - c->submit_ns);
		r->latency += sum;
	}
	for (i = 0; i < RIG_MAX; i++) {
		c = &r->cmd[i];
		if (r->busy[i] && !c->waiting && c->done_ns <= r->now) {
			r->busy[i] = false;
			r->done++;
		}
	}
}

static u64 next_ns(const struct rig *r)
{
	u64 next = weir_media_next_ns(r->m);
	u32 i;

	for (i = 0; i < RIG_MAX; i++)
		if (r->busy[i] && !r->cmd[i].waiting)
			next = min(next, r->cmd[i].done_ns);
	return next;
}

bool rig_step(struct rig *r)
{
	u64 next = next_ns(r);

	if (next == ~0ULL)
		return false;
	r->now = max(r->now, next);
	collect(r);
	return true;
}

void rig_drain(struct rig *r)
{
	u32 i;

	while (rig_step(r))
		;
	for (i = 0; i < RIG_MAX; i++)
		assert_false(r->busy[i]);
}

u64 rig_one(struct rig *r, enum weir_media_op op, u64 sector, u64 sectors)
{
	rig_put(r, 0, op, sector, sectors);
	while (r->busy[0])
		assert_true(rig_step(r));
	return r->cmd[0].done_ns - r->cmd[0].submit_ns;
}

u64 rig_loop(struct rig *r, const struct rig_load *load)
{
	u64 begin = r->now, given = 0, first = r->done;
	u32 i;

	while (r->done - first < load->count) {
		for (i = 0; i < load->depth && given < load->count; i++) {
			u64 at = given * load->sectors + load->from;

			if (r->busy[i])
				continue;
			if (load->area)
				at = rig_random() % (load->area / load->sectors) *
				     load->sectors;
			r->cmd[i].queue = load->queue;
			rig_put(r, i, load->op, at, load->sectors);
			given++;
		}
		assert_true(rig_step(r));
	}
	return r->now - begin;
}
