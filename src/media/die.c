// SPDX-License-Identifier: GPL-2.0
/*
 * What a die does over time: reads on its planes, and programs in the background.
 *
 * - Each plane reads its pages, one after another, reads in order of arrival.
 * - A program takes the die with all its planes. It begins when no read is there. A
 *   read waits for the program under way, or suspends it, if the model has suspend_ns:
 *   then the program goes on after the read, and is done later by both times; reads of
 *   other planes meanwhile add what is beyond the first. After 16 reads in a row a
 *   program must be done before the next read, so that nobody waits for ever.
 * - A program of garbage collection takes the reads of what it copies, too, and one that
 *   erases a block the time of that.
 * - With slc_mib, a die that has been idle for idle_ns copies what its one-bit cells hold
 *   into the others, one program after another. Left out: erasing one-bit cells, and that
 *   reads of them are faster.
 *
 * Dies live lazily: what one has done in the background is worked out when somebody
 * looks at it, and at the latest after a program's time, so that it is little.
 *
 * Left out: a program's data takes its die's time on the channel and not the channel's,
 * so that it delays no read.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "die.h"
#include "medium.h"

#define READS_AHEAD 16

static void begin_program(struct weir_media *m, struct weir_die *die, u32 d, u64 at_ns)
{
	const struct weir_flash *f = &m->flash;
	u8 flags = f->program_flags[(size_t)die->round * f->nr_dies + d];
	bool one_bit = flags & WEIR_PROGRAM_ONE_BIT;
	u64 ns = weir_media_draw(m, &die->random, WEIR_MEDIA_WRITE,
				 one_bit ? m->model.slc_program_ns : m->model.program_ns);

	m->work += 2;
	ns = max(ns + f->transfer_ns[one_bit], f->turn_ns[one_bit]);
	if (flags & WEIR_PROGRAM_COLLECTS)
		ns += f->copy_read_ns;
	if (flags & WEIR_PROGRAM_ERASES)
		ns += f->erase_ns;
	if (++die->round == f->rounds)
		die->round = 0;
	die->backlog--;
	die->programming = true;
	die->collecting = flags & ~WEIR_PROGRAM_ONE_BIT;
	die->program_pages = one_bit ? f->one_bit_pages : f->program_pages;
	die->program_end_ns = min(at_ns + ns, WEIR_LAST_NS);
	die->busy_ns += ns;
}

static void end_program(struct weir_die *die)
{
	die->programming = false;
	die->passed = 0;
	die->pages += die->program_pages;
	if (die->draining) {
		die->draining = false;
		die->one_bit -= die->program_pages;
		return;
	}
	die->programmed++;
	die->cached -= die->program_pages;
	die->host_end_ns = die->program_end_ns;
}

/*
 * A die that has been idle copies what fills a program out of its one-bit cells, one
 * program after another; those that are done by @until_ns take one step.
 * Return: false if it does not do so at @until_ns.
 */
static bool drain(struct weir_media *m, struct weir_die *die, u64 until_ns)
{
	const struct weir_flash *f = &m->flash;
	u64 start = max(max(die->read_end_ns, die->host_end_ns) + f->idle_ns,
			die->program_end_ns);
	u64 done;
	u32 pages;

	if (die->one_bit < f->program_pages || start > until_ns)
		return false;
	done = min_t(u64, div64_u64(until_ns - start, f->drain_ns),
		     die->one_bit / f->program_pages);
	pages = done * f->program_pages;
	m->work += 2;
	die->one_bit -= pages;
	die->pages += pages;
	die->busy_ns += done * f->drain_ns;
	die->program_end_ns = start + done * f->drain_ns;
	if (die->one_bit < f->program_pages)
		return false;
	die->programming = true;
	die->collecting = true;
	die->draining = true;
	die->program_pages = f->program_pages;
	die->program_end_ns = min(die->program_end_ns + f->drain_ns, WEIR_LAST_NS);
	die->busy_ns += f->drain_ns;
	return true;
}

/*
 * What a die has done in the background until then.
 * @patient: leave off if that takes long; return: false if it did
 */
static bool live_on(struct weir_media *m, struct weir_die *die, u32 d, u64 until_ns,
		    bool patient)
{
	while (!patient || !weir_media_tired(m)) {
		u64 start;

		if (die->programming) {
			if (die->program_end_ns > until_ns)
				return true;
			end_program(die);
		}
		if (!die->backlog && !drain(m, die, until_ns))
			return true;
		if (die->programming)
			continue;
		start = max(max(die->ready_ns, die->read_end_ns), die->program_end_ns);
		if (start > until_ns)
			return true;
		begin_program(m, die, d, start);
	}
	return false;
}

void weir_die_live(struct weir_media *m, u32 d, u64 until_ns)
{
	live_on(m, &m->flash.die[d], d, until_ns, false);
}

bool weir_die_live_some(struct weir_media *m, u32 d, u64 until_ns)
{
	return live_on(m, &m->flash.die[d], d, until_ns, true);
}

/* Some of the dies live until f->living_ns. Return: true if all have. */
static bool live_together(struct weir_media *m)
{
	struct weir_flash *f = &m->flash;

	for (; f->lived_dies < f->nr_dies; f->lived_dies++) {
		m->work++;
		if (!weir_die_live_some(m, f->lived_dies, f->living_ns))
			return false;
	}
	f->lived_dies = 0;
	f->lived_ns = f->living_ns;
	return true;
}

bool weir_flash_catch_up(struct weir_media *m, u64 until_ns)
{
	struct weir_flash *f = &m->flash;

	while (until_ns >= f->lived_ns + f->lag_ns) {
		if (!f->lived_dies)
			f->living_ns = until_ns;
		if (!live_together(m))
			return false;
	}
	return true;
}

bool weir_flash_settle(struct weir_media *m, u64 until_ns)
{
	struct weir_flash *f = &m->flash;

	/* They may be on the way to an earlier time. */
	while (f->lived_ns < until_ns) {
		if (!f->lived_dies)
			f->living_ns = m->now_ns;
		if (!live_together(m))
			return false;
	}
	return true;
}

u64 weir_die_next_ns(const struct weir_die *die, u64 programmed)
{
	if (die->programmed >= programmed)
		return die->programming ? 0 : die->program_end_ns;
	if (die->programming)
		return die->program_end_ns;
	return max(max(die->ready_ns, die->read_end_ns), die->program_end_ns);
}

/* The program under way stands still, @from_ns to @until_ns; maybe it does so already. */
static void stand_still(struct weir_die *die, u64 from_ns, u64 until_ns)
{
	if (until_ns <= die->still_ns)
		return;
	die->program_end_ns = min(die->program_end_ns + until_ns - max(from_ns, die->still_ns),
				  WEIR_LAST_NS);
	die->still_ns = until_ns;
}

/*
 * When a read can begin on a die that programs, and ends before that does on its plane
 * all that it has been given. @ns: of the read; @plane_end_ns: see there
 */
static u64 pass_program(struct weir_flash *f, struct weir_die *die, u64 plane_end_ns,
			u64 at_ns, u64 ns)
{
	u64 start = at_ns;

	if (!f->suspend_ns || die->passed >= READS_AHEAD)
		return max(die->program_end_ns, plane_end_ns);
	if (plane_end_ns > at_ns) {
		start = plane_end_ns;
		stand_still(die, start, start + ns);
	} else if (die->still_ns > at_ns) {
		stand_still(die, start, start + ns);
	} else if (die->program_end_ns - at_ns > f->suspend_ns) {
		start = at_ns + f->suspend_ns;
		stand_still(die, at_ns, start + ns);
		f->suspends++;
	} else {
		return die->program_end_ns;
	}
	die->passed++;
	return start;
}

u64 weir_die_serve(struct weir_media *m, u32 p, u64 at_ns, u64 ns, u64 *gc_ns)
{
	struct weir_flash *f = &m->flash;
	u32 d = weir_die_of_plane(f, p);
	struct weir_die *die = &f->die[d];
	u64 *plane_end_ns = &f->plane_end_ns[p];
	u64 start = max(at_ns, *plane_end_ns);
	bool behind = die->programming;

	if (!die->programming && die->backlog && die->passed >= READS_AHEAD) {
		/* It waits for reads only, and now for no further one. */
		begin_program(m, die, d, max(at_ns, die->read_end_ns));
		behind = true;
	}
	if (die->programming && *plane_end_ns < die->program_end_ns) {
		u64 suspends = f->suspends;

		start = pass_program(f, die, *plane_end_ns, at_ns, ns);
		/* Where the program stands still already, it waits for reads. */
		behind = start >= die->program_end_ns || f->suspends != suspends;
	} else if (!die->programming && die->backlog) {
		die->passed++;
	}
	*gc_ns = behind && die->collecting ? min(start, die->program_end_ns) - at_ns : 0;
	*plane_end_ns = min(start + ns, WEIR_LAST_NS);
	die->read_end_ns = max(die->read_end_ns, *plane_end_ns);
	die->busy_ns += ns;
	return start;
}
