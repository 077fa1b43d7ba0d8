// SPDX-License-Identifier: GPL-2.0
/* The segments of the mapping that a controller holds: see map.h. */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "map.h"
#include "model.h"

#define SEGMENT_SHIFT 13	/* 4 MiB, in sectors */
#define NONE (~0U)
#define ABSENT (~0U - 1)

static void shape(struct weir_map *map, u64 capacity)
{
	u64 last = (capacity >> 9) - 1;

	map->shift = SEGMENT_SHIFT;
	while (last >> map->shift >= WEIR_MAP_MAX_SEGMENTS)
		map->shift++;
	map->nr_segments = (last >> map->shift) + 1;
}

size_t weir_map_bytes(u64 capacity)
{
	struct weir_map map;

	shape(&map, capacity);
	return map.nr_segments * (2 * sizeof(u32) + sizeof(u8));
}

void weir_map_init(struct weir_map *map, void *memory, const struct weir_model *model,
		   u64 capacity)
{
	u32 i;

	shape(map, capacity);
	map->room = max(map->nr_segments * (u32)model->map_permille / 1000, 1U);
	map->held = 0;
	map->latest = NONE;
	map->oldest = NONE;
	map->older = memory;
	map->newer = map->older + map->nr_segments;
	map->changed = (u8 *)(map->newer + map->nr_segments);
	for (i = 0; i < map->nr_segments; i++) {
		map->newer[i] = ABSENT;
		map->changed[i] = false;
	}
}

u32 weir_map_segment(const struct weir_map *map, u64 sector)
{
	return min_t(u64, sector >> map->shift, map->nr_segments - 1);
}

static void take_out(struct weir_map *map, u32 segment)
{
	u32 older = map->older[segment], newer = map->newer[segment];

	if (older == NONE)
		map->oldest = newer;
	else
		map->newer[older] = newer;
	if (newer == NONE)
		map->latest = older;
	else
		map->older[newer] = older;
	map->newer[segment] = ABSENT;
	map->held--;
}

static void put_latest(struct weir_map *map, u32 segment)
{
	map->older[segment] = map->latest;
	map->newer[segment] = NONE;
	if (map->latest == NONE)
		map->oldest = segment;
	else
		map->newer[map->latest] = segment;
	map->latest = segment;
	map->held++;
}

/* There is room for one more. Return: whether what had to go has changed. */
static bool make_room(struct weir_map *map)
{
	u32 gone = map->oldest;
	bool changed;

	if (map->held < map->room)
		return false;
	changed = map->changed[gone];
	map->changed[gone] = false;
	take_out(map, gone);
	return changed;
}

u32 weir_map_touch(struct weir_map *map, u32 segment, bool change)
{
	u32 found = 0;

	if (map->newer[segment] == ABSENT) {
		found = WEIR_MAP_MISSED;
		if (make_room(map))
			found |= WEIR_MAP_DROPPED;
	} else {
		take_out(map, segment);
	}
	put_latest(map, segment);
	if (change)
		map->changed[segment] = true;
	return found;
}
