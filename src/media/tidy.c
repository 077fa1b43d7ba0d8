// SPDX-License-Identifier: GPL-2.0
/*
 * Flash that collects garbage by itself while it is idle, with gc_idle_permille.
 *
 * - It begins when no command has been inside for idle_ns, and goes on until there are so
 *   many free blocks, or no garbage, or a command comes. Not before the first command.
 * - Each die that has nothing else to do is given one program of what is copied (ftl.c) at a
 *   time, so that who comes waits for no more than this. One-bit cells are emptied first.
 * - These are events like any other, in their order and at their times, but nobody is called
 *   for them: they are worked out when the next command comes, or somebody asks, in as many
 *   pieces as it takes.
 */
#include <linux/kernel.h>

#include "die.h"
#include "log.h"
#include "medium.h"
#include "tidy.h"

#define DIES_LOOKED_AT 4 /* to look at so many dies is 1 of a step's work */
#define UNITS 16U /* copied in one go */
#define LOOKS_SHIFT 3 /* in a program's time it looks for idle dies at most 2^3 times */

u64 weir_tidy_next_ns(const struct weir_media *m)
{
	const struct weir_flash *f = &m->flash;

	if (!f->ftl.idle_blocks || f->tidy_ns == WEIR_NEVER)
		return WEIR_NEVER;
	return max(m->last_ns + f->idle_ns, f->tidy_ns);
}

/* So much has to be copied yet until there is a program's, in units. */
static u32 units_short(const struct weir_flash *f)
{
	u32 pages = f->debt < f->program_pages ? f->program_pages - f->debt : 0;

	return (pages + (1U << f->unit_pages_shift) - 1) >> f->unit_pages_shift;
}

/*
 * A die that has nothing to do is given a program of garbage collection, and begins it.
 * Return: false if there is no garbage, or if it is left for another event.
 */
static bool tidy_on(struct weir_media *m, u32 d)
{
	struct weir_flash *f = &m->flash;
	u32 units, copied;

	while ((units = units_short(f))) {
		if (weir_media_tired(m))
			return false;
		copied = weir_ftl_tidy(&f->ftl, min(units, UNITS));
		if (!copied) {
			f->tidy_ns = WEIR_NEVER;
			return false;
		}
		f->debt += (u64)copied << f->unit_pages_shift;
		m->work += 1 + 2 * copied;
	}
	m->work += 2;
	f->debt -= f->program_pages;
	f->owed -= !!f->owed;
	weir_log_push(m, d, WEIR_PROGRAM_COLLECTS, m->now_ns);
	weir_die_live(m, d, m->now_ns);
	return true;
}

void weir_tidy_some(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;
	u64 now = m->now_ns;

	if (!f->tidied_dies)
		f->tidied_ns = WEIR_NEVER;
	for (; f->tidied_dies < f->nr_dies; f->tidied_dies++) {
		u32 d = f->tidied_dies;

		m->work += !(d % DIES_LOOKED_AT);
		if (!weir_die_live_some(m, d, now))
			return;
		if (weir_die_idle_ns(f, &f->die[d]) <= now && !tidy_on(m, d))
			return;
		f->tidied_ns = min(f->tidied_ns, weir_die_idle_ns(f, &f->die[d]));
	}
	f->tidied_dies = 0;
	/* Not for each die alone, if there are many. */
	f->tidy_ns = max(f->tidied_ns, now + (f->drain_ns >> LOOKS_SHIFT));
}
