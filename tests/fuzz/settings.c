// SPDX-License-Identifier: GPL-2.0
/*
 * Settings that are refused stay as they were; those that are taken are a disk that can be
 * built, and resolving them again changes nothing.
 */
#include "fuzz.h"
#include "media/complaint.h"
#include "settings.h"

/* Each within a range that holds all that config.h allows */
static struct weir_settings any_settings(struct bytes *b)
{
	struct weir_settings s = { 0 };
	s64 *value = (s64 *)&s;
	size_t i;

	for (i = 0; i < sizeof(s) / sizeof(*value); i++)
		value[i] = take_from(b, 0, 1ULL << 32);
	s.bs = 512ULL << take_below(b, 8);
	s.bs -= !take_below(b, 16);
	if (take_below(b, 4))
		s.zoned = 0;
	if (take_below(b, 4))
		s.queue_mode = 2;
	if (take_below(b, 2))
		s.completion_nsec = -1;
	if (take_below(b, 4))
		s.atomic_kib = 0;
	if (take_below(b, 2)) {
		s.io_min = 0;
		s.io_opt = 0;
		s.discard_granularity = 0;
		s.physical_block_size = 0;
	}
	return s;
}

static bool power_of_two(s64 n)
{
	return n > 0 && !(n & (n - 1));
}

static void check(const struct weir_settings *s, const struct weir_machine *m)
{
	struct weir_settings again = *s;
	struct weir_complaint why;

	HOLDS(s->queue_mode == 2 && !s->zoned);
	HOLDS(power_of_two(s->physical_block_size) && s->physical_block_size >= s->bs);
	HOLDS(s->io_min % s->physical_block_size == 0);
	HOLDS(s->io_opt % s->physical_block_size == 0);
	HOLDS(s->submit_queues >= 1 && s->submit_queues <= m->cpus);
	HOLDS(s->poll_queues <= m->cpus);
	HOLDS(s->memory_limit >= 1 && s->memory_limit <= m->ram_mib);
	HOLDS(s->completion_nsec >= 0);
	HOLDS(!s->cache_size || (s->write_cache && s->memory_backed));
	HOLDS(!s->max_sectors || s->max_sectors * 512 >= s->bs);
	HOLDS(!s->atomic_kib || power_of_two(s->atomic_kib));
	HOLDS(weir_settings_resolve(&again, m, &why));
	HOLDS(!memcmp(&again, s, sizeof(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	const struct weir_machine m = {
		.cpus = take_from(&b, 1, 1024),
		.nodes = take_from(&b, 1, 64),
		.ram_mib = take_from(&b, 1, 1 << 20),
	};
	struct weir_settings s = any_settings(&b), before = s;
	struct weir_complaint why = { 0 };

	if (weir_settings_resolve(&s, &m, &why)) {
		HOLDS(power_of_two(before.bs));
		check(&s, &m);
	} else {
		HOLDS(!memcmp(&s, &before, sizeof(s)));
		HOLDS(why.name && why.want);
	}
	return 0;
}
