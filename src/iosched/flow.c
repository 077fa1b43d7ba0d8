// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: who asks, how much they used lately, and when their next request starts in
 * virtual time.
 *
 * - Groups' weights (group.c) and ionice's levels make a flow's share, by the tick.
 * - A flow has one of WEIR_FLOWS places in sets of WAYS: found by its key, or taken
 *   from whoever of the set has no request now and used its place longest ago. Only
 *   when more than WAYS flows of a set have requests at once do two share a place.
 * - Virtual time is in bytes. A request starts when the flow's last one finished, or now
 *   if that is long past; it finishes its charge, over the flow's share of the disk,
 *   later. Whoever is new, or was idle, starts now: before those with a backlog.
 * - The charge is a request's work (weir_work()), and WEIR_ARM_WORK more where an arm moves
 *   for it.
 * - What a flow used is a sum of costs that leaks by 1/LEAK of real time. A flow that has
 *   used no more than LIGHT_READS reads of 64 KiB cost is light where others are active: a
 *   program that starts, a shell. Who has more than LIGHT_NR requests at once, or one of
 *   more than LIGHT_BYTES, counts as one that has used twice that: a copy that pauses
 *   remains what it is. Light flows make others narrow (credit.c), and all of them together
 *   have a budget for that: so many ns of every LIGHT_PART, and twice LIGHT_READS at most.
 *   Beyond it they are of best effort.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "weir_iosched.h"

#define WAYS		8
#define KEY_IDLE	BIT(1)
#define SET_BITS	(WEIR_FLOW_BITS - 3)
#define LEAK_SHIFT	4
#define LIGHT_READS	640
#define LIGHT_NR	4
#define LIGHT_BYTES	SZ_256K
#define LIGHT_MIN_NS	(50 * NSEC_PER_MSEC)
#define LIGHT_MAX_NS	(4 * NSEC_PER_SEC)
#define LIGHT_PART	20
/* So often it is looked whether places still need their groups. */
#define RELEASE_JIFFIES	(2 * HZ)
/* A flow that has used nothing for so long is not active. */
#define ACTIVE_JIFFIES	(HZ / 5)
#define INVERSE_SHIFT	8
/*
 * So much a sparse flow may be ahead of virtual time: that stands still while a flow
 * catches up whose CPU was slow to run it.
 */
#define AHEAD		SZ_8M

/*
 * The control group, the thread group, ionice's class, and whether it writes. A place
 * holds a reference to its group: no other one gets the same address meanwhile.
 */
static u64 key_of(struct weir_group *group, u32 tgid, enum weir_class class,
		  enum weir_level level)
{
	u64 key = (u64)tgid << 3 | (level == WEIR_RT) << 2 | (class != WEIR_READ);

	if (level == WEIR_IDLE)
		key |= KEY_IDLE;

	return key ^ (u64)(unsigned long)group >> 6 << 25;
}

/* Whose key that is */
u32 weir_flow_tgid(const struct weir_flow *flow)
{
	return (flow->key ^ (u64)(unsigned long)flow->group >> 6 << 25) >> 3 &
	       (BIT(22) - 1);
}

static struct weir_flow *set_of(struct weir_queue *wq, u64 key)
{
	return &wq->flows[hash_64(key, SET_BITS) * WAYS];
}

/*
 * The flow with that key, pinned, or NULL. Pinned before it is looked at again: a
 * place that is pinned is not taken. Whoever takes one at that very moment shares it
 * with the flow that had it, until the requests of these two are over.
 */
static struct weir_flow *find(struct weir_flow *set, u64 key)
{
	int i;

	for (i = 0; i < WAYS; i++) {
		if (READ_ONCE(set[i].key) != key)
			continue;
		atomic_inc(&set[i].nr);
		smp_mb__after_atomic();	/* pinned, then the key */
		if (likely(READ_ONCE(set[i].key) == key))
			return &set[i];
		atomic_dec(&set[i].nr);
	}
	return NULL;
}

/* The place whose flow has no request and was used longest ago; NULL: all have. */
static struct weir_flow *oldest_idle(struct weir_flow *set)
{
	struct weir_flow *oldest = NULL;
	int i;

	for (i = 0; i < WAYS; i++)
		if (!atomic_read(&set[i].nr) &&
		    (!oldest || time_before(READ_ONCE(set[i].used_at),
					    READ_ONCE(oldest->used_at))))
			oldest = &set[i];
	return oldest;
}

/* The place is a new flow's, which has been pinned. */
static void begin(struct weir_queue *wq, struct weir_flow *flow, enum weir_level level,
		  struct weir_group *group, u64 key)
{
	struct weir_group *old = flow->group;

	WRITE_ONCE(flow->used, 0);
	WRITE_ONCE(flow->used_at, jiffies);
	atomic64_set(&flow->finish, READ_ONCE(*weir_vtime(wq, level)));
	WRITE_ONCE(flow->inverse, 1U << INVERSE_SHIFT);
	weir_group_get(group);
	WRITE_ONCE(flow->group, group);
	if (group && !delayed_work_pending(&wq->release))
		schedule_delayed_work(&wq->release, RELEASE_JIFFIES);
	WRITE_ONCE(flow->key, key);
	/* The tick may be looking at it: it is there until the end of a grace period. */
	weir_group_put(old);
}

static struct weir_flow *pin(struct weir_queue *wq, struct request *rq, u64 key,
			     enum weir_level level)
{
	struct weir_flow *set = set_of(wq, key), *flow;

	flow = find(set, key);
	if (likely(flow))
		return flow;
	while ((flow = oldest_idle(set)))
		if (!atomic_cmpxchg(&flow->nr, 0, 1))
			break;
	if (!flow) {
		flow = &set[key % WAYS];
		atomic_inc(&flow->nr);
		return flow;
	}
	begin(wq, flow, level, weir_group_of(rq->bio), key);
	return flow;
}

/* What a flow has used, less what has leaked since. ns */
static u64 used_now(struct weir_flow *flow, unsigned long now)
{
	u64 used = READ_ONCE(flow->used);
	unsigned long since = now - READ_ONCE(flow->used_at);
	u64 leak = (u64)since * (NSEC_PER_SEC / HZ) >> LEAK_SHIFT;

	return used > leak ? used - leak : 0;
}

/* It is a copy, a scan or the like, for some time. */
static void is_bulk(struct weir_queue *wq, struct weir_flow *flow)
{
	WRITE_ONCE(flow->used, 2 * READ_ONCE(wq->light_limit));
	WRITE_ONCE(flow->used_at, jiffies);
}

static bool is_light(struct weir_queue *wq, struct weir_flow *flow, unsigned int bytes)
{
	u64 limit = READ_ONCE(wq->light_limit);

	if (atomic_read(&flow->nr) > LIGHT_NR || bytes > LIGHT_BYTES) {
		is_bulk(wq, flow);
		return false;
	}
	if (READ_ONCE(flow->used) >= limit && used_now(flow, jiffies) >= limit)
		return false;
	return atomic64_read(&wq->light_budget) > 0;
}

/* Nobody has looked whether BE is active: it may be. */
static void first_idle(struct weir_queue *wq)
{
	WRITE_ONCE(wq->has_idle, true);
	weir_credit_active(wq, WEIR_BE, weir_now());
}

/*
 * A request is inserted: whose it is, and its level. One that comes back from the
 * driver is what it was. The operation and the bio may be others than when it got its
 * tag (a plug allocates requests ahead), the thread group may not.
 */
void weir_classify(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	unsigned int ioprio = req_get_ioprio(rq), bytes = blk_rq_bytes(rq);
	enum weir_class class = weir_class(rq->cmd_flags);
	enum weir_level level = weir_level(ioprio, class);
	u8 weight = IOPRIO_NR_LEVELS - IOPRIO_PRIO_LEVEL(ioprio);
	bool prepared = weir_prepared(rq);
	struct weir_flow *flow;

	if (unlikely(prepared && r->pinned))
		return;
	flow = pin(wq, rq, key_of(weir_group_of(rq->bio), prepared ? r->tgid : current->tgid,
				  class, level), level);
	if (unlikely(READ_ONCE(flow->weight) != weight))
		WRITE_ONCE(flow->weight, weight);
	if (level == WEIR_BE && READ_ONCE(wq->active_flows) > 1 && is_light(wq, flow, bytes))
		level = WEIR_LIGHT;
	else if (unlikely(level == WEIR_IDLE && !READ_ONCE(wq->has_idle)))
		first_idle(wq);
	/* Nobody will tell the elevator when one that is not prepared is over. */
	if (unlikely(!prepared))
		atomic_dec(&flow->nr);
	/* All at once: it is quicker. */
	*r = (struct weir_rq){
		.cost = weir_cost_ns(&wq->cost[weir_op(class)], bytes),
		.flow = flow - wq->flows,
		.size = weir_cost_bucket(bytes),
		.pinned = prepared,
		.holder = r->holder,
		.class = class,
		.level = level,
	};
}

/* Does an arm have to move for it? A drive reads ahead for who goes on where it was. */
static bool moves(struct weir_queue *wq, struct request *rq)
{
	return wq->rotational &&
	       (u32)blk_rq_pos(rq) != READ_ONCE(wq->flows[weir_rq(rq)->flow].end);
}

static u32 charge_of(struct weir_queue *wq, struct request *rq)
{
	u64 arm = moves(wq, rq) ? WEIR_ARM_WORK : 0;

	return weir_work(weir_op(weir_rq(rq)->class), blk_rq_bytes(rq) + arm);
}

static u64 virtual(struct weir_flow *flow, u64 charge)
{
	return charge * READ_ONCE(flow->inverse) >> INVERSE_SHIFT;
}

/* rq is staged: when does it start? Its charge is in r->cost from here on. */
u64 weir_flow_start(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_flow *flow = &wq->flows[r->flow];
	u64 now = READ_ONCE(*weir_vtime(wq, r->level)), takes;
	s64 finish = atomic64_read(&flow->finish);
	u64 start;

	r->cost = charge_of(wq, rq);
	takes = virtual(flow, r->cost);
	do {
		start = finish - (s64)now > 0 ? finish : now;
	} while (!atomic64_try_cmpxchg(&flow->finish, &finish, start + takes));
	return start;
}

/* rq has got a start, and has become part of another request, which is charged for both. */
void weir_flow_merged(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	struct weir_flow *flow = &wq->flows[r->flow];

	atomic64_sub(virtual(flow, r->cost), &flow->finish);
}

/*
 * rq, with its charge in r->cost, is dispatched, and may be another one than when it was
 * staged: merged, or where the flow's last one ended. True: an arm has to move for it.
 */
bool weir_flow_dispatched(struct weir_queue *wq, struct request *rq)
{
	struct weir_flow *flow = &wq->flows[weir_rq(rq)->flow];
	u32 charge = charge_of(wq, rq), charged = weir_rq(rq)->cost;
	bool ret = moves(wq, rq);

	if (charge > charged)
		atomic64_add(virtual(flow, charge - charged), &flow->finish);
	else if (charge < charged)
		atomic64_sub(virtual(flow, charged - charge), &flow->finish);
	if (wq->rotational)
		WRITE_ONCE(flow->end, (u32)(blk_rq_pos(rq) + blk_rq_sectors(rq)));
	return ret;
}

/* Has the flow of rq, which is staged, had more than its share lately? */
bool weir_flow_is_ahead(struct weir_queue *wq, struct request *rq)
{
	struct weir_rq *r = weir_rq(rq);
	u64 start = r->start, now = READ_ONCE(*weir_vtime(wq, r->level));

	return (s64)(start - now) > (s64)virtual(&wq->flows[r->flow], AHEAD + 8ULL * r->cost);
}

/* A request of r->cost is over. */
void weir_flow_used(struct weir_queue *wq, struct weir_rq *r)
{
	struct weir_flow *flow = &wq->flows[r->flow];
	unsigned long now = jiffies;

	/* It may have grown while it was staged. */
	if (unlikely(r->size > weir_cost_bucket(LIGHT_BYTES) &&
		     READ_ONCE(flow->used) < 2 * READ_ONCE(wq->light_limit))) {
		is_bulk(wq, flow);
		return;
	}
	if (READ_ONCE(flow->used_at) == now) {
		WRITE_ONCE(flow->used, READ_ONCE(flow->used) + r->cost);
		return;
	}
	WRITE_ONCE(flow->used, used_now(flow, now) + r->cost);
	WRITE_ONCE(flow->used_at, now);
}

static bool is_active(struct weir_flow *flow)
{
	return READ_ONCE(flow->key) && (atomic_read(&flow->nr) > 0 ||
	       time_before(jiffies, READ_ONCE(flow->used_at) + ACTIVE_JIFFIES));
}

/*
 * Flows' shares of the disk, from who has requests now. A flow that has none keeps the
 * share that it had.
 */
static void share_out(struct weir_queue *wq)
{
	struct weir_flow *flow, *end = wq->flows + WEIR_FLOWS;

	rcu_read_lock();
	weir_group_begin();
	for (flow = wq->flows; flow < end; flow++) {
		flow->in_round = atomic_read(&flow->nr) > 0;
		if (!flow->in_round)
			continue;
		flow->round_group = READ_ONCE(flow->group);
		flow->round_weight = READ_ONCE(flow->weight);
		weir_group_add(flow->round_group, flow->round_weight);
	}
	for (flow = wq->flows; flow < end; flow++) {
		u32 share;

		if (!flow->in_round)
			continue;
		share = weir_group_share(flow->round_group, flow->round_weight);
		WRITE_ONCE(flow->inverse, (WEIR_SHARE_ONE << INVERSE_SHIFT) / share);
	}
	weir_group_end();
	rcu_read_unlock();
}

/*
 * A place that nobody used for a while lets its group go, once what its flow used is
 * forgotten, or the group was removed. Is there still one?
 */
static bool release(struct weir_flow *flow)
{
	struct weir_group *group = READ_ONCE(flow->group);
	bool needed;

	if (!group)
		return false;
	if (time_before(jiffies, READ_ONCE(flow->used_at) + RELEASE_JIFFIES) ||
	    atomic_cmpxchg(&flow->nr, 0, 1))
		return true;
	/* Nobody takes the place now. */
	group = flow->group;
	needed = group && used_now(flow, jiffies) && !weir_group_is_removed(group);
	if (!needed) {
		WRITE_ONCE(flow->key, 0);
		WRITE_ONCE(flow->group, NULL);
	}
	atomic_dec(&flow->nr);
	if (!needed)
		weir_group_put(group);
	return needed;
}

/* Cgroups that are removed must not stay for ever because they once used the disk. */
void weir_flows_release(struct work_struct *work)
{
	struct weir_queue *wq = container_of(to_delayed_work(work), struct weir_queue,
					     release);
	bool any = false;
	int i;

	for (i = 0; i < WEIR_FLOWS; i++)
		any |= release(&wq->flows[i]);
	if (any)
		schedule_delayed_work(&wq->release, RELEASE_JIFFIES);
}

/* No request exists any more. */
void weir_flows_exit(struct weir_queue *wq)
{
	int i;

	cancel_delayed_work_sync(&wq->release);
	for (i = 0; i < WEIR_FLOWS; i++)
		weir_group_put(wq->flows[i].group);
	kvfree(wq->flows);
}

/* By the tick. busy: somebody has waited, and shares count. */
void weir_flows_tick(struct weir_queue *wq, u64 ns, bool busy)
{
	u64 read = weir_cost_ns(&wq->cost[WEIR_OP_READ], SZ_64K);
	u64 limit = clamp_t(u64, LIGHT_READS * read, LIGHT_MIN_NS, LIGHT_MAX_NS);
	unsigned int i, active = 0;
	bool idle = false;
	s64 budget;

	for (i = 0; i < WEIR_FLOWS; i++)
		if (is_active(&wq->flows[i])) {
			active++;
			idle |= wq->flows[i].key & KEY_IDLE;
		}
	WRITE_ONCE(wq->active_flows, active);
	WRITE_ONCE(wq->has_idle, idle);
	if (busy)
		share_out(wq);

	WRITE_ONCE(wq->light_limit, limit);
	/* Spent meanwhile by completions: what is added here is not lost. */
	budget = atomic64_read(&wq->light_budget);
	atomic64_add(min_t(s64, div_u64(ns, LIGHT_PART), (s64)(2 * limit) - budget),
		     &wq->light_budget);
}
