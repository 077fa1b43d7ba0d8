// SPDX-License-Identifier: GPL-2.0
/*
 * A textbook binary heap (Williams 1964) whose entries know their place.
 */
#include "due.h"

static void place(struct weir_due *d, u32 pos, struct weir_due_slot s)
{
	d->slot[pos] = s;
	s.entry->pos = pos + 1;
}

static void sift_up(struct weir_due *d, u32 pos, struct weir_due_slot s)
{
	while (pos) {
		u32 parent = (pos - 1) / 2;

		if (d->slot[parent].at_ns <= s.at_ns)
			break;
		place(d, pos, d->slot[parent]);
		pos = parent;
	}
	place(d, pos, s);
}

static void sift_down(struct weir_due *d, u32 pos, struct weir_due_slot s)
{
	for (;;) {
		u32 child = 2 * pos + 1;

		if (child >= d->nr)
			break;
		if (child + 1 < d->nr &&
		    d->slot[child + 1].at_ns < d->slot[child].at_ns)
			child++;
		if (s.at_ns <= d->slot[child].at_ns)
			break;
		place(d, pos, d->slot[child]);
		pos = child;
	}
	place(d, pos, s);
}

void weir_due_push_early(struct weir_due *d, struct weir_due_entry *e, u64 at_ns)
{
	struct weir_due_slot s = { .at_ns = at_ns, .entry = e };

	sift_up(d, d->nr++, s);
}

void weir_due_remove(struct weir_due *d, struct weir_due_entry *e)
{
	u32 pos = e->pos - 1;
	struct weir_due_slot last = d->slot[--d->nr];

	e->pos = WEIR_NOT_DUE;
	if (pos == d->nr)
		return;
	if (pos && last.at_ns < d->slot[(pos - 1) / 2].at_ns)
		sift_up(d, pos, last);
	else
		sift_down(d, pos, last);
}

struct weir_due_entry *weir_due_pop(struct weir_due *d, u64 now_ns)
{
	struct weir_due_entry *e;

	if (!d->nr || d->slot[0].at_ns > now_ns)
		return NULL;
	e = d->slot[0].entry;
	weir_due_remove(d, e);
	return e;
}
