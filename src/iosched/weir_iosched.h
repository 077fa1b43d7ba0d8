/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The elevator's own types, and who provides what.
 *
 * A request's way: admit.c (it gets its tag), stage.c (it waits and merges),
 * pick.c (who goes next), credit.c (may it go: the device window), learn.c
 * (what the device just told us). tick.c lets the laws decide, which are cost.c,
 * window.c and writeback.c. flow.c is who asks, report.c tells.
 *
 * Locks: one spinlock a hardware queue (weir_hctx.lock) for what waits there.
 * What the hardware queues share is atomic or written by the tick alone.
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
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <compat/elevator.h>

#include "cost.h"
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

/* The ioprio classes; no class is best effort. */
enum weir_level {
	WEIR_RT,
	WEIR_BE,
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

static inline enum weir_level weir_level(unsigned int ioprio)
{
	switch (IOPRIO_PRIO_CLASS(ioprio)) {
	case IOPRIO_CLASS_RT:
		return WEIR_RT;
	case IOPRIO_CLASS_IDLE:
		return WEIR_IDLE;
	default:
		return WEIR_BE;
	}
}

/*
 * What a request carries, in rq->elv.priv. Owned by whoever owns the request:
 * its submitter, then weir_hctx.lock while it is staged, then its completion.
 * rq->fifo_time is when it expires, set while it is staged.
 */
struct weir_rq {
	union {
		u32 tgid;		/* who asked, until it is classified */
		u32 charge;		/* ns of the device window it holds */
	};
	u16 flow;
	u8 class : 2, level : 2;
	u8 classified : 1, charged : 1, staged : 1;
	u8 forced : 1;			/* went although there was no room */
	u8 size;			/* weir_cost_bucket() when it was charged */
	u64 dispatched;			/* ktime ns; 0: this one is not timed */
};

static inline struct weir_rq *weir_rq(struct request *rq)
{
	BUILD_BUG_ON(sizeof(struct weir_rq) > sizeof(rq->elv.priv));
	return (struct weir_rq *)rq->elv.priv;
}

/* --- flow.c: who asks --- */

#define WEIR_FLOW_BITS	10
#define WEIR_FLOWS	BIT(WEIR_FLOW_BITS)

/*
 * What a thread group of a cgroup reads, or what it writes, as far as its hash
 * tells it from others: two that meet in one are treated as one.
 */
struct weir_flow {
	atomic64_t inflight;	/* ns of charges in flight */
	atomic64_t served;	/* ns of charges ever dispatched */
	u64 seen;		/* ... at the last tick */
	u64 recent;		/* ... during the last one */
	atomic_t nr_short;	/* hardware queues where it is short of room */
	u32 tgid;		/* who was here last */
	u8 weight;		/* 1 to 8, from the level of its last ioprio */
} ____cacheline_aligned;

static inline u16 weir_flow_of(u32 tgid, enum weir_class class, struct bio *bio)
{
	/* No thread group has that bit. */
	u32 key = tgid | (class == WEIR_READ ? 0 : BIT(31));

#ifdef CONFIG_BLK_CGROUP
	/* One blkg for each cgroup and disk. The low bits are all the same. */
	if (bio)
		key ^= (u32)((unsigned long)bio->bi_blkg >> 6);
#endif
	return hash_32(key, WEIR_FLOW_BITS);
}

/* --- a hardware queue --- */

/* Places for flows to wait, by priority class; they are hashed into them. */
#define WEIR_LANES_RT	16
#define WEIR_LANES_BE	128
#define WEIR_LANES_IDLE	16
#define WEIR_LANES	(WEIR_LANES_RT + WEIR_LANES_BE + WEIR_LANES_IDLE)

/* Requests of one flow, class and level, oldest first. Under weir_hctx.lock. */
struct weir_lane {
	struct list_head requests;
	struct list_head turn;		/* in weir_turns, if it has requests */
	s64 deficit;			/* ns it may still send in this turn */
};

struct weir_turns {
	struct list_head sparse;	/* flows with less than their share: first */
	struct list_head active;	/* in turn, by deficit round robin */
	struct list_head background;	/* the same for writes nobody waits for */
};

/* Why a hardware queue waits to be woken, in weir_hctx.held */
enum weir_held {
	WEIR_RUNS,
	WEIR_HELD,	/* its background is throttled, or its flows are beyond their share */
	WEIR_SHORT,	/* and above, plus a flow: the window has no room for that one */
};

struct weir_hctx {
	/* Submitters push here, without the lock. Newest first. */
	struct llist_head inbox ____cacheline_aligned_in_smp;

	spinlock_t lock ____cacheline_aligned_in_smp;
	struct llist_node *fresh;	/* taken from the inbox, oldest first */
	unsigned int staged;		/* in urgent and in lanes; peeked at */
	unsigned int dispatched;	/* since attach; picks whom to time, too */
	unsigned int foreground_run;	/* dispatches since the last background one */
	bool expired_turn;		/* the last pick was in order: an expired one may go */
	unsigned int batch;		/* left of the sorted batch */
	struct request *batch_next;	/* in sector order; staged */
	u64 next_expiry;		/* no staged request expires before */
	struct list_head urgent;	/* back from the driver */
	struct weir_turns turns[WEIR_LEVELS];
	struct rb_root sorted[WEIR_CLASSES];
	unsigned int staged_in[WEIR_CLASSES];

	/* ns of the device window that is this queue's to spend */
	atomic64_t credit ____cacheline_aligned_in_smp;
	atomic_t completed;		/* of those dispatched */
	int held;			/* enum weir_held; cleared by xchg() */
	u64 need;			/* ns it found no room for; 0: it is not for want of it */
	u16 needy;			/* the flow that did. Both under lock, read by others */
	s64 turn;			/* ns left of its turn as weir_queue.first */
	unsigned long turn_began;	/* jiffies */
	int forced;			/* an expired one is in flight beyond it */

	struct weir_queue *wq;
	struct blk_mq_hw_ctx *hctx;
	struct timer_list timer;	/* armed while held, for next_expiry */
	struct weir_hctx *retired;	/* the next of weir_queue.retired */
	struct weir_lane lanes[WEIR_CLASSES][WEIR_LANES];
};

static inline struct weir_lane *weir_lane(struct weir_hctx *h, u8 class,
					  u8 level, u16 flow)
{
	struct weir_lane *lanes = h->lanes[class];

	switch (level) {
	case WEIR_RT:
		return &lanes[WEIR_LANES_BE + flow % WEIR_LANES_RT];
	case WEIR_IDLE:
		return &lanes[WEIR_LANES_BE + WEIR_LANES_RT + flow % WEIR_LANES_IDLE];
	default:
		return &lanes[flow % WEIR_LANES_BE];
	}
}

/* --- a queue --- */

/*
 * Counted by completions, one a CPU; only ever grow, but min_ns. An interrupt
 * in between may cost a count: these are samples.
 */
struct weir_cpu {
	u64 served[WEIR_CLASSES];		/* ns of charges */
	u64 latency[WEIR_CLASSES];		/* ns, of timed requests */
	u64 expected[WEIR_CLASSES];		/* ns: what they were charged */
	u32 done[WEIR_CLASSES];			/* requests */
	u32 timed[WEIR_CLASSES];		/* requests */
	struct weir_cost_sample cost[WEIR_OPS][WEIR_COST_SIZES];
	struct weir_latency device[WEIR_CLASSES];	/* dispatch to completion */
	struct weir_latency total[WEIR_CLASSES];	/* tag to completion */
};

/* Knobs of queue/iosched; report.c has their units and ranges. */
struct weir_knobs {
	u64 target_ns[2];		/* read, write; 0: learned */
	u32 expire_msec[WEIR_CLASSES];
	u32 idle_age_msec;
};

struct weir_queue {
	struct request_queue *q;
	struct weir_flow *flows;
	struct weir_cpu __percpu *cpu;
	bool single;			/* one hardware queue: merges across flows */
	bool rotational;
	unsigned int depth;		/* scheduler tags of a hardware queue */
	unsigned int background_tags;	/* limit_depth of background requests */
	struct weir_knobs knobs;

	/* Written by the tick, read by everybody. */
	struct weir_cost cost[WEIR_OPS];
	u64 window;			/* ns */
	u64 overdraft;			/* ns above it, for sparse flows */
	u64 chunk;			/* ns a hardware queue takes at a time */
	u64 share;			/* ns of the window per unit of weight */
	u64 quantum;			/* ns a turn per unit of weight */
	u32 sample_mask;		/* one of this plus one is timed */
	u32 background_depth;		/* requests */
	u64 last_tick;			/* ktime ns */
	u64 period;			/* ns */

	/* Shared under load. Every completion reads nr_held. */
	atomic64_t unspent ____cacheline_aligned_in_smp; /* ns no queue has */
	atomic_t background ____cacheline_aligned_in_smp; /* such requests in flight */
	atomic_t nr_held ____cacheline_aligned_in_smp;	/* hardware queues that wait */
	atomic_t nr_short;		/* those of them that are short of room */
	int was_short;			/* one of them was since the last tick */
	struct weir_hctx *first;	/* whose turn it is: others leave it what that takes */
	unsigned int wake_from;		/* whom to wake next */

	/* The tick's own. */
	unsigned long ticking ____cacheline_aligned_in_smp;
	struct work_struct tick;
	struct weir_window law;
	struct weir_writeback writeback;
	struct weir_cpu *sums[2];	/* now, and at the last tick */
	u64 flows_at;			/* when the flows were last looked at */
	unsigned int active_flows;
	unsigned int active_weight;
	struct weir_hctx *retired;	/* detached, to be freed with this */
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

/* admit.c */
void weir_limit_depth(blk_opf_t opf, struct blk_mq_alloc_data *data);
void weir_prepare_request(struct request *rq);
void weir_set_depth(struct weir_queue *wq, unsigned int depth);

/* stage.c */
void weir_insert(struct blk_mq_hw_ctx *hctx, struct list_head *list, bool at_head);
bool weir_bio_merge(struct request_queue *q, struct bio *bio, unsigned int nr_segs);
bool weir_allow_merge(struct request_queue *q, struct request *rq, struct bio *bio);
int weir_request_merge(struct request_queue *q, struct request **req, struct bio *bio);
void weir_request_merged(struct request_queue *q, struct request *rq, enum elv_merge type);
void weir_requests_merged(struct request_queue *q, struct request *rq,
			  struct request *next);
/* Under h->lock. merged: what became part of another request, to be freed. */
void weir_open_inbox(struct weir_hctx *h);
void weir_stage_fresh(struct weir_hctx *h, struct list_head *merged);
void weir_unstage(struct weir_hctx *h, struct request *rq);
/* Without it */
void weir_free_merged(struct list_head *merged);

/* pick.c */
struct request *weir_dispatch_request(struct blk_mq_hw_ctx *hctx);
bool weir_has_work(struct blk_mq_hw_ctx *hctx);
bool weir_release(struct weir_hctx *h);
void weir_expired(struct timer_list *timer);

/* credit.c; the first four under h->lock */
bool weir_credit_take(struct weir_hctx *h, u64 ns, u64 overdraft);
void weir_credit_give(struct weir_hctx *h, u64 ns);
void weir_credit_queue(struct weir_hctx *h);
void weir_credit_turn(struct weir_hctx *h, struct request *rq, bool full);
void weir_credit_gathered(struct weir_hctx *h);
void weir_credit_gather(struct weir_queue *wq);
void weir_credit_resize(struct weir_queue *wq, u64 window);
void weir_wake(struct weir_queue *wq, u64 ns);

/* learn.c */
void weir_completed_request(struct request *rq, u64 now);
void weir_finish_request(struct request *rq);

/* tick.c */
int weir_tick_init(struct weir_queue *wq);
void weir_tick_exit(struct weir_queue *wq);

/* flow.c */
void weir_flows_tick(struct weir_queue *wq, u64 now);

/* report.c */
extern const struct blk_mq_debugfs_attr weir_queue_debugfs_attrs[];
extern const struct blk_mq_debugfs_attr weir_hctx_debugfs_attrs[];
extern weir_elv_attr weir_sysfs_attrs[];

#endif
