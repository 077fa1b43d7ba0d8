/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flash's garbage collection in idle time. tidy.c has how it works.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_TIDY_H
#define WEIR_TIDY_H

#include <linux/types.h>

struct weir_media;

/* flash.c calls these, for a flash that collects and while no command is inside. */

/*
 * Return: when some more is to be collected, in ns of the model; it may be over. WEIR_NEVER:
 * nothing is.
 */
u64 weir_tidy_next_ns(const struct weir_media *m);

/* That time has come: @m->now_ns. What is left when a step ends is done in other events. */
void weir_tidy_some(struct weir_media *m);

#endif
