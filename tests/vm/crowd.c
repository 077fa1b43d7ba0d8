// SPDX-License-Identifier: GPL-2.0
/*
 * Many processes at once: each writes its own block of a device and reads it
 * back, O_DIRECT, as often as asked for, beginning when all are there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK 4096

/* What is wrong, or NULL. */
static const char *work(const char *device, unsigned int nr, unsigned int rounds)
{
	static _Alignas(BLOCK) uint32_t wrote[BLOCK / 4];
	static _Alignas(BLOCK) uint32_t got[BLOCK / 4];
	int fd = open(device, O_RDWR | O_DIRECT);
	unsigned int round, i;

	if (fd < 0)
		return "open";
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < BLOCK / 4; i++)
			wrote[i] = nr * 2654435761U + round * 40503U + i;
		if (pwrite(fd, wrote, BLOCK, (off_t)nr * BLOCK) != BLOCK)
			return "write";
		if (pread(fd, got, BLOCK, (off_t)nr * BLOCK) != BLOCK)
			return "read";
		if (memcmp(wrote, got, BLOCK)) {
			errno = EILSEQ;
			return "bytes differ";
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int processes, rounds, nr, failed = 0;
	int gate[2], status;
	const char *wrong;
	char c;

	if (argc != 4) {
		fputs("usage: crowd DEVICE PROCESSES ROUNDS\n", stderr);
		return 2;
	}
	processes = atoi(argv[2]);
	rounds = atoi(argv[3]);
	if (!processes || !rounds || pipe(gate)) {
		fputs("PROCESSES and ROUNDS are numbers from 1 on\n", stderr);
		return 2;
	}
	for (nr = 0; nr < processes; nr++) {
		switch (fork()) {
		case -1:
			perror("fork");
			/* Those who wait at the gate find it gone, and do their work. */
			return 1;
		case 0:
			close(gate[1]);
			/* Opens when the parent closes its end. */
			if (read(gate[0], &c, 1))
				_exit(1);
			wrong = work(argv[1], nr, rounds);
			if (wrong)
				fprintf(stderr, "process %u: %s: %s\n", nr, wrong, strerror(errno));
			_exit(!!wrong);
		}
	}
	close(gate[1]);
	for (nr = 0; nr < processes; nr++) {
		if (wait(&status) < 0 || status)
			failed++;
	}
	if (failed)
		fprintf(stderr, "%u of %u processes failed\n", failed, processes);
	return !!failed;
}
