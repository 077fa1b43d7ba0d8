/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The driver's part of a request, and requests on their way from one owner to
 * the next.
 */
#ifndef WEIR_CMD_H
#define WEIR_CMD_H

#include <linux/atomic.h>
#include <linux/blk-mq.h>

#include "media/media.h"

#include "due.h"

struct weir_write;

/*
 * What has become of a request that went to the media model when it arrived: its bytes
 * move meanwhile. Whoever adds the second of the first two lets it wait for its time.
 */
enum {
	WEIR_MOVED = 1,		/* its bytes have moved */
	WEIR_DECIDED = 2,	/* the model has said when it is done */
	WEIR_LOST = 4,		/* it is done, and nobody will be told before it times out */
};

/**
 * struct weir_fault - what is to be wrong with a request (inject.c decides, wrong.c
 * does it); all 0 but from there on until its work is done, or the next request of the
 * tag would have it
 * @act: enum weir_rule_act
 * @waits: it is on one of inject.c's lists; under its lock
 * @waited: it was, and is to be done now
 * @hold: it waits to be released
 * @status: how it fails, with WEIR_ACT_STATUS and WEIR_ACT_TIMEOUT
 * @removals: how often all rules had been removed when it met its own
 * @bits: how many are flipped, with WEIR_ACT_CORRUPT
 * @draw: chooses them
 * @away: how far away it is done, in sectors, with WEIR_ACT_MISDIRECT
 * @until_ns: it waits until then; 0: not
 * @since_ns: in place of that, while it is held: since when
 */
struct weir_fault {
	u8 act;
	bool waits;
	bool waited;
	bool hold;
	blk_status_t status;
	u32 removals;
	u32 bits;
	u64 draw;
	s64 away;
	union {
		u64 until_ns;
		u64 since_ns;
	};
};

/**
 * struct weir_cmd - the driver's part of a request
 * @due: its place among the requests that wait for their time
 * @status: how its work went
 * @met: WEIR_MOVED, WEIR_DECIDED, with a media model; WEIR_LOST
 * @submit_ns: when queue_rq took it, 0 if nobody watched then
 * @due_ns: when it is due, 0 if it need not wait
 * @write: on a disk with a volatile cache: what it changes, as the cache has it
 * @covers: a flush: the event before it was taken
 * @taken: the power cut has counted it
 * @fault: what is to be wrong with it; but for its act only touched on a disk with faults
 * @media: the media model's part of it
 */
struct weir_cmd {
	struct weir_due_entry due;
	blk_status_t status;
	atomic_t met;
	u64 submit_ns;
	u64 due_ns;
	struct weir_write *write;
	u64 covers;
	bool taken;
	struct weir_fault fault;
	struct weir_media_cmd media;
};

/*
 * The block layer's fault injection (io-timeout-fail, with fail_io_timeout in debugfs):
 * is this request, which is about to be given back, to be lost? Then it is nobody's until
 * it times out. Called by its owner. Nothing at all on a kernel without that.
 */
static inline bool weir_is_lost(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	if (likely(!blk_should_fake_timeout(rq->q)))
		return false;
	atomic_or(WEIR_LOST, &cmd->met);
	return true;
}

/* Was it? Called when it has timed out, whose caller owns it then. */
static inline bool weir_found_lost(struct request *rq)
{
	struct weir_cmd *cmd = blk_mq_rq_to_pdu(rq);

	return IS_ENABLED(CONFIG_FAIL_IO_TIMEOUT) &&
	       atomic_fetch_andnot(WEIR_LOST, &cmd->met) & WEIR_LOST;
}

/* Is it a discard of several ranges, anywhere on the disk? Then each bio is one of them. */
static inline bool weir_has_ranges(const struct request *rq)
{
	return req_op(rq) == REQ_OP_DISCARD && rq->nr_phys_segments > 1;
}

/**
 * struct weir_chain - requests between two owners, linked through rq_next
 * @first: the first, NULL if there is none
 * @tail: where the next one is linked
 */
struct weir_chain {
	struct request *first;
	struct request **tail;
};

/* Make it empty, whatever it held. */
static inline void weir_chain_init(struct weir_chain *c)
{
	c->first = NULL;
	c->tail = &c->first;
}

/* Put a request at its end, which is its only owner's. */
static inline void weir_chain_add(struct weir_chain *c, struct request *rq)
{
	rq->rq_next = NULL;
	*c->tail = rq;
	c->tail = &rq->rq_next;
}

#endif
