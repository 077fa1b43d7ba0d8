// SPDX-License-Identifier: GPL-2.0
/*
 * Flows: who took how much lately.
 *
 * An active flow's share of the window is its weight among the active ones: those
 * that took something during the last period. Looked at when the window had no
 * room, no more often than every FLOW_PERIOD, by the tick.
 */
#include "weir_iosched.h"

#define FLOW_PERIOD_NS	(20 * NSEC_PER_MSEC)
/* What somebody took longer ago than this says nothing, and may overflow. */
#define FLOW_FORGET_NS	(10ULL * NSEC_PER_SEC)

void weir_flows_tick(struct weir_queue *wq, u64 now)
{
	unsigned int i, active = 0, weight = 0;
	bool forget = now - wq->flows_at > FLOW_FORGET_NS;

	if (now - wq->flows_at < FLOW_PERIOD_NS)
		return;
	wq->flows_at = now;

	for (i = 0; i < WEIR_FLOWS; i++) {
		struct weir_flow *flow = &wq->flows[i];
		u64 served = atomic64_read(&flow->served);

		flow->recent = forget ? 0 : served - flow->seen;
		flow->seen = served;
		if (!flow->recent)
			continue;
		weight += READ_ONCE(flow->weight);
		active++;
	}
	wq->active_flows = active;
	wq->active_weight = weight;
	WRITE_ONCE(wq->share, div_u64(wq->window, max(weight, 1U)));
}
