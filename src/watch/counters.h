/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is counted of every request, on each CPU and hardware queue, whether or not
 * anybody looks.
 */
#ifndef WEIR_COUNTERS_H
#define WEIR_COUNTERS_H

#include <linux/blk_types.h>
#include <linux/types.h>

struct weir_disk;
struct weir_queue;

#define WEIR_NR_OPS 64 /* more than REQ_OP_LAST, a power of two */

/* An operation as an index. */
static inline unsigned int weir_op(enum req_op op)
{
	return (__force unsigned int)op;
}

/**
 * struct weir_counters - what one CPU did on one hardware queue; u64 throughout,
 *                        summed as an array
 * @pages: reads [0] and writes [1] of one page done by queue_page() (blk/take.c),
 *         from the beginning to the end; in none of the other counters
 * @ops: other requests taken from blk-mq, by REQ_OP_*
 * @sectors: and their length in 512-byte sectors, by REQ_OP_*
 * @fua: writes that asked for FUA
 * @batches: calls of queue_rqs
 * @deferred: requests handed to the worker because they had to sleep
 * @completed: requests given back, failed ones included
 * @failed: requests given back with an error
 * @timeouts: requests that the block layer timed out while they were due
 * @interrupts: expiries of the completion timer
 * @polls: calls of poll
 */
struct weir_counters {
	u64 pages[2];
	u64 ops[WEIR_NR_OPS];
	u64 sectors[WEIR_NR_OPS];
	u64 fua;
	u64 batches;
	u64 deferred;
	u64 completed;
	u64 failed;
	u64 timeouts;
	u64 interrupts;
	u64 polls;
};

/*
 * Sums, for whoever reads debugfs. Counters are only ever added to and nobody is
 * stopped, so two of a busy queue may be a request apart. All of these may be called
 * while the disk is on, in process context, and take pages[] among the rest.
 */

/* Add to @sum what a hardware queue has counted. */
void weir_counters_add(struct weir_counters *sum, const struct weir_queue *wq);

/* All there is of a disk since it was switched on, queues out of use included. */
void weir_counters_sum(struct weir_disk *wd, struct weir_counters *sum);

/* Return: the requests of all operations. */
u64 weir_counters_ops(const struct weir_counters *c);

#endif
