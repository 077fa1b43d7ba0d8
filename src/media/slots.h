/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The times at which the controller's slots become free: a binary heap, the
 * earliest first.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_SLOTS_H
#define WEIR_SLOTS_H

#include <linux/types.h>

/**
 * struct weir_slots - the heap
 * @done_ns: the times; as many as there are slots
 * @nr: of them in use
 */
struct weir_slots {
	u64 *done_ns;
	u32 nr;
};

/* A slot becomes free at @at_ns. There is room: it was taken until now. */
static inline void weir_slots_push(struct weir_slots *s, u64 at_ns)
{
	u32 i = s->nr++;

	while (i && s->done_ns[(i - 1) / 2] > at_ns) {
		s->done_ns[i] = s->done_ns[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->done_ns[i] = at_ns;
}

/* The earliest has become free. There is one. */
static inline void weir_slots_pop(struct weir_slots *s)
{
	u64 last = s->done_ns[--s->nr];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < s->nr) {
		if (child + 1 < s->nr && s->done_ns[child + 1] < s->done_ns[child])
			child++;
		if (s->done_ns[child] >= last)
			break;
		s->done_ns[i] = s->done_ns[child];
		i = child;
	}
	s->done_ns[i] = last;
}

#endif
