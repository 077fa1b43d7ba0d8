/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a number was refused: the check that refuses fills it in, its caller makes
 * a message of it.
 *
 * Pure: compiled into the module and into tests/unit.
 */
#ifndef WEIR_COMPLAINT_H
#define WEIR_COMPLAINT_H

#include <linux/types.h>

/**
 * struct weir_complaint - why something was refused
 * @name: what it is called
 * @value: what it was
 * @want: what would have been right, in words that may follow "not"
 */
struct weir_complaint {
	const char *name;
	s64 value;
	const char *want;
};

/* Fill it in. Return: false, for the check to return. */
static inline bool weir_refuse(struct weir_complaint *why, const char *name, s64 value,
			       const char *want)
{
	why->name = name;
	why->value = value;
	why->want = want;
	return false;
}

#endif
