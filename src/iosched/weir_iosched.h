/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The elevator's own types, and who provides what.
 *
 * A request's way: admit.c (it gets its tag), stage.c (it waits and merges),
 * order.c (who is next within a level), pick.c (a request is dispatched), credit.c
 * (may it go: the device window, handed to waiters), learn.c (it is complete).
 * tick.c lets the laws decide: cost.c, window.c, writeback.c, share.c. flow.c says
 * who asks and group.c for which control group; report.c tells.
 *
 * Locks: weir_stage.lock for what is staged; weir_queue.wait_lock for the waiters,
 * taken inside it. Everything else that hardware queues share is atomic, or written
 * by the tick alone.
 */
#ifndef WEIR_IOSCHED_H
#define WEIR_IOSCHED_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/ioprio.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include <compat/elevator.h>
#include <compat/hrtimer.h>

#include "cost.h"
#include "group.h"
#include "latency.h"
#include "window.h"
#include "writeback.h"

/* What a request is for. The first two have somebody waiting. */
enum weir_class {
	WEIR_READ,
	WEIR_SYNC,	/* writes that are waited for: fsync, O_DIRECT, metadata, swap */
	WEIR_WRITE,	/* background writes */
	WEIR_TRIM,	/* discards, zeroing and the rest */
	WEIR_CLASSES,
};

/*
 * Levels, from the one that goes before all others. RT, BE and IDLE are ionice's classes.
 * LIGHT is for flows of best effort that have used next to nothing lately (flow.c). BG is
 * for background writes and trims: it shares with BE by virtual time, and has a limit of
 * its own.
 */
enum weir_level {
	WEIR_RT,
	WEIR_LIGHT,
	WEIR_BE,
	WEIR_BG,
	WEIR_IDLE,
	WEIR_LEVELS,
};

/* What the device distinguishes, and costs are learned for */
enum weir_op {
	WEIR_OP_READ,
	WEIR_OP_WRITE,
	WEIR_OP_TRIM,
	WEIR_OPS,
};

extern const char *const weir_class_name[WEIR_CLASSES];
extern const char *const weir_level_name[WEIR_LEVELS];
extern const char *const weir_op_name[WEIR_OPS];

static inline enum weir_class weir_class(blk_opf_t opf)
{
	switch (opf & REQ_OP_MASK) {
	case REQ_OP_READ:
		return WEIR_READ;
	case REQ_OP_WRITE:
	case REQ_OP_ZONE_APPEND:
		if (opf & (REQ_SYNC | REQ_META | REQ_PRIO | REQ_FUA |
			   REQ_PREFLUSH | REQ_SWAP))
			return WEIR_SYNC;
		return WEIR_WRITE;
	case REQ_OP_DRV_IN:
	case REQ_OP_DRV_OUT:
		return WEIR_SYNC;	/* 6.1 has them pass here */
	default:
		return WEIR_TRIM;
	}
}

static inline enum weir_op weir_op(enum weir_class class)
{
	return class == WEIR_READ ? WEIR_OP_READ :
	       class == WEIR_TRIM ? WEIR_OP_TRIM : WEIR_OP_WRITE;
}

static inline bool weir_in_background(enum weir_class class)
{
	return class >= WEIR_WRITE;
}

/* The level of a request that is not light. */
static inline enum weir_level weir_level(unsigned int ioprio, enum weir_class class)
{
	if (IOPRIO_PRIO_CLASS(ioprio) == IOPRIO_CLASS_IDLE)
		return WEIR_IDLE;
	if (weir_in_background(class))
		return WEIR_BG;
	return IOPRIO_PRIO_CLASS(ioprio) == IOPRIO_CLASS_RT ? WEIR_RT : WEIR_BE;
}

#define WEIR_FLOW_BITS	10
#define WEIR_FLOWS	BIT(WEIR_FLOW_BITS)
#define WEIR_HOLDERS	256U

/*
 * What a request carries, in rq->elv.priv. Owned by whoever owns the request:
 * its submitter, then weir_stage.lock while it is staged, then its completion.
 */
struct weir_rq {
	union {
		u32 tgid;		/* who asked, until it is classified */
		u32 cost;		/* ns; while staged its flow's charge, bytes */
	};
	u16 flow : WEIR_FLOW_BITS;
	u16 size : 4;			/* weir_cost_bucket() */
	u16 pinned : 1;			/* in weir_flow.nr */
	u8 holder;			/* of its tag: in weir_stage.holders */
	u8 class : 2, level : 3;
	u8 staged : 1;
	u8 sent : 1;			/* dispatched, and not yet over */
	u8 charged : 1;			/* cost is in weir_queue.charged[level] */
	union {
		u64 start;		/* virtual bytes, while staged */
		u64 dispatched;		/* ktime ns, after that; 0: this one is not timed */
	};
};

static inline struct weir_rq *weir_rq(struct request *rq)
{
	BUILD_BUG_ON(sizeof(struct weir_rq) > sizeof(rq->elv.priv));
	return (struct weir_rq *)rq->elv.priv;
}

/* The thread group that threads of the kernel count as: kthreadd's */
#define WEIR_KERNEL_TGID	2

/*
 * A flow: what a thread group of a control group reads, or what it writes, at one of
 * ionice's classes. Threads of the kernel count as one thread group.
 */
struct weir_flow {
	u64 key;
	atomic64_t finish;	/* virtual bytes: where its next request starts */
	atomic_t nr;		/* its requests between insert and end; 0: may be replaced */
	u32 inverse;		/* WEIR_SHARE_ONE / its share of the disk */
	u64 used;		/* ns of cost, less what has leaked until used_at */
	unsigned long used_at;	/* jiffies; racy as used, an estimate */
	struct weir_group *group;	/* with a reference */
	u32 end;		/* sectors, low bits: where its last request ended (an arm) */
	u8 weight;		/* 1 to 8, from the level of its last ioprio */
	u8 round_weight;	/* the tick's own, as the next two */
	bool in_round;
	struct weir_group *round_group;
} ____cacheline_aligned;

#define WEIR_SHARE_ONE	65536U	/* the whole disk */

/*
 * A level of a stage, as a waiter for credit. Under weir_queue.wait_lock; granted is
 * exchanged by who takes it, and waiting peeked at, under weir_stage.lock.
 */
struct weir_waiter {
	struct rb_node node;		/* in weir_queue.waiters[level] */
	u64 start;			/* virtual bytes, of its first request */
	u32 need;			/* ns of its first request */
	u32 granted;			/* ns that were handed to it; in charged[level] */
	unsigned long granted_at;	/* jiffies */
	bool waiting;			/* in the tree */
	bool sparse;			/* its first request's flow has no other, nor had much */
	u8 level;
	struct weir_stage *stage;
};

/* The staged requests of one level. Under weir_stage.lock. order.c owns the order. */
struct weir_line {
	struct rb_root_cached sorted;	/* by start time; with an arm by sector, not cached */
	unsigned int nr;
	unsigned long served_at;	/* jiffies: the last one went, or the first one came */
	struct weir_waiter waiter;
};

/*
 * Where requests wait: one for each hardware queue, or one for all where their order
 * on the disk counts (an arm).
 */
struct weir_stage {
	/* Submitters push here, without the lock. Newest first. */
	struct llist_head inbox ____cacheline_aligned_in_smp;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct llist_node *fresh;	/* taken from the inbox, oldest first */
	unsigned int staged;		/* in urgent and in lines; peeked at */
	unsigned int dispatched;	/* since attach */
	unsigned int until_timed;	/* dispatches until the next that is timed */
	struct list_head urgent;	/* back from the driver */
	struct list_head recent;	/* staged, several hardware queues: oldest first */
	struct weir_line line[WEIR_LEVELS];
	/* A batch in sector order (order.c) */
	sector_t batch_at;		/* where it is: its last request */
	enum weir_level batch_level;
	u64 batch_left;			/* ns of device time; 0: there is none */
	/* Nothing is to be done but what is waited for. Set under both locks. */
	bool asleep;

	struct weir_queue *wq;
	struct blk_mq_hw_ctx *hctx;	/* to run when it is granted something */
	struct weir_stage *next;	/* of weir_queue.stages */
	atomic_t completed ____cacheline_aligned_in_smp;
	atomic_t holders[WEIR_HOLDERS];	/* tags by who holds them */
};

/*
 * Counted by completions, one a CPU; only ever grow, but min_ns. An interrupt
 * in between may cost a count: these are samples.
 */
struct weir_count {
	u64 latency[WEIR_CLASSES];		/* ns, of timed requests */
	u64 expected[WEIR_CLASSES];		/* ns: their costs */
	u32 done[WEIR_CLASSES][WEIR_COST_SIZES];	/* requests */
	u32 timed[WEIR_CLASSES];		/* requests */
	struct weir_cost_sample cost[WEIR_OPS][WEIR_COST_SIZES];
};

struct weir_cpu {
	struct weir_count count;
	struct weir_count seen;			/* the tick's: what it has summed up */
	struct weir_latency device[WEIR_CLASSES];	/* dispatch to completion */
	struct weir_latency total[WEIR_CLASSES];	/* tag to completion */
};

/* Knobs of queue/iosched; report.c has their units and ranges. */
struct weir_knobs {
	u64 target_ns[2];		/* read, write; 0: learned */
	u32 age_msec[WEIR_LEVELS];
};

struct weir_queue {
	struct request_queue *q;
	struct weir_flow *flows;
	struct weir_cpu **cpu;		/* by CPU number; NULL: not possible */
	bool single;			/* one stage: its lock covers the merge hash */
	bool rotational;
	struct weir_knobs knobs;

	/* Written by the tick and when the depth changes, read by everybody. */
	unsigned int depth;		/* scheduler tags of a hardware queue */
	unsigned int most_tags;		/* limit_depth of all but RT, its unit */
	unsigned int background_tags;	/* limit_depth of background requests */
	unsigned int yielded_tags;	/* limit_depth beside an active level above */
	unsigned int few_tags;		/* who holds as many is limited to most_tags */
	struct weir_cost cost[WEIR_OPS];
	u64 window;			/* ns */
	u64 narrow;			/* ns: beside an active higher level */
	u64 overdraft;			/* ns beyond the window, for sparse flows */
	bool open;			/* the window is in nobody's way */
	bool has_idle;			/* there are flows of level IDLE */
	unsigned int active_flows;
	u32 background_depth;		/* requests */
	u32 timed_every;		/* one of so many is timed: an odd prime, or 1 */
	u64 grace;			/* ns for which a level stays active */
	u64 light_limit;		/* ns a light flow has used at most */
	u64 last_tick;			/* ktime ns */
	u64 period;			/* ns */

	/* Written now and then. */
	bool urgent ____cacheline_aligned_in_smp;	/* RT or LIGHT may be active */
	bool was_short;			/* somebody has waited since the last tick */
	bool was_narrow;		/* and for a level above */
	u64 active_until[WEIR_LEVELS];	/* ktime ns */
	u64 sent_at[WEIR_LEVELS];	/* ktime ns, while a level above may be active */
	u64 vtime;			/* virtual bytes, of BE, LIGHT and BG */
	u64 vtime_rt, vtime_idle;

	/* ns in flight, by level */
	atomic64_t charged[WEIR_LEVELS] ____cacheline_aligned_in_smp;
	atomic_t background;		/* background requests in flight */

	/* Levels that have waiters, as bits; under wait_lock, read by every completion */
	u32 waiting ____cacheline_aligned_in_smp;

	spinlock_t wait_lock ____cacheline_aligned_in_smp;
	struct rb_root_cached waiters[WEIR_LEVELS];
	unsigned int nr_sparse;		/* waiters that are */
	unsigned long served_at[WEIR_LEVELS];	/* jiffies: granted, or began to wait */
	unsigned long leases_at;	/* jiffies: when grants were looked at last */
	struct hrtimer timer;		/* armed while somebody waits */
	bool armed, armed_soon;
	atomic64_t light_budget;	/* ns that light flows may narrow the window */
	u64 light_since;		/* ktime ns: charged to the budget until here */

	/* The tick's own. */
	unsigned long ticking ____cacheline_aligned_in_smp;
	struct work_struct tick;
	struct delayed_work release;	/* flow.c: groups that are gone */
	struct weir_window law;
	struct weir_writeback writeback;
	u64 writeback_at, learned_at, flows_at;	/* ktime ns: the last time */
	bool was_drained;
	struct weir_count sum;		/* since the last tick, and since these */
	struct weir_count since_writeback, since_learned;
	struct weir_latency latency_news, latency_seen[WEIR_SYNC + 1];
	struct weir_stage *stages;	/* all there are */
};

static inline struct weir_queue *weir_queue(struct request_queue *q)
{
	return q->elevator->elevator_data;
}

/* For those who are not called by way of it */
extern struct elevator_type weir_elevator;

static inline bool weir_attached(struct request_queue *q)
{
	return q->elevator && q->elevator->type == &weir_elevator;
}

static inline u64 weir_now(void)
{
	return ktime_get_ns();
}

/* A seek and half a turn, 14 ms, in bytes at 150 MB/s */
#define WEIR_ARM_WORK	SZ_2M

/*
 * What a request takes of the whole device, in bytes of a large read: its own, an overhead
 * for any request, and three times that for a write (as bfq charges asynchronous ones).
 * Not its cost (cost.h), which is a latency: of small reads a device works on many at once,
 * and a write is complete long before the device is done with it. A discard of many
 * gigabytes is no more work than one of WEIR_WORK_MAX.
 */
#define WEIR_WORK_MAX	SZ_8M
static inline u32 weir_work(enum weir_op op, u64 bytes)
{
	u32 work = min_t(u64, bytes, WEIR_WORK_MAX) + SZ_16K;

	return op == WEIR_OP_WRITE ? 3 * work : work;
}

static inline u32 weir_rq_cost(struct weir_queue *wq, struct request *rq)
{
	return weir_cost_ns(&wq->cost[weir_op(weir_rq(rq)->class)], blk_rq_bytes(rq));
}

/*
 * Is rq of a flow that asks for one thing after the other? It may be told that one is
 * complete, and ask for the next, before the elevator hears that the first is over.
 */
static inline bool weir_is_sparse(struct weir_queue *wq, struct request *rq)
{
	return atomic_read(&wq->flows[weir_rq(rq)->flow].nr) <= 2;
}

/* The clock of a level's virtual time: those that share by it have one. */
static inline u64 *weir_vtime(struct weir_queue *wq, enum weir_level level)
{
	return level == WEIR_RT ? &wq->vtime_rt :
	       level == WEIR_IDLE ? &wq->vtime_idle : &wq->vtime;
}

/* A request with that start, the least of its line, goes. Races lose a step, no more. */
static inline void weir_vtime_advance(struct weir_queue *wq, enum weir_level level, u64 start)
{
	u64 *vtime = weir_vtime(wq, level);

	if ((s64)(start - READ_ONCE(*vtime)) > 0)
		WRITE_ONCE(*vtime, start);
}

/*
 * admit.c. limit_depth and prepare_request: in the submitter's context, may sleep.
 * weir_set_depth: with the queue frozen, or a reference to it held.
 */
void weir_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data);
void weir_prepare_request(struct request *rq);
void weir_set_depth(struct weir_queue *wq, unsigned int depth);

/* flow.c. Any context. */
void weir_classify(struct weir_queue *wq, struct request *rq);
u64 weir_flow_start(struct weir_queue *wq, struct request *rq);
void weir_flow_merged(struct weir_queue *wq, struct request *rq);
bool weir_flow_is_ahead(struct weir_queue *wq, struct request *rq);
bool weir_flow_dispatched(struct weir_queue *wq, struct request *rq);
u32 weir_flow_tgid(const struct weir_flow *flow);
void weir_flow_used(struct weir_queue *wq, struct weir_rq *r);
void weir_flows_tick(struct weir_queue *wq, u64 ns, bool busy);
void weir_flows_release(struct work_struct *work);
void weir_flows_exit(struct weir_queue *wq);

/*
 * stage.c: the callbacks of the same names. insert: any number, in the order in
 * which they are to go; process context or kblockd.
 */
void weir_insert(struct blk_mq_hw_ctx *hctx, struct list_head *list, bool at_head);
bool weir_bio_merge(struct request_queue *q, struct bio *bio, unsigned int nr_segs);
bool weir_allow_merge(struct request_queue *q, struct request *rq, struct bio *bio);
int weir_request_merge(struct request_queue *q, struct request **req, struct bio *bio);
void weir_request_merged(struct request_queue *q, struct request *rq, enum elv_merge type);
void weir_requests_merged(struct request_queue *q, struct request *rq,
			  struct request *next);
/* Under s->lock. merged: what became part of another request, to be freed. */
void weir_open_inbox(struct weir_stage *s);
void weir_stage_fresh(struct weir_stage *s, struct list_head *merged);
void weir_unstage(struct weir_stage *s, struct request *rq);
/* Without it */
void weir_free_merged(struct list_head *merged);

/* order.c: under s->lock */
void weir_order_add(struct weir_stage *s, struct request *rq);
void weir_order_del(struct weir_stage *s, struct request *rq);
void weir_order_moved(struct weir_stage *s, struct request *rq);
struct request *weir_order_first(struct weir_stage *s, enum weir_level level);
u64 weir_order_start(struct weir_stage *s, enum weir_level level);
void weir_order_dispatched(struct weir_stage *s, struct request *rq, bool moves);

/* pick.c: the callbacks */
struct request *weir_dispatch_request(struct blk_mq_hw_ctx *hctx);
bool weir_has_work(struct blk_mq_hw_ctx *hctx);

/* credit.c; the first five under s->lock, the others in any context */
bool weir_credit_try(struct weir_queue *wq, enum weir_level level, u32 cost, bool sparse);
void weir_credit_hold(struct weir_stage *s);
void weir_credit_update(struct weir_stage *s);
void weir_credit_leave(struct weir_stage *s, enum weir_level level);
u32 weir_credit_collect(struct weir_line *line);
void weir_credit_charge(struct weir_queue *wq, enum weir_level level, s64 ns);
void weir_credit_return(struct weir_queue *wq, enum weir_level level, u32 ns);
void weir_credit_give(struct weir_queue *wq, enum weir_level level, u32 ns, u64 now);
void weir_credit_active(struct weir_queue *wq, enum weir_level level, u64 now);
bool weir_is_active(struct weir_queue *wq, enum weir_level level, u64 now);
void weir_credit_changed(struct weir_queue *wq);
enum hrtimer_restart weir_credit_timer(struct hrtimer *timer);

/* learn.c: the callbacks */
void weir_completed_request(struct request *rq, u64 now);
void weir_requeue_request(struct request *rq);
void weir_finish_request(struct request *rq);

/* tick.c: at attach and detach */
int weir_tick_init(struct weir_queue *wq);
void weir_tick_exit(struct weir_queue *wq);

/* report.c */
#ifdef CONFIG_BLK_DEBUG_FS
extern const struct blk_mq_debugfs_attr weir_queue_debugfs_attrs[];
extern const struct blk_mq_debugfs_attr weir_hctx_debugfs_attrs[];
#endif
extern weir_elv_attr weir_sysfs_attrs[];

#endif
