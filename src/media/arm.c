// SPDX-License-Identifier: GPL-2.0
/*
 * A hard disk's arm: seek, rotation, transfer, and who is next.
 *
 * A place on the disk is the share of its width that lies outside it, of 2^22.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "arm.h"
#include "model.h"

#define WIDTH 0x400000U	/* times 2^41 sectors still fits */
#define THIRD (WIDTH / 3)
#define SECTOR_BYTES 512
#define NS_PER_MINUTE 60000000000ULL

/* 1/64 of the time waited counts, see weir_arm_pick(). */
#define AGE_SHIFT 6

/* The sectors that one track has at @mbps. */
static u64 track_sectors(u64 mbps, u64 rpm)
{
	u64 bytes = div64_u64(mbps * 1000000 * 60, rpm);

	return bytes >= SECTOR_BYTES ? div_u64(bytes, SECTOR_BYTES) : 1;
}

/* As many tracks in each zone, so a share of the capacity as its tracks are long. */
static void lay_out(struct weir_arm *a, const struct weir_model *m)
{
	u64 outer = track_sectors(m->outer_mbps, m->rpm);
	u64 inner = track_sectors(m->inner_mbps, m->rpm);
	u64 sum = 0, before = 0;
	u32 nr = m->zones, i;

	for (i = 0; i < nr; i++) {
		a->zone[i].track_sectors =
			nr > 1 ? outer - div_u64((outer - inner) * i, nr - 1) : outer;
		sum += a->zone[i].track_sectors;
	}
	for (i = 0; i < nr; i++) {
		u32 share = div64_u64(before << 24, sum);

		a->zone[i].start = mul_u64_u32_shr(a->capacity, share, 24);
		before += a->zone[i].track_sectors;
	}
	a->zone[nr].start = a->capacity;
	a->nr_zones = nr;
}

void weir_arm_retune(struct weir_arm *a, const struct weir_model *m)
{
	a->rev_ns = div_u64(NS_PER_MINUTE * m->speed, m->rpm);
	a->seek_track_ns = m->seek_track_ns * m->speed;
	a->seek_third_ns = m->seek_third_ns * m->speed;
	a->seek_full_ns = m->seek_full_ns * m->speed;
	a->write_settle_ns = m->write_settle_ns * m->speed;
	a->reads_on = false;
	lay_out(a, m);
}

void weir_arm_init(struct weir_arm *a, const struct weir_model *m, u64 capacity)
{
	a->capacity = div_u64(capacity, SECTOR_BYTES);
	a->next = 0;
	a->passed_ns = 0;
	weir_arm_retune(a, m);
}

static const struct weir_arm_zone *zone_of(const struct weir_arm *a, u64 sector)
{
	u32 low = 0, high = a->nr_zones;

	while (high - low > 1) {
		u32 middle = (low + high) / 2;

		if (a->zone[middle].start <= sector)
			low = middle;
		else
			high = middle;
	}
	return &a->zone[low];
}

static u32 place_of(const struct weir_arm *a, u64 sector)
{
	const struct weir_arm_zone *z = zone_of(a, sector);
	u64 sectors = z[1].start - z->start;
	u64 within = sectors ? div64_u64((sector - z->start) * WIDTH, sectors) : 0;

	return div_u64((z - a->zone) * WIDTH + within, a->nr_zones);
}

static bool same_track(const struct weir_arm *a, u64 from, u64 to)
{
	const struct weir_arm_zone *z = zone_of(a, from);

	return z == zone_of(a, to) &&
	       div64_u64(from - z->start, z->track_sectors) ==
	       div64_u64(to - z->start, z->track_sectors);
}

u64 weir_arm_seek_ns(const struct weir_arm *a, u64 from, u64 to)
{
	u32 x = place_of(a, from), y = place_of(a, to);
	u32 distance = x < y ? y - x : x - y;
	u64 root;

	if (same_track(a, from, to))
		return 0;
	if (distance >= THIRD)
		return a->seek_third_ns +
		       mul_u64_u32_div(a->seek_full_ns - a->seek_third_ns,
				       distance - THIRD, WIDTH - THIRD);
	/* The root of the share of a third, of 2^16. */
	root = int_sqrt64(div_u64((u64)distance << 32, THIRD));
	return a->seek_track_ns +
	       (((a->seek_third_ns - a->seek_track_ns) * root) >> 16);
}

/* The time that sectors take to pass by. */
static u64 passing_ns(const struct weir_arm *a, const struct weir_arm_zone *z, u64 sectors)
{
	u64 rest, tracks = div64_u64_rem(sectors, z->track_sectors, &rest);

	/* A revolution of 10^13 ns times 2 * 10^8 sectors needs more than 64 bits. */
	return tracks * a->rev_ns +
	       mul_u64_u64_div_u64(rest, a->rev_ns, z->track_sectors);
}

/* When in a revolution the sector comes by. */
static u64 angle_ns(const struct weir_arm *a, u64 sector)
{
	const struct weir_arm_zone *z = zone_of(a, sector);
	u64 within;

	div64_u64_rem(sector - z->start, z->track_sectors, &within);
	return passing_ns(a, z, within);
}

/* Is it in the track that the arm reads ahead? */
static bool is_read_ahead(const struct weir_arm *a, const struct weir_arm_io *io)
{
	return a->reads_on && !io->write && io->sector >= a->next &&
	       io->sector - a->next < zone_of(a, a->next)->track_sectors;
}

u64 weir_arm_access_ns(const struct weir_arm *a, const struct weir_arm_io *io,
		       u64 now_ns)
{
	u64 seek, there, angle, now_angle;

	if (is_read_ahead(a, io)) {
		u64 passes = a->passed_ns + passing_ns(a, zone_of(a, a->next),
						       io->sector - a->next);

		return passes > now_ns ? passes - now_ns : 0;
	}
	/* In place, and in time: rounding must not cost a revolution. */
	if (io->sector == a->next && now_ns <= a->passed_ns)
		return a->passed_ns - now_ns;

	seek = weir_arm_seek_ns(a, a->next, io->sector);
	if (io->write)
		seek += a->write_settle_ns;
	there = now_ns + seek;
	div64_u64_rem(there, a->rev_ns, &now_angle);
	angle = angle_ns(a, io->sector);
	return seek + (angle >= now_angle ? angle - now_angle :
					    angle + a->rev_ns - now_angle);
}

u64 weir_arm_serve(struct weir_arm *a, const struct weir_arm_io *io, u64 access_ns,
		   u64 now_ns)
{
	const struct weir_arm_zone *z = zone_of(a, io->sector);
	u64 passing = passing_ns(a, z, io->sectors);
	u64 begin = now_ns + access_ns;

	/*
	 * What is in the buffer already passed by earlier; but no more than a track
	 * is in the buffer.
	 */
	if (is_read_ahead(a, io) && !access_ns) {
		begin = a->passed_ns + passing_ns(a, z, io->sector - a->next);
		if (begin + a->rev_ns < now_ns)
			begin = now_ns - a->rev_ns;
	}
	a->next = io->sector + io->sectors;
	a->passed_ns = begin + passing;
	a->reads_on = !io->write;
	return a->passed_ns > now_ns ? a->passed_ns : now_ns;
}

u32 weir_arm_pick(const struct weir_arm *a, const struct weir_arm_io *io, u32 nr,
		  u64 now_ns)
{
	s64 least = 0;
	u32 best = 0, i;

	for (i = 0; i < nr; i++) {
		s64 waited = now_ns > io[i].since_ns ? now_ns - io[i].since_ns : 0;
		s64 cost = weir_arm_access_ns(a, &io[i], now_ns) - (waited >> AGE_SHIFT);

		if (!i || cost < least) {
			least = cost;
			best = i;
		}
	}
	return best;
}
