/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Requests on queues that are watched: because their disk keeps histograms (timing),
 * or because a tracepoint is on.
 */
#ifndef WEIR_WATCH_H
#define WEIR_WATCH_H

#include <linux/types.h>

#include "media/media.h"

struct request;
struct weir_disk;
struct weir_queue;

/*
 * A hardware queue comes, and goes. Called by hctx.c when there is no request in it.
 * May sleep.
 */
void weir_watch_add(struct weir_queue *wq);
void weir_watch_del(struct weir_queue *wq);

/* A queue's short_way has changed. Called by hctx.c, under I/O. May sleep. */
void weir_watch_update(struct weir_queue *wq, bool short_way);

/**
 * weir_watch_timing() - keep histograms of a disk's latencies, or no longer
 *
 * At any time, under I/O. A request is timed if they are kept from its
 * beginning to its end. May sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int weir_watch_timing(struct weir_disk *wd, bool on);

/*
 * queue_rq has taken a request. Called by take.c for each that begins while
 * wq->watch is set, in its submitter's context.
 */
void weir_watch_submit(struct request *rq);

/* The worker has done what queue_rq could not. Called by take.c for each. */
void weir_watch_deferred(struct request *rq);

/**
 * weir_watch_media() - the media model has decided
 * @submit_ns: when the request came to it
 * @done_ns: when it is done
 * @part_ns: where the time goes
 *
 * Called by drive.c, once for a request, from any context.
 */
void weir_watch_media(struct weir_queue *wq, struct request *rq, u64 submit_ns,
		      u64 done_ns, const u64 part_ns[WEIR_MEDIA_NR_PARTS]);

/*
 * A request is about to be given back. Called by its owner (back.h) for each that
 * ends while wq->watch is set, from any context.
 */
void weir_watch_complete(struct weir_queue *wq, struct request *rq);

#endif
