// SPDX-License-Identifier: GPL-2.0
/* Sums of what is counted, of all CPUs and hardware queues. */
#include <linux/cpumask.h>
#include <linux/string.h>

#include "blk/disk.h"
#include "blk/hctx.h"

#include "counters.h"

static void add_counters(struct weir_counters *sum, const struct weir_counters *from)
{
	size_t i;

	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		((u64 *)sum)[i] += READ_ONCE(((u64 *)from)[i]);
}

void weir_counters_add(struct weir_counters *sum, const struct weir_queue *wq)
{
	size_t i;
	int cpu;

	for_each_possible_cpu(cpu)
		add_counters(sum, per_cpu_ptr(wq->counters, cpu));
	for (i = 0; i < ARRAY_SIZE(sum->pages); i++) {
		sum->ops[i] += sum->pages[i];
		sum->sectors[i] += sum->pages[i] * PAGE_SECTORS;
		sum->completed += sum->pages[i];
		sum->pages[i] = 0;
	}
}

void weir_counters_sum(struct weir_disk *wd, struct weir_counters *sum)
{
	u32 i;

	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < wd->max_queues; i++) {
		/* Pairs with weir_init_hctx(): a queue may just be added. */
		const struct weir_queue *wq = smp_load_acquire(&wd->queues[i]);

		if (wq)
			weir_counters_add(sum, wq);
	}
}

u64 weir_counters_ops(const struct weir_counters *c)
{
	unsigned int i;
	u64 all = 0;

	for (i = 0; i < WEIR_NR_OPS; i++)
		all += c->ops[i];
	return all;
}
