/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated device under the window law: servers with queues in front of
 * them, clients that keep it busy, and a reader that has one request at a time.
 * Updates come as src/iosched/tick.c makes them. Simulated time; the same seed
 * gives the same run.
 */
#ifndef SIM_H
#define SIM_H

#include "cost.h"
#include "latency.h"
#include "window.h"

#define SIM_SERVERS 128		/* at most */
#define SIM_REQUESTS 2048	/* outstanding at once, at most */
#define SIM_TENTH_NS 100000000ULL

/**
 * struct sim_device
 * @servers: requests it works on at once
 * @bins: each server has a queue of its own, chosen at random for each request
 *	(the dies of a flash disk); otherwise one queue feeds all servers
 * @exponential: service times are exponentially distributed, not constant
 * @service_ns: mean service time
 */
struct sim_device {
	unsigned int servers;
	bool bins;
	bool exponential;
	u64 service_ns;
};

/**
 * struct sim_tenth - what happened in a tenth of a second
 * @requests: completed
 * @held: the window held somebody back
 * @latency_ns: mean device time
 * @reader_ns: mean latency of the reader, its wait for the window included
 * @size: the window at the end; WEIR_WINDOW_MAX while it is open
 */
struct sim_tenth {
	u32 requests;
	bool held;
	u64 latency_ns;
	u64 reader_ns;
	u64 size;
};

struct sim_request {
	u64 at_ns;
	u64 wanted_ns;
	u32 charge;
	u32 cost;
	u32 next;
	bool reader;
	bool timed;
};

struct sim_queue {
	u32 head, tail;
};

struct sim_done {
	u64 at_ns;
	u32 server;
};

/* What completions have counted since the last tick. */
struct sim_count {
	u32 done;
	u32 timed;
	u64 work;
	u64 served_ns;
	u64 latency_ns;
	u64 expected_ns;
	struct weir_cost_sample cost[WEIR_COST_SIZES];
};

/**
 * struct sim - set the first block at any time
 * @depth: requests the busy clients keep outstanding, in the device or held back
 * @reader: there is one
 * @disturbed: levels above keep somebody waiting all the time
 * @learn: costs come from @cost, otherwise from @cost_ns
 * @frozen: the window is not updated
 * @arm: the device says that it has one
 * @bulk_bytes: the size of the clients' requests; the reader's have 4 KiB
 * @bulk_service_ns: their mean service time; 0: the device's
 */
struct sim {
	struct sim_device device;
	struct weir_window window;
	struct weir_cost cost;
	unsigned int depth;
	bool reader;
	bool disturbed;
	bool learn;
	bool frozen;
	bool arm;
	u32 cost_ns;
	u64 target_ns;
	u32 bulk_bytes;
	u64 bulk_service_ns;

	u64 seed;
	u64 now_ns;
	u64 vtime, finish[2];	/* virtual ns: of the clients, and of the reader */
	u64 charged;		/* ns of costs in flight that the window counts */
	unsigned int bulk;	/* busy clients' requests in the device */
	bool reader_out;
	u64 reader_since_ns;	/* wanted to have one, while it has none */
	u64 bulk_seen_ns, reader_seen_ns;
	struct weir_latency reader_hist;	/* clear it at any time */
	u64 drain_ns;		/* time in drains */

	u64 last_tick_ns, period_ns, learned_ns, flows_ns;
	u32 flows;
	u32 timed_every, until_timed;
	bool backlog;
	bool was_drained;
	struct sim_count count;
	struct weir_cost_sample since_learned[WEIR_COST_SIZES];

	struct sim_request request[SIM_REQUESTS];
	u32 free;
	struct sim_queue queue[SIM_SERVERS];	/* the first alone without bins */
	u32 serving[SIM_SERVERS];
	struct sim_done done[SIM_SERVERS];	/* a heap */
	unsigned int nr_done;
};

void sim_init(struct sim *s, const struct sim_device *device, unsigned int depth);

/* A fixed window, in ns of costs; WEIR_WINDOW_MAX: none. */
void sim_freeze(struct sim *s, u64 size);

struct sim_tenth sim_tenth(struct sim *s);
struct sim_tenth sim_some(struct sim *s, u64 ns);

/* Requests per tenth of a second, on average over so many. */
double sim_rate(struct sim *s, unsigned int tenths);

u64 sim_random(u64 *seed);

/* The table in docs/elevator-laws.md, on standard output. */
void sim_figures(void);

#endif
