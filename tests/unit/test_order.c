// SPDX-License-Identifier: GPL-2.0
/*
 * Who is next on a disk with an arm (order.c): what the tree finds is what is found by
 * looking at all that wait, and it does not look at all of them.
 */
#include <linux/rbtree_augmented.h>

#include "unit.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* In place of weir_iosched.h: what order.c needs of it, and of the block layer. */
#define WEIR_IOSCHED_H
#define WEIR_FLOWS 1024
#define WEIR_LEVELS 2
#define WEIR_ARM_WORK 0x200000
#define BUILD_BUG_ON(wrong) _Static_assert(!(wrong), "")
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define SZ_64K 0x10000
#define list_del_init(e) (list_del(e), INIT_LIST_HEAD(e))
#define jiffies 0UL

typedef u64 sector_t;
enum weir_level { FIRST, SECOND };
enum { WEIR_OP_READ };

struct weir_rq {
	u32 cost;
	u16 flow;
	u8 level;
	u64 start;
};

struct request {
	struct weir_rq own;
	sector_t sector;
	unsigned int bytes;
	struct list_head queuelist;
	struct rb_node rb_node;
	bool waits;
};

struct weir_line {
	struct rb_root_cached sorted;
	unsigned int nr;
	unsigned long served_at;
};

struct weir_queue {
	bool rotational, single;
	struct { u32 base_ns; } cost[WEIR_OP_READ + 1];
};

struct weir_stage {
	struct weir_queue *wq;
	struct list_head recent;
	struct weir_line line[WEIR_LEVELS];
	sector_t batch_at;
	enum weir_level batch_level;
	u64 batch_left;
};

/* How many requests order.c has looked at */
static unsigned int looked;

static struct weir_rq *weir_rq(struct request *rq)
{
	return &rq->own;
}

static sector_t blk_rq_pos(struct request *rq)
{
	looked++;
	return rq->sector;
}

static u32 weir_rq_cost(struct weir_queue *wq, struct request *rq)
{
	return rq->own.cost;
}

static unsigned int blk_rq_bytes(struct request *rq)
{
	return rq->bytes;
}

u64 weir_order_start(struct weir_stage *s, enum weir_level level);

#include <iosched/order.c>

#define MOST 1500
static struct request all[MOST];
static struct weir_queue disk = { .rotational = true, .cost = { { 640 } } };
static struct weir_stage stage;

static sector_t last;	/* where the last request went */

static u32 seed;

static u32 below(u32 n)
{
	seed = seed * 1664525 + 1013904223;
	return (u64)seed * n >> 32;
}

static void begin(void)
{
	int i;

	seed = 7;
	stage = (struct weir_stage){ .wq = &disk };
	for (i = 0; i < MOST; i++)
		all[i].waits = false;
	for (i = 0; i < WEIR_LEVELS; i++)
		stage.line[i].sorted = RB_ROOT_CACHED;
}

static bool is_of(struct request *rq, enum weir_level level)
{
	return rq->waits && rq->own.level == level;
}

/* Two of one sector, or of one start, are as good as each other: what is returned is one. */
static struct request *by_looking_at_all(enum weir_level level, bool *goes_on)
{
	struct request *least = NULL, *next = NULL, *rq;
	bool several = false;

	for (rq = all; rq < all + MOST; rq++)
		if (is_of(rq, level) && (!least || is_later(least->own.start, rq->own.start)))
			least = rq;
	for (rq = all; rq < all + MOST; rq++)
		several |= is_of(rq, level) && rq->own.flow != least->own.flow;
	for (rq = all; rq < all + MOST; rq++)
		if (stage.batch_left && stage.batch_level == level && is_of(rq, level) &&
		    rq->sector >= last && (!next || rq->sector < next->sector) &&
		    (!several || (s64)(rq->own.start - least->own.start) <= AHEAD))
			next = rq;
	assert_true(weir_order_start(&stage, level) == least->own.start);
	*goes_on = next;
	return next ?: least;
}

static void put_in(struct request *rq, u64 start, u32 flows)
{
	rq->sector = below(4) ? below(1U << 30) : below(50);
	rq->own.flow = below(flows);
	rq->own.level = !below(6);
	rq->own.start = start;
	rq->own.cost = below(768);
	rq->bytes = 1 + below(0x20000);
	rq->waits = true;
	weir_order_add(&stage, rq);
}

static void take_out(struct request *rq)
{
	weir_order_del(&stage, rq);
	rq->waits = false;
}

/* A bio joins it at its front. */
static void move(struct request *rq)
{
	rq->sector -= rq->sector < 8 ? rq->sector : 8;
	weir_order_moved(&stage, rq);
}

static void dispatch(enum weir_level level)
{
	bool goes_on;
	struct request *wanted = by_looking_at_all(level, &goes_on);
	struct request *rq = weir_order_first(&stage, level);

	if (goes_on)
		assert_true(rq->sector == wanted->sector);
	else
		assert_true(rq->own.start == wanted->own.start);
	weir_order_dispatched(&stage, rq, below(2));
	last = rq->sector;
	take_out(rq);
}

static void as_if_all_were_looked_at(void **state)
{
	u64 base = -(1ULL << 35);	/* start times go past zero meanwhile */
	unsigned int i, level;

	begin();
	for (i = 0; i < 60000; i++) {
		struct request *rq = &all[below(MOST)];

		base += below(WEIR_ARM_WORK);
		if (!rq->waits)
			put_in(rq, base + (u64)below(2 * BATCH) * WEIR_ARM_WORK, 1 + i / 6000);
		else if (!below(4))
			take_out(rq);
		else if (!below(3))
			move(rq);
		level = !below(4);
		if (below(2) && stage.line[level].nr)
			dispatch(level);
	}
	assert_true(base < 1ULL << 40);
}

/* Two with much, of which one is far ahead: most requests are of no use to the batch. */
static void the_many_cost_no_more(void **state)
{
	unsigned int i, least = 0;
	struct request *rq;

	begin();
	for (i = 0; i < 1024; i++) {
		put_in(&all[i], (u64)i * WEIR_ARM_WORK, 2);
		least += !all[i].own.level;
	}
	assert_true(least > 700);
	for (looked = 0, i = 0; i < least; i++) {
		rq = weir_order_first(&stage, FIRST);
		weir_order_dispatched(&stage, rq, true);
		take_out(rq);
	}
	if (looked >= 50 * least)
		fail_msg("%u requests looked at in a dispatch", looked / least);
}

/* Small ones, one behind the other, that cost nothing: a request elsewhere gets its turn. */
static void a_stream_has_an_end(void **state)
{
	struct request *far = &all[0], *rq;
	unsigned int i;

	begin();
	*far = (struct request){ .sector = 10, .waits = true };
	for (i = 0; i < 64 * BATCH + 2; i++) {
		rq = &all[1 + i % 2];
		*rq = (struct request){ .sector = 1000 + 8 * i, .bytes = 4096, .own.start = i };
		weir_order_add(&stage, rq);
		if (i == 1)
			weir_order_add(&stage, far);
		if (i)
			rq = weir_order_first(&stage, FIRST);
		if (rq == far)
			return;
		weir_order_dispatched(&stage, rq, false);
		weir_order_del(&stage, rq);
	}
	fail_msg("it still waits after %u others", i);
}

const struct CMUnitTest order_tests[] = {
	cmocka_unit_test(a_stream_has_an_end),
	cmocka_unit_test(as_if_all_were_looked_at),
	cmocka_unit_test(the_many_cost_no_more),
};

const size_t nr_order_tests = ARRAY_SIZE(order_tests);
