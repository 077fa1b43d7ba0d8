// SPDX-License-Identifier: GPL-2.0
/*
 * See fate.h. The hash is SplitMix64's mixing function (Steele, Lea and Flood,
 * OOPSLA 2014; constants from Vigna's public-domain version).
 */
#include <linux/kernel.h>

#include "fate.h"

#define CLEAN_ONE_IN 10

/* A run is 64 KiB << 0 to 6: up to 4 MiB, in sectors. */
#define RUN_SECTORS_LEAST 128
#define RUN_SIZES 7

/* One lost sector in so many is damaged, if the plan may. */
#define DAMAGE_ONE_IN 4

/* So that no two questions about the same sector have the same answer */
enum { ASK_CLEAN = 1, ASK_TARGET, ASK_RUN, ASK_KEPT, ASK_DAMAGE, ASK_KIND, ASK_GARBAGE };

const char *const weir_fate_names[WEIR_NR_FATES] = {
	[WEIR_FATE_NEW] = "new",
	[WEIR_FATE_BETWEEN] = "between",
	[WEIR_FATE_OLD] = "old",
	[WEIR_FATE_ZEROES] = "zeroes",
	[WEIR_FATE_GARBAGE] = "garbage",
	[WEIR_FATE_ERROR] = "error",
};

const char *const weir_fate_mode_names[WEIR_LOSE_NR_MODES] = {
	[WEIR_LOSE_ALL] = "all",
	[WEIR_LOSE_RANDOM] = "random",
	[WEIR_LOSE_RUN] = "run",
	[WEIR_LOSE_JOURNAL] = "journal",
};

static u64 mix(u64 z)
{
	z += 0x9e3779b97f4a7c15ULL;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static u64 ask(const struct weir_fate_plan *plan, u64 question, u64 a, u64 b)
{
	return mix(mix(mix(plan->hash ^ question) ^ a) ^ b);
}

/* @hash spread over 0 to @nr - 1, without a division. @nr: below 2^32 */
static u32 below(u64 hash, u32 nr)
{
	return ((hash >> 32) * nr) >> 32;
}

void weir_fate_init(struct weir_fate_plan *plan, u64 seed, u64 cut, enum weir_fate_mode mode)
{
	plan->hash = mix(mix(seed) ^ cut);
	plan->mode = mode;
	plan->first = 0;
	plan->last = ~0ULL;
	plan->damage = 0;
	plan->clean = !below(ask(plan, ASK_CLEAN, 0, 0), CLEAN_ONE_IN);
	plan->run_first = 0;
	plan->run_last = ~0ULL;
	plan->pivot = ~0ULL;
}

u64 weir_fate_target(const struct weir_fate_plan *plan, u64 nr)
{
	return below(ask(plan, ASK_TARGET, 0, 0), min_t(u64, nr, 0xffffffff));
}

void weir_fate_aim(struct weir_fate_plan *plan, u64 sector, u64 began)
{
	u64 sectors = (u64)RUN_SECTORS_LEAST << below(ask(plan, ASK_RUN, 0, 0), RUN_SIZES);

	plan->run_first = sector;
	plan->run_last = sector + sectors - 1;
	plan->pivot = began;
}

bool weir_fate_durable(const struct weir_view *view, const struct weir_life *w)
{
	if (w->destaged && w->destaged <= view->at)
		return true;
	if (!w->done || w->done > view->at)
		return false;
	return w->fua || w->done <= view->flushed;
}

static bool kept(const struct weir_fate_plan *plan, const struct weir_life *w, u64 sector)
{
	if (w->atomic)
		sector = w->sector;
	if (plan->clean || sector < plan->first || sector > plan->last)
		return true;
	switch (plan->mode) {
	case WEIR_LOSE_RANDOM:
		return ask(plan, ASK_KEPT, w->began, sector) & 1;
	case WEIR_LOSE_RUN:
		return sector < plan->run_first || sector > plan->run_last;
	case WEIR_LOSE_JOURNAL:
		return w->began > plan->pivot;
	default:
		return false;
	}
}

enum weir_step weir_fate_step(const struct weir_fate_plan *plan, const struct weir_view *view,
			      const struct weir_life *w, u64 sector)
{
	if (w->began > view->at)
		return WEIR_STEP_LATER;
	if (weir_fate_durable(view, w))
		return WEIR_STEP_DURABLE;
	return kept(plan, w, sector) ? WEIR_STEP_KEPT : WEIR_STEP_LOST;
}

enum weir_fate weir_fate_damage(const struct weir_fate_plan *plan, u64 sector)
{
	enum weir_fate may[WEIR_NR_FATES];
	u32 fate, nr = 0;

	for (fate = WEIR_FATE_ZEROES; fate < WEIR_NR_FATES; fate++)
		if (plan->damage & 1U << fate)
			may[nr++] = fate;
	if (!nr || below(ask(plan, ASK_DAMAGE, sector, 0), DAMAGE_ONE_IN))
		return WEIR_FATE_OLD;
	return may[below(ask(plan, ASK_KIND, sector, 0), nr)];
}

u64 weir_fate_garbage(const struct weir_fate_plan *plan, u64 sector, u32 word)
{
	return ask(plan, ASK_GARBAGE, sector, word);
}
