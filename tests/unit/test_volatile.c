// SPDX-License-Identifier: GPL-2.0
/*
 * The volatile cache on the real store, against a model that keeps every state of every
 * block: random writes, discards, completions, flushes and moments.
 */
#include <stdlib.h>

#include <shim_store.h>

#include "store/store.h"
#include "store/volatile.h"
#include "unit.h"

long shim_fail = -1, shim_held, shim_wait, shim_scheduled;
void (*shim_meanwhile)(void);

#define PAGES 6
#define BLOCK 512
#define BLOCKS (PAGES * 4096 / BLOCK)
#define WRITES 40
#define ROUNDS 4000

/* One write: what it put into which blocks (0: zeroes), and its life */
struct one {
	struct weir_write *w;
	struct weir_life life;
	u32 first, nr;
	unsigned char letter;
};

struct world {
	struct weir_store store;
	struct weir_volatile *v;
	atomic64_t clock;
	struct one one[WRITES];
	u32 nr;
	u64 flushed;
};

static void begin_with_blocks(struct world *x, u64 cache, u32 block)
{
	memset(x, 0, sizeof(*x));
	weir_store_init(100000);
	assert_int_equal(weir_store_resize(&x->store, PAGES * 4096, block, 0), 0);
	x->v = weir_volatile_new(&x->store, &x->clock, cache, block);
	assert_non_null(x->v);
}

static void begin(struct world *x, u64 cache)
{
	begin_with_blocks(x, cache, BLOCK);
}

static void end(struct world *x)
{
	u32 i;

	for (i = 0; i < x->nr; i++)
		if (x->one[i].w)
			weir_volatile_done(x->v, x->one[i].w);
	weir_volatile_free(x->v);
	weir_store_free(&x->store);
	assert_int_equal(shim_held, 0);
}

static void fill(void *from, void *to, u32 len)
{
	memset(to, *(unsigned char *)from, len);
}

/* A write, or if @letter is 0 a discard, begins. */
static int put(struct world *x, u32 first, u32 nr, unsigned char letter, bool fua, bool atomic)
{
	struct one *o = &x->one[x->nr];
	int err;

	*o = (struct one){ .first = first, .nr = nr, .letter = letter };
	o->w = weir_volatile_begin(x->v, first, fua, atomic, true);
	o->life = (struct weir_life){
		.began = o->w ? (u64)x->clock.counter : 0, .sector = first, .fua = fua,
		.atomic = atomic,
	};
	if (letter)
		err = weir_volatile_put(x->v, o->w, first * BLOCK, nr * BLOCK, fill, &o->letter,
					true);
	else
		err = weir_volatile_discard(x->v, o->w, first * BLOCK, nr * BLOCK, true);
	x->nr++;
	return err;
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

static int block_of(struct weir_store *s, u32 block)
{
	const unsigned char *page = weir_store_slot_at(s, block / 8)->page;
	u32 i;

	if (!page)
		return 0;
	page += block % 8 * BLOCK;
	for (i = 1; i < BLOCK; i++)
		if (page[i] != page[0])
			return -1;
	return page[0];
}

/* What a block must have, by the lives of its writes; in an image, or after a cut. */
static int expected(const struct world *x, const struct weir_fate_plan *plan,
		    const struct weir_view *view, u32 block, bool image)
{
	int i;

	for (i = x->nr - 1; i >= 0; i--) {
		const struct one *o = &x->one[i];
		enum weir_step step;

		if (block < o->first || block >= o->first + o->nr)
			continue;
		if (image && o->life.atomic && !o->life.done)
			continue;
		step = weir_fate_step(plan, view, &o->life, block);
		if (step == WEIR_STEP_KEPT || step == WEIR_STEP_DURABLE)
			return o->letter;
	}
	return 0;
}

/* One step of a random story. */
static void go_on(struct world *x)
{
	const u32 first = rand() % BLOCKS;
	u32 nr = 1 + rand() % 20;

	if (first + nr > BLOCKS)
		nr = BLOCKS - first;
	switch (rand() % 8) {
	case 0:
		flush(x);
		break;
	case 1:
	case 2:
	case 3:
		if (x->nr)
			done(x, rand() % x->nr);
		break;
	default:
		if (x->nr < WRITES)
			assert_int_equal(put(x, first, nr, rand() % 6 ? 1 + x->nr : 0,
					     !(rand() % 8), !(rand() % 8)), 0);
	}
}

static struct weir_fate_plan random_plan(const struct world *x, int round)
{
	struct weir_fate_plan plan;

	weir_fate_init(&plan, round, rand(), rand() % WEIR_LOSE_NR_MODES);
	weir_fate_aim(&plan, rand() % BLOCKS, rand() % (x->clock.counter + 1));
	return plan;
}

static void a_cut_leaves_what_it_may(void **state)
{
	int round, i, lost = 0;

	srand(5);
	for (round = 0; round < ROUNDS; round++) {
		struct weir_fate_plan plan, clean;
		struct weir_view view;
		struct world x;
		u32 block;

		begin(&x, 1 << 20);
		for (i = rand() % 120; i >= 0; i--)
			go_on(&x);
		plan = random_plan(&x, round);
		clean = plan;
		clean.clean = true;
		view = (struct weir_view){ .at = x.clock.counter, .flushed = x.flushed };
		assert_int_equal(weir_volatile_now(x.v).at, view.at);
		assert_int_equal(weir_volatile_now(x.v).flushed, view.flushed);
		weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
		for (block = 0; block < BLOCKS; block++) {
			int got = block_of(&x.store, block);

			assert_int_equal(got, expected(&x, &plan, &view, block, false));
			lost += got != expected(&x, &clean, &view, block, false);
		}
		end(&x);
	}
	assert_true(lost > ROUNDS);
}

static void every_moment_can_be_gone_back_to(void **state)
{
	int round, i;

	srand(6);
	for (round = 0; round < ROUNDS; round++) {
		struct weir_store image = { 0 };
		struct weir_fate_plan plan;
		struct weir_view view = { 0 };
		struct world x;
		u32 block;

		begin(&x, 1 << 20);
		weir_volatile_keep(x.v, true);
		for (i = rand() % 60; i >= 0; i--)
			go_on(&x);
		view = (struct weir_view){ .at = x.clock.counter, .flushed = x.flushed };
		for (i = rand() % 60; i >= 0; i--)
			go_on(&x);
		plan = random_plan(&x, round);
		assert_int_equal(weir_store_resize(&image, PAGES * 4096, BLOCK, 0), 0);
		assert_int_equal(weir_volatile_image(x.v, &plan, &view, &image, NULL, NULL), 0);
		for (block = 0; block < BLOCKS; block++)
			assert_int_equal(block_of(&image, block),
					 expected(&x, &plan, &view, block, true));
		weir_volatile_keep(x.v, false);
		weir_store_free(&image);
		end(&x);
	}
}

/* The newest is read, and what is promised survives, whatever cannot be allocated. */
static void without_memory_nothing_is_lost(void **state)
{
	int round, i;

	srand(7);
	for (round = 0; round < ROUNDS; round++) {
		struct weir_fate_plan plan;
		struct weir_view view;
		struct world x;
		int want[BLOCKS] = { 0 };
		u32 block;

		begin(&x, 1 << 20);
		for (i = 0; i < 20; i++) {
			const u32 first = rand() % (BLOCKS - 8), nr = 1 + rand() % 8;

			shim_fail = rand() % 3 ? -1 : rand() % 5;
			if (put(&x, first, nr, 1 + i, false, false))
				x.nr--, weir_volatile_done(x.v, x.one[x.nr].w);
			else
				done(&x, x.nr - 1);
			shim_fail = -1;
		}
		for (block = 0; block < BLOCKS; block++)
			want[block] = block_of(&x.store, block);
		flush(&x);
		weir_fate_init(&plan, round, 0, WEIR_LOSE_ALL);
		plan.clean = false;
		view = (struct weir_view){ .at = x.clock.counter, .flushed = x.flushed };
		weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
		for (block = 0; block < BLOCKS; block++)
			assert_int_equal(block_of(&x.store, block), want[block]);
		end(&x);
	}
}

static void what_cannot_be_recorded_is_durable(void **state)
{
	struct weir_fate_plan plan;
	struct weir_view view;
	struct world x;

	begin(&x, 1 << 20);
	/* It is under way, so it is not destaged to make room. */
	assert_int_equal(put(&x, 0, 8, 'a', false, false), 0);
	shim_fail = 0;
	assert_int_equal(put(&x, 2, 3, 'b', false, false), 0);
	shim_fail = -1;
	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = false;
	view = weir_volatile_now(x.v);
	weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
	assert_int_equal(block_of(&x.store, 1), 0);
	assert_int_equal(block_of(&x.store, 2), 'b');
	assert_int_equal(block_of(&x.store, 4), 'b');
	assert_int_equal(block_of(&x.store, 5), 0);
	end(&x);
}

static void a_full_cache_destages_the_oldest(void **state)
{
	struct weir_volatile_stats stats;
	struct weir_fate_plan plan;
	struct weir_view view;
	struct world x;
	u32 i;

	begin(&x, 2 * 4096);
	for (i = 0; i < PAGES; i++) {
		assert_int_equal(put(&x, i * 8, 8, 'a' + i, false, false), 0);
		done(&x, i);
	}
	weir_volatile_stats(x.v, &stats);
	assert_true(stats.destaged > 0);
	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = false;
	view = (struct weir_view){ .at = x.clock.counter };
	weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
	assert_int_equal(block_of(&x.store, 0), 'a');
	assert_int_equal(block_of(&x.store, BLOCKS - 1), 0);
	end(&x);
}

/* What is durable takes no room. */
static void flushed_writes_do_not_fill_a_cache(void **state)
{
	struct weir_volatile_stats stats;
	struct world x;
	u32 i;

	begin(&x, 4 * 4096);
	for (i = 0; i < WRITES - 3; i++) {
		assert_int_equal(put(&x, i % PAGES * 8, 8, 'a', false, false), 0);
		done(&x, i);
		flush(&x);
	}
	/* There is room for these. */
	for (; i < WRITES; i++) {
		assert_int_equal(put(&x, i % PAGES * 8, 8, 'b', false, false), 0);
		done(&x, i);
	}
	weir_volatile_stats(x.v, &stats);
	assert_int_equal(stats.destaged, 0);
	assert_true(stats.pages <= 4);
	assert_int_equal(stats.flushed, x.flushed);
	end(&x);
}

static void an_erased_block_is_nowhere(void **state)
{
	struct weir_fate_plan plan;
	struct weir_view view;
	struct world x;

	begin(&x, 1 << 20);
	assert_int_equal(put(&x, 0, 8, 'a', false, false), 0);
	assert_int_equal(put(&x, 0, 8, 'b', false, false), 0);
	weir_volatile_erase(x.v, 0, 4 * BLOCK, true);
	assert_int_equal(block_of(&x.store, 0), 0);
	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = false;
	view = (struct weir_view){ .at = x.clock.counter };
	weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
	assert_int_equal(block_of(&x.store, 3), 0);
	assert_int_equal(block_of(&x.store, 4), 0);
	end(&x);
}

static void count_garbage(void *to, u64 sector, u32 sectors, enum weir_fate fate, u64 write)
{
	*(u32 *)to += fate == WEIR_FATE_GARBAGE ? sectors : 0;
}

/* Discarded, and again: all that there was is forgotten before the second one is lost. */
static void what_is_listed_as_garbage_is_garbage(void **state)
{
	u32 seed, block, listed, found, all = 0;

	for (seed = 0; seed < 200; seed++) {
		struct weir_fate_plan plan;
		struct weir_view view;
		struct world x;

		begin(&x, 1 << 20);
		assert_int_equal(put(&x, 0, 16, 'a', false, false), 0);
		done(&x, 0);
		assert_int_equal(put(&x, 0, 8, 0, false, false), 0);
		done(&x, 1);
		assert_int_equal(put(&x, 0, 16, 0, false, false), 0);
		flush(&x);
		done(&x, 2);
		assert_int_equal(put(&x, 16, 1, 'b', false, false), 0);
		done(&x, 3);
		weir_fate_init(&plan, seed, 0, WEIR_LOSE_ALL);
		plan.clean = false;
		plan.damage = 1U << WEIR_FATE_GARBAGE;
		view = weir_volatile_now(x.v);
		listed = 0;
		weir_volatile_settle(x.v, &plan, &view, count_garbage, &listed);
		for (found = block = 0; block < BLOCKS; block++)
			found += block_of(&x.store, block) < 0;
		assert_int_equal(found, listed);
		all += listed;
		end(&x);
	}
	assert_true(all);
}

/* Of a block of eight sectors that is garbage, each is, and no two are alike. */
static void a_whole_block_is_garbage(void **state)
{
	u32 seed, sector, all = 0;

	for (seed = 0; seed < 200; seed++) {
		struct weir_fate_plan plan;
		struct weir_view view;
		struct world x;
		const char *page;

		begin_with_blocks(&x, 1 << 20, 4096);
		assert_int_equal(put(&x, 0, 8, 'a', true, false), 0);
		done(&x, 0);
		assert_int_equal(put(&x, 0, 8, 'b', false, false), 0);
		done(&x, 1);
		weir_fate_init(&plan, seed, 0, WEIR_LOSE_ALL);
		plan.clean = false;
		plan.damage = 1U << WEIR_FATE_GARBAGE;
		view = weir_volatile_now(x.v);
		weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
		if (block_of(&x.store, 0) < 0) {
			page = weir_store_slot_at(&x.store, 0)->page;
			for (sector = 1; sector < 8; sector++) {
				assert_int_equal(block_of(&x.store, sector), -1);
				assert_memory_not_equal(page, page + sector * 512, 512);
			}
			all++;
		} else {
			for (sector = 0; sector < 8; sector++)
				assert_int_equal(block_of(&x.store, sector), 'a');
		}
		end(&x);
	}
	assert_true(all);
}

/* Pieces are parts of writes within a page, oldest first, and only what may be lost. */
static void a_survey_finds_what_may_be_lost(void **state)
{
	struct weir_survey found;
	struct weir_view then;
	struct world x;
	u64 nr;

	begin(&x, 1 << 20);
	weir_volatile_keep(x.v, true);
	assert_int_equal(put(&x, 1, 1, 'a', false, false), 0);
	done(&x, 0);
	flush(&x);
	assert_int_equal(put(&x, 5, 6, 'b', false, false), 0);
	assert_int_equal(put(&x, 20, 1, 'c', true, false), 0);
	assert_int_equal(put(&x, 30, 1, 'd', false, false), 0);
	assert_int_equal(put(&x, 40, 1, 'e', false, false), 0);
	done(&x, 1);
	done(&x, 2);
	done(&x, 3);
	then = weir_volatile_now(x.v);
	/* Later than that, and so none of it: */
	assert_int_equal(put(&x, 7, 1, 'f', false, false), 0);
	done(&x, 5);
	for (nr = 0; nr < 3; nr++) {
		weir_volatile_survey(x.v, &then, nr, &found);
		assert_int_equal(found.pieces, 3);
		assert_int_equal(found.began, x.one[nr < 2 ? 1 : 3].life.began);
		assert_true(nr < 2 ? found.sector == 5 || found.sector == 8 : found.sector == 30);
	}
	weir_volatile_survey(x.v, &then, 3, &found);
	assert_int_equal(found.began, 0);
	then = weir_volatile_now(x.v);
	weir_volatile_survey(x.v, &then, 3, &found);
	assert_int_equal(found.pieces, 4);
	assert_int_equal(found.sector, 7);
	/* What a flush has made durable is kept, and was volatile at that moment. */
	flush(&x);
	weir_volatile_survey(x.v, &then, 0, &found);
	assert_int_equal(found.pieces, 4);
	then = weir_volatile_now(x.v);
	weir_volatile_survey(x.v, &then, 0, &found);
	assert_int_equal(found.pieces, 0);
	weir_volatile_keep(x.v, false);
	end(&x);
}

static int image(struct world *x, const struct weir_view *view, struct weir_store *into)
{
	struct weir_fate_plan plan;

	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	return weir_volatile_image(x->v, &plan, view, into, NULL, NULL);
}

/* It says why there is no image, and leaves nothing behind. */
static void an_image_may_not_be_had(void **state)
{
	struct weir_store into = { 0 };
	struct weir_view before, view;
	struct world x;
	long n;
	int err = -ENOMEM;

	begin(&x, 1 << 20);
	before = weir_volatile_now(x.v);
	assert_int_equal(put(&x, 0, 8, 'a', false, false), 0);
	assert_int_equal(put(&x, 40, 8, 'b', false, false), 0);
	done(&x, 0);
	done(&x, 1);
	flush(&x);
	weir_volatile_keep(x.v, true);
	view = weir_volatile_now(x.v);
	for (n = 0; err; n++) {
		assert_true(n < 10);
		assert_int_equal(weir_store_resize(&into, PAGES * 4096, BLOCK, 0), 0);
		shim_fail = n;
		err = image(&x, &view, &into);
		shim_fail = -1;
		/* Two tables, and the pages. */
		assert_int_equal(err, n < 2 ? -ENOMEM : n < 4 ? -ENOSPC : 0);
		assert_int_equal(block_of(&into, 0), n < 3 ? 0 : 'a');
		assert_int_equal(block_of(&into, 40), n < 4 ? 0 : 'b');
		weir_store_free(&into);
		memset(&into, 0, sizeof(into));
	}
	assert_int_equal(weir_store_resize(&into, PAGES * 4096, BLOCK, 0), 0);
	assert_int_equal(image(&x, &before, &into), -ESTALE);
	weir_store_free(&into);
	weir_volatile_keep(x.v, false);
	end(&x);
}

/* Without memory for the write itself it is durable, and so is all that it covers. */
static void what_has_no_record_at_all_is_durable(void **state)
{
	struct weir_volatile_stats stats;
	struct weir_fate_plan plan;
	struct weir_view view;
	struct world x;
	u32 i;

	begin(&x, 1 << 20);
	assert_int_equal(put(&x, 0, 24, 'a', false, false), 0);
	shim_fail = 0;
	assert_null(weir_volatile_begin(x.v, 0, false, false, true));
	shim_fail = -1;
	assert_int_equal(weir_volatile_put(x.v, NULL, 2 * BLOCK, BLOCK, fill, "b", true), 0);
	assert_int_equal(weir_volatile_put(x.v, NULL, 40 * BLOCK, BLOCK, fill, "c", true), 0);
	assert_int_equal(weir_volatile_discard(x.v, NULL, 8 * BLOCK, 8 * BLOCK, true), 0);
	weir_volatile_done(x.v, NULL);
	weir_volatile_stats(x.v, &stats);
	assert_int_equal(stats.untracked, 3);
	assert_int_equal(weir_volatile_earliest(x.v), x.clock.counter - 1);
	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = false;
	view = weir_volatile_now(x.v);
	weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
	for (i = 0; i < BLOCKS; i++)
		assert_int_equal(block_of(&x.store, i), i == 2 ? 'b' : i == 40 ? 'c' : 0);
	end(&x);
}

/* Who may not sleep is told to come back, and nothing has been changed. */
static void who_may_not_sleep_comes_back(void **state)
{
	struct weir_write *w;
	struct world x;
	long n;
	int err = -ENOMEM;

	begin(&x, 1 << 20);
	assert_int_equal(put(&x, 0, 8, 'a', false, false), 0);
	for (n = 0; err; n++) {
		assert_true(n < 10);
		shim_fail = n;
		w = weir_volatile_begin(x.v, 0, false, false, false);
		err = weir_volatile_put(x.v, w, 0, BLOCK, fill, "b", false);
		shim_fail = -1;
		weir_volatile_done(x.v, w);
		/* The write, its page and its record */
		assert_int_equal(err, n < 3 ? -ENOMEM : 0);
		assert_int_equal(block_of(&x.store, 0), n < 3 ? 'a' : 'b');
		assert_int_equal(block_of(&x.store, 1), 'a');
	}
	for (n = 0, err = -ENOMEM; err; n++) {
		assert_true(n < 10);
		shim_fail = n;
		w = weir_volatile_begin(x.v, 0, false, false, false);
		err = weir_volatile_discard(x.v, w, 0, 8 * BLOCK, false);
		shim_fail = -1;
		weir_volatile_done(x.v, w);
		/* The write and its record */
		assert_int_equal(err, n < 2 ? -ENOMEM : 0);
		assert_int_equal(block_of(&x.store, 1), n < 2 ? 'a' : 0);
	}
	end(&x);
}

/* All of it, or nothing: when it is written, and when the power goes. */
static void memory_does_not_tear_an_atomic_write(void **state)
{
	const u32 blocks[] = { 4, 11, 12, 19 };
	struct weir_fate_plan plan;
	struct weir_view view;
	struct world x;
	long n;
	u32 i, sleeps;
	int err, failed = 0;

	for (n = 0; n < 16; n++) {
		sleeps = n & 1;
		begin(&x, 1 << 20);
		assert_int_equal(put(&x, 0, 24, 'a', true, false), 0);
		done(&x, 0);
		x.one[1].w = weir_volatile_begin(x.v, 4, false, true, true);
		x.nr++;
		shim_fail = n / 2;
		err = weir_volatile_put(x.v, x.one[1].w, 4 * BLOCK, 16 * BLOCK, fill, "b", sleeps);
		shim_fail = -1;
		failed += !!err;
		for (i = 0; i < 4; i++)
			assert_int_equal(block_of(&x.store, blocks[i]), err ? 'a' : 'b');
		done(&x, 1);
		weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
		plan.clean = false;
		view = weir_volatile_now(x.v);
		weir_volatile_settle(x.v, &plan, &view, NULL, NULL);
		for (i = 0; i < 4; i++)
			assert_int_equal(block_of(&x.store, blocks[i]), 'a');
		end(&x);
	}
	/* Three pages and three records */
	assert_int_equal(failed, 12);
}

/* An image of now that comes in the middle of an atomic write, or the other way round */
static struct world *busy;
static struct weir_store taken;
static bool late;

static void take_image(void)
{
	const struct weir_view now = weir_volatile_now(busy->v);
	struct weir_fate_plan plan;

	weir_fate_init(&plan, 0, 0, WEIR_LOSE_ALL);
	plan.clean = true;
	assert_int_equal(weir_store_resize(&taken, PAGES * 4096, BLOCK, 0), 0);
	assert_int_equal(weir_volatile_image(busy->v, &plan, &now, &taken, NULL, NULL), 0);
}

/* The second of three pages is next. */
static void fill_and_look(void *from, void *to, u32 len)
{
	fill(from, to, len);
	if (++*(int *)(from + 4) == 2)
		take_image();
}

static void write_all(void)
{
	assert_int_equal(weir_volatile_put(busy->v, busy->one[1].w, 0, 24 * BLOCK, fill, "b",
					   true), 0);
	if (!late)
		done(busy, 1);
}

static void check_image(unsigned char letter)
{
	assert_int_equal(block_of(&taken, 0), letter);
	assert_int_equal(block_of(&taken, 8), letter);
	assert_int_equal(block_of(&taken, 16), letter);
	weir_store_free(&taken);
	memset(&taken, 0, sizeof(taken));
}

static void begin_atomic(struct world *x)
{
	busy = x;
	begin(x, 1 << 20);
	weir_volatile_keep(x->v, true);
	assert_int_equal(put(x, 0, 24, 'a', true, false), 0);
	done(x, 0);
	x->one[1].w = weir_volatile_begin(x->v, 0, false, true, true);
	x->nr++;
}

static void an_image_does_not_tear_an_atomic_write(void **state)
{
	struct world x;
	struct {
		char letter;
		int calls;
	} from = { 'b', 0 };
	int page;

	begin_atomic(&x);
	assert_int_equal(weir_volatile_put(x.v, x.one[1].w, 0, 24 * BLOCK, fill_and_look, &from,
					   true), 0);
	check_image('a');
	done(&x, 1);
	take_image();
	check_image('b');
	weir_volatile_keep(x.v, false);
	end(&x);
	/* After each page of the image. It begins with its own table, and two for the page. */
	for (page = 0; page < 6; page++) {
		late = page & 1;
		begin_atomic(&x);
		shim_wait = 3 + page / 2;
		shim_meanwhile = write_all;
		take_image();
		assert_null(shim_meanwhile);
		check_image('a');
		weir_volatile_keep(x.v, false);
		end(&x);
	}
}

/* A page is replaced, taken out or erased while somebody reads it: he reads again. */
static void who_reads_a_page_that_changes_reads_again(void **state)
{
	struct weir_store_reader r;
	struct world x;
	char got[4096];
	int how;

	for (how = 0; how < 3; how++) {
		begin(&x, 1 << 20);
		assert_int_equal(put(&x, 0, 8, 'a', false, false), 0);
		weir_store_read_begin(&x.store, 0, &r);
		weir_store_get(&x.store, &r, 0, got, 1000);
		if (how == 2)
			weir_volatile_erase(x.v, 0, 4096, true);
		else
			assert_int_equal(put(&x, 0, 8, how ? 0 : 'b', false, false), 0);
		weir_store_get(&x.store, &r, 1000, got + 1000, 3096);
		assert_true(got[0] != got[4095]);
		assert_true(weir_store_read_again(&r));
		weir_store_get(&x.store, &r, 0, got, 4096);
		assert_false(weir_store_read_again(&r));
		assert_int_equal(got[0], how ? 0 : 'b');
		assert_memory_equal(got, got + 1, 4095);
		end(&x);
	}
}

/* Where there is not even a table there is nothing to discard; what comes after it is. */
static void holes_are_passed_over(void **state)
{
	const u64 leaf = 1 << 20, first = leaf - 4096, far = 3 * leaf;
	struct world x = { 0 };
	struct weir_write *w;

	weir_store_init(100000);
	assert_int_equal(weir_store_resize(&x.store, 4 * leaf, BLOCK, 0), 0);
	x.v = weir_volatile_new(&x.store, &x.clock, 1 << 20, BLOCK);
	assert_non_null(x.v);
	w = weir_volatile_begin(x.v, 0, false, false, true);
	assert_int_equal(weir_volatile_put(x.v, w, first, 4096, fill, "a", true), 0);
	assert_int_equal(weir_volatile_put(x.v, w, far, 2 * 4096, fill, "a", true), 0);
	assert_int_equal(weir_volatile_discard(x.v, w, first, far + 4096 - first, true), 0);
	weir_volatile_done(x.v, w);
	assert_int_equal(block_of(&x.store, first / BLOCK), 0);
	assert_int_equal(block_of(&x.store, far / BLOCK), 0);
	assert_int_equal(block_of(&x.store, far / BLOCK + 8), 'a');
	assert_int_equal(atomic_long_read(&x.store.nr_tables), 3);
	/* Of four tables, the two that are there; somebody else may come after each page. */
	shim_scheduled = 0;
	weir_volatile_erase(x.v, 0, 4 * leaf, true);
	assert_int_equal(shim_scheduled, 2 * leaf / 4096);
	weir_volatile_erase(x.v, 0, 4 * leaf, false);
	assert_int_equal(shim_scheduled, 2 * leaf / 4096);
	assert_int_equal(block_of(&x.store, far / BLOCK + 8), 0);
	end(&x);
}

static void a_cache_may_not_be_had(void **state)
{
	const long before = shim_held;
	atomic64_t clock = { 0 };
	struct weir_store store = { 0 };
	long n;

	for (n = 0; n < 3; n++) {
		shim_fail = n;
		assert_null(weir_volatile_new(&store, &clock, 1 << 20, BLOCK));
		assert_int_equal(shim_held, before);
	}
	shim_fail = -1;
	weir_volatile_free(NULL);
}

const struct CMUnitTest volatile_tests[] = {
	cmocka_unit_test(a_cut_leaves_what_it_may),
	cmocka_unit_test(every_moment_can_be_gone_back_to),
	cmocka_unit_test(without_memory_nothing_is_lost),
	cmocka_unit_test(what_cannot_be_recorded_is_durable),
	cmocka_unit_test(a_full_cache_destages_the_oldest),
	cmocka_unit_test(flushed_writes_do_not_fill_a_cache),
	cmocka_unit_test(an_erased_block_is_nowhere),
	cmocka_unit_test(what_is_listed_as_garbage_is_garbage),
	cmocka_unit_test(a_whole_block_is_garbage),
	cmocka_unit_test(a_survey_finds_what_may_be_lost),
	cmocka_unit_test(an_image_may_not_be_had),
	cmocka_unit_test(what_has_no_record_at_all_is_durable),
	cmocka_unit_test(who_may_not_sleep_comes_back),
	cmocka_unit_test(memory_does_not_tear_an_atomic_write),
	cmocka_unit_test(an_image_does_not_tear_an_atomic_write),
	cmocka_unit_test(who_reads_a_page_that_changes_reads_again),
	cmocka_unit_test(holes_are_passed_over),
	cmocka_unit_test(a_cache_may_not_be_had),
};

const size_t nr_volatile_tests = sizeof(volatile_tests) / sizeof(*volatile_tests);
