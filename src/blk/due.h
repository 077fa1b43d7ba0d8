/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The requests of a hardware queue that wait for their time: a binary heap of
 * due times in one array, made once, as deep as the queue has tags.
 *
 * An entry knows its place (its pos), so that one that is timed out can leave
 * from the middle. When every entry is due, which is the usual case under load
 * because one timer serves the whole queue, the array is simply emptied from
 * front to back, without restoring the heap after each.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking: back.c holds the queue's lock around all of this. Times are ns of one
 * clock, the caller's.
 */
#ifndef WEIR_DUE_H
#define WEIR_DUE_H

#include <linux/kernel.h>
#include <linux/types.h>

#define WEIR_NOT_DUE 0U /* the pos of what is in no heap, as in zeroed memory */

/**
 * struct weir_due_entry - embedded in what waits
 * @pos: its place in the heap, from 1 on; WEIR_NOT_DUE when in none
 */
struct weir_due_entry {
	u32 pos;
};

struct weir_due_slot {
	u64 at_ns;
	struct weir_due_entry *entry;
};

/**
 * struct weir_due - the heap
 * @slot: the entries, the earliest first
 * @latest_ns: no entry is due later than this
 * @nr: entries in @slot
 * @max: room in @slot
 */
struct weir_due {
	struct weir_due_slot *slot;
	u64 latest_ns;
	u32 nr;
	u32 max;
};

/* weir_due_push() for what is due before an entry that is there already */
void weir_due_push_early(struct weir_due *d, struct weir_due_entry *e, u64 at_ns);

/**
 * weir_due_push() - wait until @at_ns
 *
 * What is due last goes to the end, which leaves a heap a heap: with a constant
 * delay that is all there is to do.
 *
 * Return: false if the heap is full, which means that its owner has more
 * requests under way than the queue has tags.
 */
static inline bool weir_due_push(struct weir_due *d, struct weir_due_entry *e,
				 u64 at_ns)
{
	u32 nr = d->nr;

	if (unlikely(nr == d->max))
		return false;
	if (nr && unlikely(at_ns < d->latest_ns)) {
		weir_due_push_early(d, e, at_ns);
		return true;
	}
	d->slot[nr].at_ns = at_ns;
	d->slot[nr].entry = e;
	e->pos = nr + 1;
	d->latest_ns = at_ns;
	d->nr = nr + 1;
	return true;
}

/**
 * weir_due_pop() - the earliest entry, if its time has come
 *
 * Return: the entry, no longer in the heap, or NULL if none is due at @now_ns.
 */
struct weir_due_entry *weir_due_pop(struct weir_due *d, u64 now_ns);

/** weir_due_remove() - take an entry out that is in the heap, wherever it is */
void weir_due_remove(struct weir_due *d, struct weir_due_entry *e);

/* When an entry is due that is in the heap. */
static inline u64 weir_due_at_ns(const struct weir_due *d, const struct weir_due_entry *e)
{
	return d->slot[e->pos - 1].at_ns;
}

/* Are all entries due at @now_ns? Then the owner may empty the array itself. */
static inline bool weir_due_all(const struct weir_due *d, u64 now_ns)
{
	return d->nr && d->latest_ns <= now_ns;
}

/* When the earliest entry is due, U64_MAX if there is none. */
static inline u64 weir_due_next_ns(const struct weir_due *d)
{
	return d->nr ? d->slot[0].at_ns : ~0ULL;
}

#endif
