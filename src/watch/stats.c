// SPDX-License-Identifier: GPL-2.0
/* Memory, sums and resets of what stats.h counts. */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "stats.h"

/* A chunk of per-CPU memory has no room for all operations in one piece. */
static_assert(sizeof(struct weir_op_stats) <= PCPU_MIN_UNIT_SIZE);
static_assert(sizeof(struct weir_op_stats) % sizeof(u64) == 0);

void weir_stats_init(struct weir_stats *s)
{
	mutex_init(&s->lock);
	s->since_ns = ktime_get_ns();
}

int weir_stats_allocate(struct weir_stats *s)
{
	unsigned int i;
	int err = 0;

	mutex_lock(&s->lock);
	if (!s->base) {
		s->base = kvcalloc(WEIR_STAT_OPS, sizeof(*s->base), GFP_KERNEL);
		if (!s->base)
			err = -ENOMEM;
	}
	for (i = 0; i < WEIR_STAT_OPS && !err; i++) {
		struct weir_op_stats __percpu *op = s->op[i];

		if (op)
			continue;
		op = alloc_percpu(struct weir_op_stats);
		if (!op)
			err = -ENOMEM;
		/* Zeroes first: others may count from here on. */
		smp_store_release(&s->op[i], op);
	}
	mutex_unlock(&s->lock);
	return err;
}

void weir_stats_free(struct weir_stats *s)
{
	unsigned int i;

	for (i = 0; i < WEIR_STAT_OPS; i++)
		free_percpu(s->op[i]);
	kvfree(s->base);
	mutex_destroy(&s->lock);
}

/* @from may be counted into meanwhile. */
static void add_all(struct weir_op_stats *to, const struct weir_op_stats *from)
{
	unsigned int i;

	weir_hist_merge(&to->latency, &from->latency);
	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		to->part_ns[i] += READ_ONCE(from->part_ns[i]);
}

/* Since the disk was made */
static void sum_up(const struct weir_stats *s, enum weir_stat_op op,
		   struct weir_op_stats *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	if (!s->op[op])
		return;
	for_each_possible_cpu(cpu)
		add_all(sum, per_cpu_ptr(s->op[op], cpu));
}

void weir_stats_sum(const struct weir_stats *s, enum weir_stat_op op,
		    struct weir_op_stats *sum)
{
	unsigned int i;

	sum_up(s, op, sum);
	if (!s->base)
		return;
	weir_hist_subtract(&sum->latency, &s->base[op].latency);
	for (i = 0; i < WEIR_MEDIA_NR_PARTS; i++)
		sum->part_ns[i] -= s->base[op].part_ns[i];
}

void weir_stats_reset(struct weir_stats *s)
{
	unsigned int i;

	for (i = 0; i < WEIR_STAT_OPS && s->base; i++)
		sum_up(s, i, &s->base[i]);
	s->resets++;
	s->since_ns = ktime_get_ns();
}
