// SPDX-License-Identifier: GPL-2.0
/* See attr.h. */
#include <linux/kernel.h>

#include "attr.h"
#include "rule.h"

#define LARGEST 2147483647

void weir_fault_attr_init(struct weir_fault_attr *a)
{
	*a = (struct weir_fault_attr){ .interval = 1, .times = 1 };
}

/* A number and what ends it. Return: what comes after, or NULL. */
static const char *read_one(const char *text, char end, s64 lo, s64 *value)
{
	bool minus = *text == '-';
	s64 v = 0;

	text += minus;
	if (*text < '0' || *text > '9')
		return NULL;
	for (; *text >= '0' && *text <= '9'; text++) {
		v = v * 10 + *text - '0';
		if (v > LARGEST)
			return NULL;
	}
	*value = minus ? -v : v;
	if (*value < lo || *text != end)
		return NULL;
	return end ? text + 1 : text;
}

bool weir_fault_attr_parse(const char *text, struct weir_fault_attr *a)
{
	s64 interval, probability, space, times;
	const char *t;

	t = read_one(text, ',', 1, &interval);
	if (t)
		t = read_one(t, ',', 0, &probability);
	if (t)
		t = read_one(t, ',', 0, &space);
	if (t)
		t = read_one(t, '\0', -1, &times);
	if (!t || probability > 100)
		return false;
	weir_fault_attr_init(a);
	a->interval = interval;
	a->probability = probability;
	a->space = space;
	a->times = times;
	return true;
}

/* The order of the questions is the kernel's: it decides what each of them counts. */
bool weir_fault_attr_fails(struct weir_fault_attr *a)
{
	if (a->probability <= 0 || !a->times)
		return false;
	if (a->space > 1) {
		a->space--;
		return false;
	}
	if (a->interval > 1) {
		if (++a->count < a->interval)
			return false;
		a->count = 0;
	}
	/* 0 to 99, of a random u32, without a division */
	if (a->probability <= (s64)((weir_rule_random(0, a->drawn++) >> 32) * 100 >> 32))
		return false;
	if (a->times > 0)
		a->times--;
	return true;
}
