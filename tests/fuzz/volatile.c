// SPDX-License-Identifier: GPL-2.0
/*
 * The volatile cache, with memory that runs out, a cache that is full, writes within a
 * block's neighbours, erased blocks and moments to go back to. Beside it a list of all
 * writes:
 *
 * - What is read is the newest that was written.
 * - What is found after a cut, or in an image of a moment, is what a write put there that
 *   had begun, and none older than the newest that was durable. Which of these, is what
 *   fate.h says, unless something has become durable by itself.
 */
#include <shim_store.h>

#include "fuzz.h"
#include "store/store.h"
#include "store/volatile.h"

long shim_fail = -1, shim_held, shim_wait, shim_scheduled;
void (*shim_meanwhile)(void);

#define PAGES 6
#define BLOCKS (PAGES * 8)
#define WRITES 60

/* One write: what it put into which sectors (0: zeroes), and its life */
struct one {
	struct weir_write *w;
	struct weir_life life;
	u32 first;
	u32 nr;
	unsigned char letter;
	bool failed;		/* there or not */
	bool erase;		/* there is no way back past it */
};

struct world {
	struct weir_store store;
	struct weir_volatile *v;
	atomic64_t clock;
	struct one one[WRITES];
	u32 nr;
	u32 block;		/* sectors of one */
	u64 flushed;
	bool exact;		/* all is recorded: each fate is known */
};

static void fill(void *from, void *to, u32 len)
{
	memset(to, *(unsigned char *)from, len);
}

static int sector_of(struct weir_store *s, u32 sector)
{
	const unsigned char *page = weir_store_slot_at(s, sector / 8)->page;

	if (!page)
		return 0;
	page += sector % 8 * 512;
	HOLDS(!memcmp(page, page + 1, 511));
	return page[0];
}

static bool covers(const struct one *o, u32 sector)
{
	return sector >= o->first && sector < o->first + o->nr;
}

static void read_newest(struct world *x)
{
	u32 sector;
	int i;

	for (sector = 0; sector < BLOCKS; sector++) {
		const int got = sector_of(&x->store, sector);

		for (i = x->nr - 1; i >= 0; i--) {
			const struct one *o = &x->one[i];

			if (!covers(o, sector) || (o->failed && o->letter != got))
				continue;
			HOLDS(got == o->letter);
			break;
		}
		HOLDS(i >= 0 || !got);
	}
}

/* May @got be in a sector of what is left, in an image or after a cut? */
static void check_left(const struct world *x, const struct weir_fate_plan *plan,
		       const struct weir_view *view, u32 sector, int got, bool image)
{
	const u32 block = sector / x->block * x->block;
	bool found = false, decided = false;
	int i;

	for (i = x->nr - 1; i >= 0; i--) {
		const struct one *o = &x->one[i];
		enum weir_step step;

		if (!covers(o, sector))
			continue;
		step = o->erase ? WEIR_STEP_DURABLE :
				  weir_fate_step(plan, view, &o->life, block);
		if (image && o->life.atomic && !o->life.done && step != WEIR_STEP_LATER)
			step = WEIR_STEP_LOST;
		/* It may have been made durable in time, or not be recorded: kept. */
		found |= step != WEIR_STEP_LATER && o->letter == got;
		if (x->exact && !decided && (step == WEIR_STEP_KEPT || step == WEIR_STEP_DURABLE)) {
			HOLDS(got == o->letter);
			decided = true;
		}
		if (step == WEIR_STEP_DURABLE && !o->failed)
			break;
	}
	HOLDS(!x->exact || decided || !got);
	HOLDS(found || (i < 0 && !got));
}

static void put(struct world *x, struct bytes *b)
{
	struct one *o = &x->one[x->nr];
	const u32 what = take(b, 1), pos = take_below(b, BLOCKS), len = 1 + take_below(b, 20);
	const bool may_sleep = !(what & 0x80);
	int err;

	if (x->nr == WRITES)
		return;
	*o = (struct one){ .letter = what & 3 ? 1 + x->nr : 0 };
	o->first = pos / x->block * x->block;
	o->nr = (len + x->block - 1) / x->block * x->block;
	if (o->first + o->nr > BLOCKS)
		o->nr = BLOCKS - o->first;
	shim_fail = what & 0x40 ? (what >> 2 & 7) : -1;
	x->exact &= shim_fail < 0;
	o->w = weir_volatile_begin(x->v, o->first, (what & 0x3c) == 4, (what & 0x3c) == 8,
				   may_sleep);
	o->life = (struct weir_life){
		.began = x->clock.counter, .sector = o->first,
		.fua = (what & 0x3c) == 4, .atomic = (what & 0x3c) == 8,
	};
	if (o->letter || (what & 0x3c) == 12)
		err = weir_volatile_put(x->v, o->w, o->first * 512, o->nr * 512,
					o->letter ? fill : NULL, &o->letter, may_sleep);
	else
		err = weir_volatile_discard(x->v, o->w, o->first * 512, o->nr * 512, may_sleep);
	HOLDS(!err || shim_fail >= 0);
	o->failed = err;
	shim_fail = -1;
	x->nr++;
}

static void erase(struct world *x, struct bytes *b)
{
	struct one *o = &x->one[x->nr];
	const u32 pos = take_below(b, BLOCKS) / x->block * x->block;

	if (x->nr == WRITES)
		return;
	*o = (struct one){ .first = pos, .nr = x->block, .erase = true };
	weir_volatile_erase(x->v, o->first * 512, o->nr * 512, true);
	x->nr++;
}

static void done(struct world *x, u32 i)
{
	if (!x->one[i].w)
		return;
	x->one[i].life.done = weir_volatile_done(x->v, x->one[i].w);
	x->one[i].w = NULL;
}

static void flush(struct world *x)
{
	x->flushed = x->clock.counter;
	x->clock.counter++;
	weir_volatile_flushed(x->v, x->flushed);
}

static void go_on(struct world *x, struct bytes *b)
{
	switch (take_below(b, 12)) {
	case 0:
		flush(x);
		break;
	case 1:
		erase(x, b);
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		if (x->nr)
			done(x, take_below(b, x->nr));
		break;
	default:
		put(x, b);
		read_newest(x);
	}
}

static void image(struct world *x, const struct weir_fate_plan *plan,
		  const struct weir_view *view)
{
	struct weir_store into = { 0 };
	u32 sector;
	int err;

	HOLDS(!weir_store_resize(&into, PAGES * 4096, x->block * 512, 0));
	err = weir_volatile_image(x->v, plan, view, &into, NULL, NULL);
	HOLDS(!err || err == -ESTALE);
	HOLDS(!err == (view->at >= weir_volatile_earliest(x->v)));
	for (sector = 0; !err && sector < BLOCKS; sector++)
		check_left(x, plan, view, sector, sector_of(&into, sector), true);
	weir_store_free(&into);
}

static void settle(struct world *x, const struct weir_fate_plan *plan,
		   const struct weir_view *view)
{
	u32 sector;

	weir_volatile_settle(x->v, plan, view, NULL, NULL);
	for (sector = 0; sector < BLOCKS; sector++)
		check_left(x, plan, view, sector, sector_of(&x->store, sector), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	const u32 flags = take(&b, 1), cut = take(&b, 1), middle = take(&b, 1);
	struct world x = { .block = flags & 1 ? 1 : flags & 2 ? 8 : 2 };
	struct weir_fate_plan plan;
	struct weir_view then = { 0 }, now;
	u32 i;

	x.exact = flags & 4;
	weir_store_init(100000);
	HOLDS(!weir_store_resize(&x.store, PAGES * 4096, x.block * 512, 0));
	x.v = weir_volatile_new(&x.store, &x.clock, x.exact ? 1 << 20 : (flags >> 6) * 4096,
				x.block * 512);
	if (flags & 8)
		weir_volatile_keep(x.v, true);
	for (i = 0; b.left && i < 200; i++) {
		if (i == middle)
			then = weir_volatile_now(x.v);
		go_on(&x, &b);
	}
	now = weir_volatile_now(x.v);
	HOLDS(now.at == (u64)x.clock.counter && now.flushed == x.flushed);
	weir_fate_init(&plan, cut, flags, (flags >> 4) % WEIR_LOSE_NR_MODES);
	weir_fate_aim(&plan, cut % BLOCKS, middle);
	if (flags & 8)
		image(&x, &plan, middle < i ? &then : &now);
	if (flags & 8)
		weir_volatile_keep(x.v, false);
	settle(&x, &plan, &now);
	for (i = 0; i < x.nr; i++)
		done(&x, i);
	weir_volatile_free(x.v);
	weir_store_free(&x.store);
	HOLDS(!shim_held && !weir_store_used_pages());
	return 0;
}
