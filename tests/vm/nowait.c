// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that must not wait: each writes and reads blocks of its own part of a
 * device with RWF_NOWAIT, O_DIRECT. EAGAIN is an answer; what was not turned
 * away must have happened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define BLOCKS 64	/* of each thread */

static atomic_ulong done, turned_away;
static int fd;
static time_t end;

static void die(const char *what, unsigned int thread, ssize_t got)
{
	fprintf(stderr, "thread %u: %s: %s\n", thread, what,
		got < 0 ? strerror(errno) : "not what was wanted");
	exit(1);
}

/* One block; false if it was turned away. */
static bool move(unsigned int thread, bool write, void *buffer, off_t at)
{
	struct iovec v = { buffer, BLOCK };
	ssize_t got = write ? pwritev2(fd, &v, 1, at, RWF_NOWAIT) :
			      preadv2(fd, &v, 1, at, RWF_NOWAIT);

	if (got < 0 && errno == EAGAIN) {
		atomic_fetch_add(&turned_away, 1);
		return false;
	}
	if (got != BLOCK)
		die(write ? "write" : "read", thread, got);
	atomic_fetch_add(&done, 1);
	return true;
}

static void *run(void *arg)
{
	unsigned int thread = (uintptr_t)arg, seed = thread + 1, i;
	uint32_t values[BLOCKS], *buffer = aligned_alloc(BLOCK, BLOCK);
	bool known[BLOCKS] = { false };

	if (!buffer)
		die("memory", thread, 0);
	while (time(NULL) < end) {
		unsigned int block = rand_r(&seed) % BLOCKS;
		off_t at = ((off_t)thread * BLOCKS + block) * BLOCK;

		if (!known[block] || rand_r(&seed) % 2) {
			uint32_t value = rand_r(&seed);

			for (i = 0; i < BLOCK / sizeof(*buffer); i++)
				buffer[i] = value + i;
			if (move(thread, true, buffer, at)) {
				values[block] = value;
				known[block] = true;
			}
			continue;
		}
		memset(buffer, 0xa5, BLOCK);
		if (!move(thread, false, buffer, at))
			continue;
		for (i = 0; i < BLOCK / sizeof(*buffer); i++)
			if (buffer[i] != values[block] + i)
				die("bytes", thread, 0);
	}
	free(buffer);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[256];
	unsigned int n, i;

	if (argc != 4) {
		fputs("usage: nowait DEVICE THREADS SECONDS\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_DIRECT);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	n = atoi(argv[2]);
	if (!n || n > sizeof(threads) / sizeof(*threads)) {
		fputs("THREADS is 1 to 256\n", stderr);
		return 2;
	}
	end = time(NULL) + atoi(argv[3]);
	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)i))
			return 1;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("done %lu, turned away %lu\n", done, turned_away);
	/* Both must have happened, or nothing was shown. */
	if (!done || !turned_away)
		fputs("want some of both\n", stderr);
	return !done || !turned_away;
}
