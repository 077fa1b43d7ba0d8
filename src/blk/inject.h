/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault rules under I/O: which request meets one, and those that wait because of it.
 *
 * A disk that has rules has wd->check set, which take.c looks at anyway; a disk
 * without never comes here. inject.c has the locks.
 */
#ifndef WEIR_INJECT_H
#define WEIR_INJECT_H

#include <linux/blk-mq.h>
#include <linux/types.h>

struct weir_disk;
struct weir_fault_attr;
struct weir_rule;

/* What becomes of a request next. */
enum weir_next {
	WEIR_GO_ON,	/* its work */
	WEIR_WAITS,	/* weir_inject_wait(), then its work */
	WEIR_TAKEN,	/* it is not the caller's any more */
	WEIR_REFUSED,	/* blk-mq is to be told that the driver is busy */
};

/* null_blk's three faults */
enum weir_attr {
	WEIR_ATTR_TIMEOUT,
	WEIR_ATTR_REQUEUE,
	WEIR_ATTR_INIT_HCTX,
	WEIR_NR_ATTRS,
};

/**
 * weir_inject() - which fault does a request meet?
 * @may_refuse: the caller can return BLK_STS_RESOURCE for it
 *
 * Called by take.c for a request that has begun, if wd->check is set, with no lock
 * held, from any context that ->queue_rq has. It fills in weir_cmd.fault, and gives
 * the request back to blk-mq if it is to be requeued: every other time by
 * WEIR_REFUSED if the caller can do that, as blk-mq has two ways for it.
 */
enum weir_next weir_inject(struct weir_disk *wd, struct request *rq, bool may_refuse);

/**
 * weir_inject_wait() - let a request wait for its time, its release or its time-out
 *
 * Called by take.c after WEIR_WAITS, with no lock held. When the wait is over, a
 * worker does the request's work (weir_defer()).
 *
 * Return: false if it need not wait any more, as the disk is going away or the rule has
 * been removed.
 */
bool weir_inject_wait(struct weir_disk *wd, struct request *rq);

/**
 * weir_inject_cancel() - take a request out that waits
 *
 * Called by timeout.c, from any context, with no lock held.
 *
 * Return: true if it is the caller's now; false if it was not there.
 */
bool weir_inject_cancel(struct weir_disk *wd, struct request *rq);

/* Shall a new hardware queue fail? Called by hctx.c, when blk-mq makes one. */
bool weir_inject_init_hctx(struct weir_disk *wd);

/* Is there any rule, or null_blk attribute, for requests? Any context. */
bool weir_inject_any(const struct weir_disk *wd);

/*
 * The rest is called by disk.c and config/, may sleep, and takes only the lock of
 * inject.c.
 */

/* Return: 0 or -ENOMEM. For a disk that is new. */
int weir_inject_create(struct weir_disk *wd);
/* For a disk that is off, and is about to be freed. */
void weir_inject_destroy(struct weir_disk *wd);

/**
 * weir_inject_stop() - no more faults; what waits goes on
 *
 * Called when the disk goes away, with the disk's mutex held, and by the worker of the
 * power cut, for which a disk that goes away waits: before anybody waits for its requests.
 * Those that would never have completed fail with BLK_STS_TIMEOUT.
 */
void weir_inject_stop(struct weir_disk *wd);
/* And again. The disk goes on, or its power is back; the rules have counted what they have. */
void weir_inject_start(struct weir_disk *wd);

/*
 * Change the rules. Callers update wd->check (weir_verdict_update()). Whoever adds holds
 * the disk's mutex; whoever takes away need not, so that a request that is held can
 * be let go whatever waits for it.
 */

/* Does this kernel have the status that a rule wants? Any context. */
bool weir_inject_knows(const struct weir_rule *rule);
/* Return: false if there are WEIR_RULES_MAX already. */
bool weir_inject_add(struct weir_disk *wd, const struct weir_rule *rule);
/* No more rules; what they hold or delay is let go. */
void weir_inject_removeall(struct weir_disk *wd);
/**
 * weir_inject_release() - let requests go that are held
 * @which: their operations and range; at most so many as its times says, unless 0,
 *         those that came first
 */
void weir_inject_release(struct weir_disk *wd, const struct weir_rule *which);

/**
 * weir_inject_rules() - the rules as they are, with their counts
 * @to: room for WEIR_RULES_MAX; the oldest first
 *
 * Return: how many.
 */
u32 weir_inject_rules(struct weir_disk *wd, struct weir_rule *to);

/* How many requests wait: held, delayed, or for their time-out. */
void weir_inject_waiting(struct weir_disk *wd, u32 *held, u32 *delayed, u32 *stuck);

/* null_blk's attributes, as they are, and as they are to be. */
struct weir_fault_attr weir_inject_attr(struct weir_disk *wd, enum weir_attr which);
void weir_inject_set_attr(struct weir_disk *wd, enum weir_attr which,
			  const struct weir_fault_attr *a);

#endif
