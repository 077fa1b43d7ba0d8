// SPDX-License-Identifier: GPL-2.0
/* null_blk's fault attributes: what parses is in range, and fails no more than it says. */
#include "attr.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct weir_fault_attr a, before;
	s64 failed = 0, first = 0, times;
	u32 i;

	memcpy(text, data, size);
	text[size] = '\0';
	weir_fault_attr_init(&a);
	before = a;
	if (!weir_fault_attr_parse(text, &a)) {
		HOLDS(!memcmp(&a, &before, sizeof(a)));
		free(text);
		return 0;
	}
	HOLDS(a.interval >= 1 && a.space >= 0 && a.times >= -1);
	HOLDS(a.probability >= 0 && a.probability <= 100);
	before = a;
	times = a.times;
	for (i = 1; i <= 256; i++)
		if (weir_fault_attr_fails(&a)) {
			failed++;
			first = first ? first : i;
		}
	HOLDS(times < 0 || failed <= times);
	HOLDS(!failed || before.probability);
	HOLDS(failed <= 256 / before.interval);
	HOLDS(!failed || first >= before.space);
	HOLDS(before.probability < 100 || before.interval > 1 || before.space > 1 ||
	      failed == (times < 0 || times > 256 ? 256 : times));
	free(text);
	return 0;
}
