// SPDX-License-Identifier: GPL-2.0
/* See rule.h. rule_text.c has the text of a rule. */
#include <linux/kernel.h>

#include "rule.h"

/*
 * SplitMix64's mixing function (Steele, Lea and Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014) of a counter. There is no state beside the count,
 * so that what one rule draws does not depend on another.
 */
u64 weir_rule_random(u64 seed, u64 n)
{
	u64 z = seed + (n + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

bool weir_rule_covers(const struct weir_rule *r, enum weir_rule_op op, u64 first,
		      u64 nr_sectors)
{
	if (!(r->ops & 1U << op))
		return false;
	if (!nr_sectors)
		return !r->first && r->last == ~0ULL;
	return first <= r->last && first + nr_sectors - 1 >= r->first;
}

/* Is the request that was just counted one that nth= and every= choose? */
static bool chosen(struct weir_rule *r)
{
	if (!r->nth && !r->every)
		return true;
	if (r->seen != r->next)
		return false;
	r->next = r->every ? r->next + r->every : 0;
	if (r->next < r->every)
		r->next = 0; /* past the end of all counting */
	return true;
}

/*
 * One in r->chance: the upper half of the product of a random u32 and chance is 0
 * for that part of them, and no division is needed.
 */
static bool drawn(const struct weir_rule *r)
{
	u64 random = weir_rule_random(r->seed, r->seen) >> 32;

	return !(random * r->chance >> 32);
}

static bool hit(struct weir_rule *r)
{
	r->seen++;
	if (!chosen(r) || !drawn(r) || (r->times && r->hits >= r->times))
		return false;
	r->hits++;
	return true;
}

struct weir_rule *weir_rules_hit(struct weir_rule *rules, u32 nr, enum weir_rule_op op,
				 u64 first, u64 nr_sectors)
{
	while (nr--)
		if (weir_rule_covers(&rules[nr], op, first, nr_sectors) && hit(&rules[nr]))
			return &rules[nr];
	return NULL;
}
