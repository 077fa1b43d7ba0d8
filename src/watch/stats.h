/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long requests took, and where a media model says their time went.
 *
 * A histogram for each operation and CPU, counted into without a lock and only
 * ever added to. The reader sums them up. A reset takes note of the sums, and
 * what is shown from then on is the difference: nobody is stopped, and nothing
 * that is being counted is lost.
 *
 * It is kept only while somebody wants it (watch.c), and takes its memory, some
 * 60 KiB for each possible CPU, when that is so for the first time.
 */
#ifndef WEIR_STATS_H
#define WEIR_STATS_H

#include <linux/mutex.h>
#include <linux/percpu.h>

#include "media/media.h"
#include "hist.h"

/* The operations that are timed. */
enum weir_stat_op {
	WEIR_STAT_READ,
	WEIR_STAT_WRITE,
	WEIR_STAT_FLUSH,
	WEIR_STAT_DISCARD,
	WEIR_STAT_SECURE_ERASE,
	WEIR_STAT_WRITE_ZEROES,
	WEIR_STAT_OPS,
};

/**
 * struct weir_op_stats - of one operation; u64 throughout, summed as an array
 * @latency: from queue_rq to the completion
 * @part_ns: the media model's parts of it, each the sum over all requests
 */
struct weir_op_stats {
	struct weir_hist latency;
	u64 part_ns[WEIR_MEDIA_NR_PARTS];
};

/**
 * struct weir_stats - of one disk
 * @op: by operation, NULL until they are wanted for the first time
 * @base: what @op held at the last reset; NULL like it; under @lock
 * @lock: for reading and resetting; also the number of hardware queues
 * @resets: how many resets there were; under @lock
 * @since_ns: when the last one was, or the disk was made; under @lock
 */
struct weir_stats {
	struct weir_op_stats __percpu *op[WEIR_STAT_OPS];
	struct weir_op_stats *base;
	struct mutex lock; /* see above */
	u64 resets;
	u64 since_ns;
};

/* A disk has been made, @s being zeroed. Called by disk.c. */
void weir_stats_init(struct weir_stats *s);

/* It is being freed: nobody counts or reads any more. Called by disk.c. May sleep. */
void weir_stats_free(struct weir_stats *s);

/**
 * weir_stats_allocate() - make room, unless there is
 *
 * Called by watch.c, without s->lock, before requests are first timed. May sleep.
 * What could be had stays until weir_stats_free().
 *
 * Return: 0 or -ENOMEM.
 */
int weir_stats_allocate(struct weir_stats *s);

/* Set @sum to one operation since the last reset. Caller holds s->lock. */
void weir_stats_sum(const struct weir_stats *s, enum weir_stat_op op,
		    struct weir_op_stats *sum);

/* Begin anew. Caller holds s->lock. */
void weir_stats_reset(struct weir_stats *s);

/* Count a request that is given back. Called by watch.c, from any context. */
static inline void weir_stats_count(struct weir_stats *s, enum weir_stat_op op,
				    u64 latency_ns)
{
	struct weir_op_stats __percpu *to = READ_ONCE(s->op[op]);

	if (unlikely(!to))
		return;
	this_cpu_inc(to->latency.bucket[weir_hist_bucket(latency_ns)]);
	this_cpu_add(to->latency.sum_ns, latency_ns);
}

/* Count where the media model says that its time went. Likewise. */
static inline void weir_stats_count_parts(struct weir_stats *s, enum weir_stat_op op,
					  const u64 part_ns[WEIR_MEDIA_NR_PARTS])
{
	struct weir_op_stats __percpu *to = READ_ONCE(s->op[op]);
	unsigned int i;

	if (unlikely(!to))
		return;
	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		this_cpu_add(to->part_ns[i], part_ns[i]);
}

#endif
