/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control groups: whose a bio is, and what part of a disk is theirs by their
 * io.weir.weight. group.c has the code, share.h the arithmetic.
 *
 * Where the kernel has no cgroups for block I/O, or their registration failed,
 * everybody is in the root group; all of this may be called all the same.
 */
#ifndef WEIR_GROUP_H
#define WEIR_GROUP_H

#include <linux/types.h>

#include <compat/blkcg.h>

struct bio;
/* A cgroup, for all disks. */
struct weir_group;

#ifdef WEIR_HAVE_GROUPS
/**
 * weir_group_register() - cgroups get their io.weir.weight
 *
 * When the module is loaded, before elv_register(). May sleep. Cannot fail: if
 * the kernel has no room for one more policy it warns, and there are no weights.
 */
void weir_group_register(void);

/**
 * weir_group_unregister() - and lose it again
 *
 * When the module goes, after elv_unregister(): no disk has the elevator. May
 * sleep. Every struct weir_group is gone when it returns.
 */
void weir_group_unregister(void);

/* Slow half of weir_group_of(): the bio is not the root's. */
struct weir_group *weir_group_of_bio(const struct bio *bio);

/**
 * weir_group_get() - keep a group for longer than the bio that it is of
 * @group: of a bio that is not completed; NULL does nothing
 *
 * Any context. A removed cgroup's memory stays until weir_group_put().
 */
void weir_group_get(struct weir_group *group);

/* weir_group_put() - let it go; any context, NULL does nothing */
void weir_group_put(struct weir_group *group);

/* weir_group_is_removed() - was the cgroup removed? Of a group that is kept. Any context. */
bool weir_group_is_removed(struct weir_group *group);
#else
static inline void weir_group_register(void) { }
static inline void weir_group_unregister(void) { }
static inline struct weir_group *weir_group_of_bio(const struct bio *bio) { return NULL; }
static inline void weir_group_get(struct weir_group *group) { }
static inline void weir_group_put(struct weir_group *group) { }
static inline bool weir_group_is_removed(struct weir_group *group) { return false; }
#endif

/**
 * weir_group_of() - the group a bio is charged to
 * @bio: a bio the elevator was given and has not completed, or NULL
 *
 * Any context. The group is there as long as the bio is not completed, and until
 * the end of an RCU read-side section that was entered before.
 *
 * Return: NULL for the root's, and where there is none: that is the root's below.
 */
static inline struct weir_group *weir_group_of(const struct bio *bio)
{
	return weir_bio_is_grouped(bio) ? weir_group_of_bio(bio) : NULL;
}

/**
 * weir_group_begin() - begin a round: what part of a disk is whose?
 *
 * weir_group_begin(), weir_group_add() for each active flow of the disk, then
 * weir_group_share() for any of them, weir_group_end(). One caller at a time has
 * the round, of all disks: a spinlock is held from begin to end, so do nothing
 * else in between. Process context, within one rcu_read_lock() from before the
 * groups are read out of the flows to the end of the round.
 */
void weir_group_begin(void);

/**
 * weir_group_add() - this flow is active
 * @group: its group, NULL: the root
 * @weight: its weight among the flows of the group, any but 0
 *
 * In a round.
 */
void weir_group_add(struct weir_group *group, u32 weight);

/**
 * weir_group_share() - a flow's part of the disk
 * @group: as added
 * @weight: as added: read it once for both
 *
 * In a round, after the last weir_group_add().
 *
 * Return: 1 to 65536, of 65536
 */
u32 weir_group_share(struct weir_group *group, u32 weight);

/* weir_group_end() - the round is over */
void weir_group_end(void);

#endif
