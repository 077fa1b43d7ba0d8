/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The media model as it is configured: a profile, and what was changed in it.
 * Module parameters (params.c) and configfs (configfs.c) use the same functions,
 * so that checks and messages are the same. A message names value and range.
 */
#ifndef WEIR_MODEL_CONFIG_H
#define WEIR_MODEL_CONFIG_H

#include "media/media.h"
#include "media/model.h"
#include "media/profile.h"

/* Where each number is in weir_model_numbers. */
enum weir_model_index {
#define WEIR_MODEL_INDEX(name, ...) WEIR_MODEL_##name,
	WEIR_MODEL_NUMBERS(WEIR_MODEL_INDEX, WEIR_MODEL_INDEX)
	WEIR_MODEL_INDEX(seed)
	WEIR_MODEL_INDEX(speed)
#undef WEIR_MODEL_INDEX
};

/* The distributions: X(attribute, operation) */
#define WEIR_MODEL_DISTS(X)						\
	X(read_dist, WEIR_MEDIA_READ)					\
	X(write_dist, WEIR_MEDIA_WRITE)					\
	X(flush_dist, WEIR_MEDIA_FLUSH)					\
	X(discard_dist, WEIR_MEDIA_DISCARD)				\
	X(zeroes_dist, WEIR_MEDIA_ZEROES)

/**
 * struct weir_model_config - what was asked for
 * @profile: where the numbers came from; seed and speed outlive it
 * @model: the numbers
 */
struct weir_model_config {
	const struct weir_profile *profile;
	struct weir_model model;
};

/* The profile none. Called by params.c, once. */
void weir_model_config_init(struct weir_model_config *c);

/*
 * Called by params.c as the module is loaded, and by configfs.c with
 * the disk's mutex held. May sleep. @text: what the user wrote; @len: its length in
 * bytes, a newline at its end does not count.
 *
 * Return: 0; -EINVAL with a message, or -ENOMEM, and @c as it was.
 */

/* A profile by name; it sets all numbers but seed and speed. */
int weir_model_set_profile(struct weir_model_config *c, const char *text, size_t len);
/* One number, in the unit that its description has. */
int weir_model_set_number(struct weir_model_config *c, enum weir_model_index index,
			  const char *text, size_t len);
/* The distribution of an operation. @name: of the attribute, for the message */
int weir_model_set_dist(struct weir_model_config *c, const char *name,
			enum weir_media_op op, const char *text, size_t len);

#endif
