// SPDX-License-Identifier: GPL-2.0
/*
 * Fault rules under I/O.
 *
 * One lock for the disk: rules count requests in the order in which they come, so
 * that their users have to wait for each other. It is taken inside no other lock,
 * also from hard interrupts, and nothing is called with it held.
 *
 * A request that waits is on one of three lists (held, delayed, stuck), whose
 * owner takes it off: release, the timer, the block layer's time-out, or the disk
 * that goes away. Its work has not been done, as in dm-delay: what is held is not on
 * the disk yet. When the wait is over a worker does it, because bytes are not moved
 * from interrupts.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/slab.h>

#include "compat/blk.h"
#include "compat/hrtimer.h"
#include "fault/attr.h"
#include "fault/rule.h"

#include "back.h"
#include "cmd.h"
#include "disk.h"
#include "hctx.h"
#include "inject.h"
#include "take.h"

/**
 * struct weir_inject - a disk's faults
 * @lock: protects all of it
 * @nr: how many of @rule there are
 * @removals: how often all have been removed: it tells who has met one of them from who
 *            has met a rule that is there
 * @stopped: the disk goes away, or is off: nobody waits
 * @refuse: the next to be requeued is refused instead
 * @rule: the rules, the oldest first
 * @attr: null_blk's attributes
 * @held: requests that wait for a release, in the order in which they came
 * @delayed: those that wait for their time, the earliest first
 * @stuck: those that wait for the block layer's time-out
 * @armed_ns: the time @timer is set to, U64_MAX when it is not
 * @timer: for the first of @delayed
 */
struct weir_inject {
	spinlock_t lock; /* see above */
	u32 nr;
	u32 removals;
	bool stopped;
	bool refuse;
	struct weir_rule rule[WEIR_RULES_MAX];
	struct weir_fault_attr attr[WEIR_NR_ATTRS];
	struct list_head held;
	struct list_head delayed;
	struct list_head stuck;
	u64 armed_ns;
	struct hrtimer timer;
};

static struct weir_fault *fault_of(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	return &cmd->fault;
}

/* Which request meets which fault */

static enum weir_rule_op op_of(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return WEIR_RULE_READ;
	case REQ_OP_FLUSH:
		return WEIR_RULE_FLUSH;
	case REQ_OP_DISCARD:
		return WEIR_RULE_DISCARD;
	case REQ_OP_SECURE_ERASE:
		return WEIR_RULE_SECURE_ERASE;
	case REQ_OP_WRITE_ZEROES:
		return WEIR_RULE_WRITE_ZEROES;
	default:
		return WEIR_RULE_WRITE;
	}
}

/* From the first sector to the last one, where a discard has several ranges */
static u64 span(struct request *rq, u64 *first)
{
	u64 begin = blk_rq_pos(rq), end = begin + blk_rq_sectors(rq);
	struct bio *bio;

	if (req_op(rq) == REQ_OP_DISCARD) {
		__rq_for_each_bio(bio, rq) {
			begin = min_t(u64, begin, bio->bi_iter.bi_sector);
			end = max_t(u64, end, bio_end_sector(bio));
		}
	}
	*first = blk_rq_sectors(rq) ? begin : 0;
	return blk_rq_sectors(rq) ? end - begin : 0;
}

static blk_status_t blk_status(enum weir_rule_status status)
{
	static const blk_status_t of[] = {
		[WEIR_RULE_STS_NOTSUPP] = BLK_STS_NOTSUPP,
		[WEIR_RULE_STS_TIMEOUT] = BLK_STS_TIMEOUT,
		[WEIR_RULE_STS_NOSPC] = BLK_STS_NOSPC,
		[WEIR_RULE_STS_TRANSPORT] = BLK_STS_TRANSPORT,
		[WEIR_RULE_STS_TARGET] = BLK_STS_TARGET,
		[WEIR_RULE_STS_RESV_CONFLICT] = WEIR_STS_RESV_CONFLICT,
		[WEIR_RULE_STS_MEDIUM] = BLK_STS_MEDIUM,
		[WEIR_RULE_STS_PROTECTION] = BLK_STS_PROTECTION,
		[WEIR_RULE_STS_RESOURCE] = BLK_STS_RESOURCE,
		[WEIR_RULE_STS_IOERR] = BLK_STS_IOERR,
		[WEIR_RULE_STS_AGAIN] = BLK_STS_AGAIN,
		[WEIR_RULE_STS_DEV_RESOURCE] = BLK_STS_DEV_RESOURCE,
		[WEIR_RULE_STS_ZONE_OPEN_RESOURCE] = BLK_STS_ZONE_OPEN_RESOURCE,
		[WEIR_RULE_STS_ZONE_ACTIVE_RESOURCE] = BLK_STS_ZONE_ACTIVE_RESOURCE,
		[WEIR_RULE_STS_OFFLINE] = BLK_STS_OFFLINE,
		[WEIR_RULE_STS_DURATION_LIMIT] = WEIR_STS_DURATION_LIMIT,
		[WEIR_RULE_STS_INVAL] = WEIR_STS_INVAL,
	};

	return of[status];
}

bool weir_inject_knows(const struct weir_rule *rule)
{
	return rule->act != WEIR_ACT_STATUS || blk_status(rule->status) != BLK_STS_OK;
}

static void take_rule(struct weir_fault *f, const struct weir_rule *r, u32 removals)
{
	*f = (struct weir_fault){
		.act = r->act,
		.hold = r->hold,
		.status = r->act == WEIR_ACT_STATUS ? blk_status(r->status) : BLK_STS_OK,
		.removals = removals,
		.bits = r->corrupt,
		.draw = weir_rule_random(~r->seed, r->hits),
		.away = r->misdirect,
		.until_ns = r->delay_ns ? ktime_get_ns() + r->delay_ns : 0,
	};
}

/* As null_blk: both are asked, and who is requeued does not time out. */
static void take_attrs(struct weir_fault *f, struct weir_inject *in)
{
	if (weir_fault_attr_fails(&in->attr[WEIR_ATTR_TIMEOUT]))
		f->act = WEIR_ACT_TIMEOUT;
	if (weir_fault_attr_fails(&in->attr[WEIR_ATTR_REQUEUE]))
		f->act = WEIR_ACT_REQUEUE;
}

enum weir_next weir_inject(struct weir_disk *wd, struct request *rq, bool may_refuse)
{
	struct weir_inject *in = wd->inject;
	struct weir_fault *f = fault_of(rq);
	enum weir_next next = WEIR_GO_ON;
	const struct weir_rule *r;
	unsigned long flags;
	u64 first, nr;

	if (!weir_inject_any(wd))
		return WEIR_GO_ON;
	nr = span(rq, &first);
	spin_lock_irqsave(&in->lock, flags);
	if (!in->stopped) {
		r = weir_rules_hit(in->rule, in->nr, op_of(rq), first, nr);
		if (r)
			take_rule(f, r, in->removals);
		else
			take_attrs(f, in);
	}
	if (f->act == WEIR_ACT_REQUEUE) {
		memset(f, 0, sizeof(*f));
		in->refuse = !in->refuse;
		next = in->refuse && may_refuse ? WEIR_REFUSED : WEIR_TAKEN;
	} else if (f->act == WEIR_ACT_TIMEOUT) {
		f->status = BLK_STS_TIMEOUT;
		next = WEIR_WAITS;
	} else if (f->hold || f->until_ns) {
		next = WEIR_WAITS;
	}
	spin_unlock_irqrestore(&in->lock, flags);
	if (next == WEIR_TAKEN)
		blk_mq_requeue_request(rq, true);
	return next;
}

bool weir_inject_init_hctx(struct weir_disk *wd)
{
	struct weir_inject *in = wd->inject;
	bool fails;

	spin_lock_irq(&in->lock);
	fails = weir_fault_attr_fails(&in->attr[WEIR_ATTR_INIT_HCTX]);
	spin_unlock_irq(&in->lock);
	return fails;
}

/* Waiting. Callers of these hold in->lock. */

static void arm(struct weir_inject *in, u64 not_before_ns)
{
	struct request *rq = list_first_entry_or_null(&in->delayed, struct request, queuelist);
	u64 at_ns;

	if (!rq)
		return;
	at_ns = max(fault_of(rq)->until_ns, not_before_ns);
	if (at_ns >= in->armed_ns)
		return;
	in->armed_ns = at_ns;
	hrtimer_start(&in->timer, ns_to_ktime(in->armed_ns), HRTIMER_MODE_ABS);
}

/* Most are due after all that are there already. */
static void add_delayed(struct weir_inject *in, struct request *rq)
{
	struct request *before;

	list_for_each_entry_reverse(before, &in->delayed, queuelist)
		if (fault_of(before)->until_ns <= fault_of(rq)->until_ns)
			break;
	/* Behind it; at the head of the list if there is none. */
	list_add(&rq->queuelist, &before->queuelist);
	arm(in, 0);
}

static void take_off(struct request *rq, struct list_head *to)
{
	struct weir_fault *f = fault_of(rq);

	f->waits = false;
	f->waited = true;
	f->hold = false;
	f->until_ns = 0;
	list_move_tail(&rq->queuelist, to);
}

/* So many are taken off at a time, as interrupts are off meanwhile. */
#define MOST_AT_ONCE 64

/* Return: true if there are more. */
static noinline bool take_some_off(struct list_head *from, struct list_head *to)
{
	struct request *rq, *next;
	u32 n = 0;

	list_for_each_entry_safe(rq, next, from, queuelist) {
		if (n++ == MOST_AT_ONCE)
			return true;
		take_off(rq, to);
	}
	return false;
}

/* The wait is over. Without locks, from any context. */
static void let_go(struct list_head *list)
{
	struct request *rq, *next;

	list_for_each_entry_safe(rq, next, list, queuelist) {
		list_del_init(&rq->queuelist);
		weir_defer(rq->mq_hctx->driver_data, rq);
	}
}

/* All that wait there are let go. In process context, without locks. */
static void let_all_go(struct weir_inject *in, struct list_head *from)
{
	bool more;

	do {
		LIST_HEAD(some);

		spin_lock_irq(&in->lock);
		more = take_some_off(from, &some);
		spin_unlock_irq(&in->lock);
		let_go(&some);
	} while (more);
}

static enum hrtimer_restart inject_timer(struct hrtimer *timer)
{
	struct weir_inject *in = container_of(timer, struct weir_inject, timer);
	const u64 now_ns = ktime_get_ns();
	struct request *rq, *next;
	unsigned long flags;
	LIST_HEAD(due);
	u32 n = 0;

	spin_lock_irqsave(&in->lock, flags);
	in->armed_ns = U64_MAX;
	list_for_each_entry_safe(rq, next, &in->delayed, queuelist) {
		if (fault_of(rq)->until_ns > now_ns || n++ == MOST_AT_ONCE)
			break;
		take_off(rq, &due);
	}
	arm(in, n > MOST_AT_ONCE ? now_ns + WEIR_BREATH_NS : 0);
	spin_unlock_irqrestore(&in->lock, flags);
	let_go(&due);
	return HRTIMER_NORESTART;
}

bool weir_inject_wait(struct weir_disk *wd, struct request *rq)
{
	struct weir_inject *in = wd->inject;
	struct weir_fault *f = fault_of(rq);
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&in->lock, flags);
	/* A rule that has been removed since has let go of all that it held. */
	waits = !in->stopped &&
		(f->act == WEIR_ACT_TIMEOUT || f->removals == in->removals);
	f->waits = waits;
	if (!waits) {
		f->hold = false;
		f->until_ns = 0;
	} else if (f->act == WEIR_ACT_TIMEOUT) {
		list_add_tail(&rq->queuelist, &in->stuck);
	} else if (f->hold) {
		f->since_ns = ktime_get_ns();
		list_add_tail(&rq->queuelist, &in->held);
	} else {
		add_delayed(in, rq);
	}
	spin_unlock_irqrestore(&in->lock, flags);
	return waits;
}

bool weir_inject_cancel(struct weir_disk *wd, struct request *rq)
{
	struct weir_inject *in = wd->inject;
	struct weir_fault *f = fault_of(rq);
	unsigned long flags;
	bool ours;

	spin_lock_irqsave(&in->lock, flags);
	ours = f->waits;
	if (ours) {
		list_del_init(&rq->queuelist);
		memset(f, 0, sizeof(*f));
	}
	spin_unlock_irqrestore(&in->lock, flags);
	return ours;
}

/* Making, changing and unmaking */

int weir_inject_create(struct weir_disk *wd)
{
	struct weir_inject *in = kzalloc(sizeof(*in), GFP_KERNEL);
	int i;

	if (!in)
		return -ENOMEM;
	spin_lock_init(&in->lock);
	INIT_LIST_HEAD(&in->held);
	INIT_LIST_HEAD(&in->delayed);
	INIT_LIST_HEAD(&in->stuck);
	for (i = 0; i < WEIR_NR_ATTRS; i++)
		weir_fault_attr_init(&in->attr[i]);
	in->stopped = true;
	in->armed_ns = U64_MAX;
	weir_hrtimer_setup(&in->timer, inject_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	wd->inject = in;
	return 0;
}

void weir_inject_destroy(struct weir_disk *wd)
{
	hrtimer_cancel(&wd->inject->timer);
	kfree(wd->inject);
	wd->inject = NULL;
}

void weir_inject_stop(struct weir_disk *wd)
{
	struct weir_inject *in = wd->inject;

	spin_lock_irq(&in->lock);
	in->stopped = true;
	spin_unlock_irq(&in->lock);
	let_all_go(in, &in->held);
	let_all_go(in, &in->delayed);
	let_all_go(in, &in->stuck);
}

void weir_inject_start(struct weir_disk *wd)
{
	spin_lock_irq(&wd->inject->lock);
	wd->inject->stopped = false;
	spin_unlock_irq(&wd->inject->lock);
}

bool weir_inject_add(struct weir_disk *wd, const struct weir_rule *rule)
{
	struct weir_inject *in = wd->inject;
	bool fits;

	spin_lock_irq(&in->lock);
	fits = in->nr < WEIR_RULES_MAX;
	if (fits)
		in->rule[in->nr++] = *rule;
	spin_unlock_irq(&in->lock);
	return fits;
}

void weir_inject_removeall(struct weir_disk *wd)
{
	struct weir_inject *in = wd->inject;

	spin_lock_irq(&in->lock);
	in->nr = 0;
	in->removals++;
	spin_unlock_irq(&in->lock);
	let_all_go(in, &in->held);
	let_all_go(in, &in->delayed);
}

/*
 * Some of those that @which means and that were there at @now_ns, and takes them from *left.
 * Caller holds in->lock. Return: true if there may be more.
 */
static noinline bool take_some_covered(struct weir_inject *in, const struct weir_rule *which,
				       u64 now_ns, u64 *left, struct list_head *to)
{
	struct request *rq, *next;
	u32 n = 0;
	u64 first, nr;

	list_for_each_entry_safe(rq, next, &in->held, queuelist) {
		if (!*left || fault_of(rq)->since_ns > now_ns)
			return false;
		nr = span(rq, &first);
		if (!weir_rule_covers(which, op_of(rq), first, nr))
			continue;
		if (n++ == MOST_AT_ONCE)
			return true;
		take_off(rq, to);
		--*left;
	}
	return false;
}

void weir_inject_release(struct weir_disk *wd, const struct weir_rule *which)
{
	struct weir_inject *in = wd->inject;
	u64 left = which->times ?: U64_MAX, now_ns = ktime_get_ns();
	bool more;

	do {
		LIST_HEAD(released);

		spin_lock_irq(&in->lock);
		more = take_some_covered(in, which, now_ns, &left, &released);
		spin_unlock_irq(&in->lock);
		let_go(&released);
	} while (more);
}

/* What there is */

bool weir_inject_any(const struct weir_disk *wd)
{
	const struct weir_inject *in = wd->inject;

	return READ_ONCE(in->nr) || READ_ONCE(in->attr[WEIR_ATTR_TIMEOUT].probability) ||
	       READ_ONCE(in->attr[WEIR_ATTR_REQUEUE].probability);
}

u32 weir_inject_rules(struct weir_disk *wd, struct weir_rule *to)
{
	struct weir_inject *in = wd->inject;
	u32 nr;

	spin_lock_irq(&in->lock);
	nr = in->nr;
	memcpy(to, in->rule, nr * sizeof(*to));
	spin_unlock_irq(&in->lock);
	return nr;
}

static u32 length(struct list_head *list)
{
	struct list_head *pos;
	u32 n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

void weir_inject_waiting(struct weir_disk *wd, u32 *held, u32 *delayed, u32 *stuck)
{
	struct weir_inject *in = wd->inject;

	spin_lock_irq(&in->lock);
	*held = length(&in->held);
	*delayed = length(&in->delayed);
	*stuck = length(&in->stuck);
	spin_unlock_irq(&in->lock);
}

struct weir_fault_attr weir_inject_attr(struct weir_disk *wd, enum weir_attr which)
{
	struct weir_fault_attr a;

	spin_lock_irq(&wd->inject->lock);
	a = wd->inject->attr[which];
	spin_unlock_irq(&wd->inject->lock);
	return a;
}

void weir_inject_set_attr(struct weir_disk *wd, enum weir_attr which,
			  const struct weir_fault_attr *a)
{
	spin_lock_irq(&wd->inject->lock);
	wd->inject->attr[which] = *a;
	spin_unlock_irq(&wd->inject->lock);
}
