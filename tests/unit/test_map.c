// SPDX-License-Identifier: GPL-2.0
/* What is held of the mapping, against a list that is searched. */
#include <stdlib.h>

#include <linux/kernel.h>

#include "map.h"
#include "rig.h"
#include "unit.h"

#define MIB 0x100000ULL
#define MAX_HELD 64

static struct weir_map map;
static void *memory;

static void open_map(u64 capacity, u32 permille)
{
	struct weir_model model = rig_model(WEIR_KIND_FLASH);

	model.map_permille = permille;
	memory = malloc(weir_map_bytes(capacity));
	assert_non_null(memory);
	weir_map_init(&map, memory, &model, capacity);
}

/* The latest first. */
static struct {
	u32 segment;
	bool changed;
} list[MAX_HELD + 1];
static u32 listed;

static u32 touch_list(u32 segment, bool change, u32 room)
{
	bool changed = change;
	u32 i, found = WEIR_MAP_MISSED;

	for (i = 0; i < listed; i++) {
		if (list[i].segment != segment)
			continue;
		changed |= list[i].changed;
		found = 0;
		break;
	}
	if (found)
		i = listed++;
	for (; i; i--)
		list[i] = list[i - 1];
	list[0].segment = segment;
	list[0].changed = changed;
	if (listed <= room)
		return found;
	listed--;
	return found | (list[listed].changed ? WEIR_MAP_DROPPED : 0);
}

static void the_oldest_goes(void **state)
{
	u32 permille, i;

	for (permille = 1; permille <= 1000; permille += 333) {
		open_map(60 * 4 * MIB, permille);
		assert_int_equal(map.nr_segments, 60);
		assert_int_equal(map.room, max(60 * permille / 1000, 1U));
		listed = 0;
		for (i = 0; i < 20000; i++) {
			u32 segment = rig_random() % (1 + rig_random() % 60);
			bool change = rig_random() % 4 == 0;

			assert_int_equal(weir_map_touch(&map, segment, change),
					 touch_list(segment, change, map.room));
			assert_int_equal(map.held, listed);
		}
		free(memory);
	}
}

/* Of any disk, all of it, in segments of 4 MiB as long as these are not too many. */
static void segments_cover_the_disk(void **state)
{
	u64 capacity;

	for (capacity = 512; capacity <= 1ULL << 52; capacity *= 8) {
		open_map(capacity, 64);
		assert_int_equal(weir_map_segment(&map, 0), 0);
		assert_int_equal(weir_map_segment(&map, (capacity >> 9) - 1),
				 map.nr_segments - 1);
		assert_int_equal(weir_map_segment(&map, ~0ULL), map.nr_segments - 1);
		assert_true(map.shift == 13 || map.nr_segments > WEIR_MAP_MAX_SEGMENTS / 2);
		assert_true(weir_map_bytes(capacity) <= 384 << 10);
		free(memory);
	}
}

const struct CMUnitTest map_tests[] = {
	cmocka_unit_test(the_oldest_goes),
	cmocka_unit_test(segments_cover_the_disk),
};

const size_t nr_map_tests = sizeof(map_tests) / sizeof(*map_tests);
