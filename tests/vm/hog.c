// SPDX-License-Identifier: GPL-2.0
/*
 * Takes memory, writes something of its own to each page, and looks again and
 * again, in an order of its own, whether it is there. Two rounds at least.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	size_t pages, i, at, step;
	unsigned int round = 0;
	uint64_t *memory;
	time_t end;

	if (argc != 3 || atoi(argv[1]) < 1) {
		fputs("usage: hog MIB SECONDS\n", stderr);
		return 2;
	}
	pages = (size_t)atoi(argv[1]) << 8;
	end = time(NULL) + atoi(argv[2]);
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	/* A prime, so that every page has its turn. */
	step = 7919;
	for (; round < 2 || time(NULL) < end; round++) {
		for (i = 0, at = 0; i < pages; i++, at = (at + step) % pages) {
			uint64_t *page = memory + at * (PAGE / sizeof(*memory));
			uint64_t value = (uint64_t)getpid() << 40 | at << 8;
			unsigned int word = at % (PAGE / sizeof(*memory));

			if (round && page[word] != value + round - 1) {
				fprintf(stderr, "round %u, page %zu: %llx, should be %llx\n",
					round, at, (unsigned long long)page[word],
					(unsigned long long)value + round - 1);
				return 1;
			}
			page[word] = value + round;
		}
	}
	printf("%u rounds\n", round);
	return 0;
}
