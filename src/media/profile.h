/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Profiles: the numbers of well-known kinds of drives. Where each comes from is
 * in docs/profiles.md.
 *
 * Pure: compiled into the module and into tests/unit.
 */
#ifndef WEIR_PROFILE_H
#define WEIR_PROFILE_H

#include <linux/types.h>

#include "model.h"

/**
 * struct weir_profile - one of them
 * @name: as the user types it
 * @rotational: what the disk says of itself
 * @write_cache: it says that it has a volatile one, so that flushes are sent
 * @model: its numbers, which pass weir_model_check()
 */
struct weir_profile {
	const char *name;
	bool rotational;
	bool write_cache;
	struct weir_model model;
};

/* In the order of docs/profiles.md; the first is "none". */
extern const struct weir_profile weir_profiles[];
extern const u32 nr_weir_profiles;

/* The names, for messages: "none, hdd, ..." */
extern const char weir_profile_names[];

/**
 * weir_profile_find() - by name; a newline after it does not count
 *
 * Called by config/model_config.c.
 *
 * Return: NULL if there is none.
 */
const struct weir_profile *weir_profile_find(const char *name);

#endif
