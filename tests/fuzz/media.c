// SPDX-License-Identifier: GPL-2.0
/*
 * Any commands on any model that passes its checks. tests/unit/rig.c states what must hold
 * of each command: it is decided once, it does not complete before it was submitted, and
 * its parts are its latency. Here: all complete or are cancelled, and asking the model
 * more often changes nothing.
 */
#include "complaint.h"
#include "fuzz.h"
#include "media.h"

#define COMMANDS 32
#define STEPS 400
#define SHORT_MIB 64		/* of a cache, to keep an input short */

struct bench {
	struct weir_media *m;
	u64 now;
	bool eager;		/* ask it also when there is no need */
	struct weir_media_cmd cmd[COMMANDS];
	bool busy[COMMANDS];
	u64 hash;		/* of what was decided */
};

static void any_model(struct bytes *b, struct weir_model *model)
{
	u32 i;

	memset(model, 0, sizeof(*model));
	for (i = 0; i < nr_weir_model_numbers; i++) {
		const struct weir_model_number *n = &weir_model_numbers[i];

		*weir_model_number(model, n) = take_from(b, n->lo, n->hi);
	}
	model->kind = WEIR_KIND_FLASH + take_below(b, 3);
	model->stripe_kib = 4 << take_below(b, 9);
	model->page_kib = 4 << take_below(b, 9);
	model->cache_mib %= SHORT_MIB;
	model->dies = 1 + model->dies % (1024 / model->channels);
	if (model->dies > 64)
		model->dies = 64;
	if (model->inner_mbps > model->outer_mbps)
		model->inner_mbps = model->outer_mbps;
	if (model->seek_third_ns > model->seek_full_ns)
		model->seek_third_ns = model->seek_full_ns;
	if (model->seek_track_ns > model->seek_third_ns)
		model->seek_track_ns = model->seek_third_ns;
	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		if (!take_below(b, 4))
			model->dist[i] = (struct weir_dist){
				.kind = WEIR_DIST_NORMAL,
				.spread_permille = take_below(b, 301),
			};
}

static void decided(struct bench *x, struct weir_media_cmd *c)
{
	u64 sum = 0;
	u32 part;

	HOLDS(c >= x->cmd && c < x->cmd + COMMANDS && x->busy[c - x->cmd]);
	HOLDS(!c->waiting && c->done_ns >= c->submit_ns);
	for (part = 0; part < WEIR_MEDIA_NR_PARTS; part++) {
		HOLDS(c->part_ns[part] <= c->done_ns - c->submit_ns);
		sum += c->part_ns[part];
	}
	HOLDS(sum == c->done_ns - c->submit_ns);
	x->hash = (x->hash ^ (c - x->cmd) ^ c->done_ns) * 0x9e3779b97f4a7c15ULL;
	x->busy[c - x->cmd] = false;
}

static void advance(struct bench *x)
{
	struct weir_media_cmd *c, *next;

	for (c = weir_media_advance(x->m, x->now); c; c = next) {
		next = c->next;
		decided(x, c);
	}
}

/* To the time at which something happens, and if @x is eager at moments before it */
static void step(struct bench *x)
{
	u64 next = weir_media_next_ns(x->m), i;
	const u64 from = x->now;

	if (next == ~0ULL)
		return;
	next = next > from ? next : from;
	for (i = 1; x->eager && i < 3; i++) {
		x->now = from + (next - from) / 4 * i;
		advance(x);
	}
	x->now = next;
	advance(x);
}

static void submit(struct bench *x, struct bytes *b, u64 all)
{
	const u32 i = take_below(b, COMMANDS);
	struct weir_media_cmd *c = &x->cmd[i];
	u64 sectors = 1 + take(b, 2) % (1U << take_below(b, 17)), sector = take(b, 4);

	if (x->busy[i])
		return;
	c->op = take_below(b, WEIR_MEDIA_NR_OPS);
	c->sectors = sectors < all ? sectors : all;
	c->sector = sector % (all - c->sectors + 1);
	if (c->op == WEIR_MEDIA_FLUSH)
		c->sectors = 0;
	c->fua = c->op == WEIR_MEDIA_WRITE && !take_below(b, 4);
	c->queue = take_below(b, 3);
	x->busy[i] = true;
	weir_media_submit(x->m, c, x->now);
}

static void cancel(struct bench *x, u32 i)
{
	struct weir_media_cmd *c = &x->cmd[i];
	const bool waits = x->busy[i];

	HOLDS(weir_media_cancel(x->m, c) == waits);
	HOLDS(!c->waiting);
	x->busy[i] = false;
}

/* Return: the hash of all that was decided. */
static u64 tell(struct bytes b, bool eager)
{
	static struct bench x;
	struct weir_media_stats s;
	struct weir_model model;
	struct weir_complaint why;
	u64 capacity;
	void *memory;
	u32 i;

	x = (struct bench){ .eager = eager };
	any_model(&b, &model);
	capacity = (1 + take(&b, 4) % (1U << (4 + take_below(&b, 25)))) << 9;
	if (!weir_model_check(&model, &why))
		return 0;
	i = weir_media_bytes(&model, capacity, 3);
	if (posix_memalign(&memory, 64, i))
		exit(3);
	memset(memory, 0, i);
	x.m = weir_media_init(memory, &model, capacity, 3);
	for (i = 0; b.left && i < STEPS; i++) {
		switch (take_below(&b, 8)) {
		case 0:
			cancel(&x, take_below(&b, COMMANDS));
			break;
		case 1:
		case 2:
			step(&x);
			break;
		case 3:
			x.now += take_from(&b, 0, 1ULL << 40);
			advance(&x);
			break;
		default:
			submit(&x, &b, capacity >> 9);
		}
	}
	while (weir_media_next_ns(x.m) != ~0ULL)
		step(&x);
	for (i = 0; i < COMMANDS; i++)
		HOLDS(!x.busy[i]);
	weir_media_stats(x.m, &s);
	HOLDS(s.nr_dies >= 1);
	HOLDS(model.kind != WEIR_KIND_FLASH || !model.op_permille || s.free_blocks >= 1);
	free(memory);
	return x.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes b = { data, size };

	HOLDS(tell(b, false) == tell(b, true));
	return 0;
}
