/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A simulated device under the window law: servers with queues in front of
 * them, clients that keep it busy, a reader that has one request at a time, and
 * an update each tick. Simulated time; the same seed gives the same run.
 */
#ifndef SIM_H
#define SIM_H

#include "cost.h"
#include "window.h"

#define SIM_SERVERS 128		/* at most */
#define SIM_REQUESTS 2048	/* outstanding at once, at most */
#define SIM_TICK_NS 100000000ULL

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
 * struct sim_tick - one tick's measurements
 * @requests: completed
 * @held: the window held somebody back
 * @latency_ns: mean device time
 * @reader_ns: mean device time of the reader's
 * @size: the window after the tick
 */
struct sim_tick {
	u32 requests;
	bool held;
	u64 latency_ns;
	u64 reader_ns;
	u64 size;
};

struct sim_request {
	u64 at_ns;
	u64 charge;
	u32 cost;
	u32 next;
	bool reader;
};

struct sim_queue {
	u32 head, tail;
};

struct sim_done {
	u64 at_ns;
	u32 server;
};

/**
 * struct sim - set @device, @depth and @target_ns at any time
 * @depth: requests the busy clients keep outstanding, in the device or held back
 * @learn: costs come from @cost, otherwise from @cost_ns
 * @frozen: the window is not updated
 */
struct sim {
	struct sim_device device;
	struct weir_window window;
	struct weir_cost cost;
	unsigned int depth;
	bool reader;
	bool learn;
	bool frozen;
	u32 cost_ns;
	u64 target_ns;

	u64 seed;
	u64 now_ns;
	u64 in_flight;		/* sum of charges */
	unsigned int bulk;	/* busy clients' requests in the device */
	bool reader_out;
	struct sim_request request[SIM_REQUESTS];
	u32 free;
	struct sim_queue queue[SIM_SERVERS];	/* the first alone without bins */
	u32 serving[SIM_SERVERS];
	struct sim_done done[SIM_SERVERS];	/* a heap */
	unsigned int nr_done;
};

void sim_init(struct sim *s, const struct sim_device *device, unsigned int depth);

struct sim_tick sim_tick(struct sim *s);

/* Requests per tick, on average over @ticks. */
double sim_rate(struct sim *s, unsigned int ticks);

u64 sim_random(u64 *seed);

/* The table in docs/elevator-laws.md, on standard output. */
void sim_figures(void);

#endif
