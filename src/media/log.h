/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flash's write cache, and the log of programs that goes from there to the dies. log.c has
 * how it works.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <linux/types.h>

struct weir_flash;
struct weir_media;
struct weir_media_cmd;

/*
 * Is what was written last to a sector's unit still in the write cache? serve.c calls it
 * for each piece of a read, for a model with cache_hits. @at_ns: of the read
 */
bool weir_log_holds(struct weir_media *m, u64 sector, u64 at_ns);

/* So much of a sector's unit is discarded: if that is all of it, it is held no more. */
void weir_log_discarded(struct weir_flash *f, u64 sector, u64 sectors);

/* flash.c calls the others. */

/*
 * A write, or write-zeroes, goes into the cache: it is decided, or waits. Only for a flash
 * with a log. @at_ns: when it entered; c->done_ns: when its data is there
 */
void weir_log_write(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

/*
 * A flush is decided, or waits for all programs filled before. Without a log, and with
 * plp=1, there is nothing to wait for. @at_ns: when it entered
 */
void weir_log_flush(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

/*
 * Return: when a die may have done what one of those that wait here waits for, in ns of the
 * model; WEIR_NEVER if nobody waits. An event that has left off (f->more) is due at once,
 * whatever this says.
 */
u64 weir_log_next_ns(const struct weir_media *m);

/*
 * The commands that wait here go on, as far as they can: at @m->now_ns, or where the last
 * event left off.
 */
void weir_log_event(struct weir_media *m);

/* Take a command out that waits here. Return: false if it does not. */
bool weir_log_cancel(struct weir_media *m, struct weir_media_cmd *c);

#endif
