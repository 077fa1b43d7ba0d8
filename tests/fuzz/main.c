// SPDX-License-Identifier: GPL-2.0
/*
 * A target without libFuzzer: first each line of its corpus, then inputs made of these
 * lines at random, the same ones with the same seed.
 *
 *	PROGRAM CORPUS RUNS SEED
 *
 * A line of the corpus is an input in hexadecimal; what follows a # is a comment. The
 * input that fails is printed as such a line.
 */
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX 4096
#define INPUTS_MAX 4096
#define SECONDS_MAX 20		/* of CPU time, for one input */

struct input {
	u32 size;
	uint8_t *bytes;
};

static struct input kept[INPUTS_MAX];
static u32 nr_kept;
static const uint8_t *present;
static size_t present_size;
static u64 seed;

/* xorshift64, Marsaglia 2003 */
static u32 random_below(u32 nr)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 32) % nr;
}

/* For signals: only what they allow. */
static void tell(int sig)
{
	static const char digits[] = "0123456789abcdef";
	static char line[2 * INPUT_MAX + 1];
	size_t i;

	for (i = 0; i < present_size && i < INPUT_MAX; i++) {
		line[2 * i] = digits[present[i] >> 4];
		line[2 * i + 1] = digits[present[i] & 15];
	}
	line[2 * i] = '\n';
	if (write(STDOUT_FILENO, "input ", 6) != 6 ||
	    write(STDOUT_FILENO, line, 2 * i + 1) < 0)
		_exit(3);
	_exit(1);
}

/* From memory of exactly its size: what is read beyond is seen. */
static void run(const uint8_t *bytes, u32 size)
{
	const struct itimerval limit = { .it_value.tv_sec = SECONDS_MAX };
	uint8_t *copy = malloc(size + !size);

	if (!copy)
		exit(3);
	memcpy(copy, bytes, size);
	present = copy;
	present_size = size;
	setitimer(ITIMER_VIRTUAL, &limit, NULL);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static u32 digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void keep(const char *line)
{
	struct input *in = &kept[nr_kept];
	u32 length = strspn(line, "0123456789abcdef"), i;

	if (!length || length > 2 * INPUT_MAX || nr_kept == INPUTS_MAX)
		return;
	in->size = length / 2;
	in->bytes = malloc(in->size + 1);
	if (!in->bytes)
		exit(3);
	for (i = 0; i < in->size; i++)
		in->bytes[i] = digit(line[2 * i]) << 4 | digit(line[2 * i + 1]);
	nr_kept++;
}

static void read_corpus(const char *path)
{
	static char line[2 * INPUT_MAX + 80];
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(3);
	}
	while (fgets(line, sizeof(line), f))
		keep(line);
	fclose(f);
}

/* One change of an input of @size bytes. Return: its size then. */
static u32 change(uint8_t *bytes, u32 size)
{
	u32 at = random_below(size + 1), nr = 1 + random_below(8), i;

	switch (random_below(5)) {
	case 0:
		if (at < size)
			bytes[at] ^= 1 << random_below(8);
		return size;
	case 1:
		if (at < size)
			bytes[at] = random_below(256);
		return size;
	case 2:
		if (size + nr > INPUT_MAX)
			return size;
		memmove(bytes + at + nr, bytes + at, size - at);
		for (i = 0; i < nr; i++)
			bytes[at + i] = random_below(256);
		return size + nr;
	case 3:
		if (at + nr > size)
			return size;
		memmove(bytes + at, bytes + at + nr, size - at - nr);
		return size - nr;
	default:
		if (nr_kept) {
			const struct input *in = &kept[random_below(nr_kept)];
			u32 from = random_below(in->size + 1);

			nr = in->size - from < INPUT_MAX - at ? in->size - from : INPUT_MAX - at;
			memcpy(bytes + at, in->bytes + from, nr);
			return at + nr > size ? at + nr : size;
		}
		return size;
	}
}

static void run_random(void)
{
	static uint8_t bytes[INPUT_MAX + 8];
	u32 size = 0, i;

	if (nr_kept && random_below(8)) {
		const struct input *in = &kept[random_below(nr_kept)];

		size = in->size;
		memcpy(bytes, in->bytes, size);
	} else {
		size = random_below(512);
		for (i = 0; i < size; i++)
			bytes[i] = random_below(256);
	}
	for (i = 1 + random_below(6); i; i--)
		size = change(bytes, size);
	run(bytes, size);
}

int main(int argc, char **argv)
{
	u32 i, runs;

	if (argc != 4) {
		fprintf(stderr, "usage: %s CORPUS RUNS SEED\n", argv[0]);
		return 2;
	}
	signal(SIGABRT, tell);
	signal(SIGVTALRM, tell);
	read_corpus(argv[1]);
	runs = strtoul(argv[2], NULL, 10);
	seed = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15ULL + 1;
	for (i = 0; i < nr_kept; i++)
		run(kept[i].bytes, kept[i].size);
	for (i = 0; i < runs; i++)
		run_random();
	printf("%u kept, %u made\n", nr_kept, runs);
	for (i = 0; i < nr_kept; i++)
		free(kept[i].bytes);
	return 0;
}
