// SPDX-License-Identifier: GPL-2.0
/*
 * One block of a device, written by several threads at once, each with bytes of
 * its own all alike, while others read it: what is read must be all of one kind.
 * O_DIRECT, so that every read and write reaches the device.
 *
 * --with discard|zeroes: a third kind of writer makes zeroes of the block.
 * --skew N: memory begins N bytes behind a page, so that a block is in two pieces.
 *
 * Says how many reads were torn, and how many of each kind there were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NR_KINDS 3 /* zeroes, and those of two writers */
#define NR_READERS 2

static const char *device;
static size_t block;
static unsigned long offset, skew;
static long reads;
static unsigned int ioctl_nr;
static atomic_bool over;
static atomic_long torn, seen[NR_KINDS];

static void *die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", device, what, strerror(errno));
	exit(1);
}

static int opened(void)
{
	int fd = open(device, O_RDWR | O_DIRECT);

	if (fd < 0)
		die("open");
	return fd;
}

static unsigned char *memory(void)
{
	unsigned char *m = aligned_alloc(65536, block + 65536);

	if (!m)
		die("memory");
	return m + skew;
}

static void *write_one_kind(void *kind)
{
	unsigned char *m = memory();
	int fd = opened();

	memset(m, (int)(intptr_t)kind, block);
	while (!over)
		if (pwrite(fd, m, block, offset) != (ssize_t)block)
			die("write");
	return NULL;
}

static void *make_zeroes(void *unused)
{
	uint64_t range[2] = { offset, block };
	int fd = opened();

	(void)unused;
	while (!over) {
		if (ioctl(fd, ioctl_nr, range))
			die("discard or zeroes");
		usleep(100); /* or nobody would see anything else */
	}
	return NULL;
}

static void *read_all_kinds(void *unused)
{
	unsigned char *m = memory();
	int fd = opened();
	long i;

	(void)unused;
	for (i = 0; i < reads; i++) {
		if (pread(fd, m, block, offset) != (ssize_t)block)
			die("read");
		if (m[0] >= NR_KINDS || memcmp(m, m + 1, block - 1))
			torn++;
		else
			seen[m[0]]++;
	}
	return NULL;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "with", required_argument, NULL, 'w' },
		{ "skew", required_argument, NULL, 's' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			skew = strtoul(optarg, NULL, 0);
		else if (c == 'w' && !strcmp(optarg, "discard"))
			ioctl_nr = BLKDISCARD;
		else if (c == 'w' && !strcmp(optarg, "zeroes"))
			ioctl_nr = BLKZEROOUT;
		else
			exit(2);
	}
	if (argc - optind != 3 || skew >= 65536) {
		fputs("usage: whole [--with discard|zeroes] [--skew BYTES] DEVICE BLOCK READS\n",
		      stderr);
		exit(2);
	}
	device = argv[optind];
	block = strtoul(argv[optind + 1], NULL, 0);
	reads = strtol(argv[optind + 2], NULL, 0);
	offset = 5 * block;
}

int main(int argc, char **argv)
{
	pthread_t writer[NR_KINDS], reader[NR_READERS];
	int i, nr_writers = 0;
	unsigned char *first;

	parse(argc, argv);
	first = memory();
	memset(first, 1, block);
	if (pwrite(opened(), first, block, offset) != (ssize_t)block)
		die("write");
	for (i = 1; i < NR_KINDS; i++)
		pthread_create(&writer[nr_writers++], NULL, write_one_kind, (void *)(intptr_t)i);
	if (ioctl_nr)
		pthread_create(&writer[nr_writers++], NULL, make_zeroes, NULL);
	for (i = 0; i < NR_READERS; i++)
		pthread_create(&reader[i], NULL, read_all_kinds, NULL);
	for (i = 0; i < NR_READERS; i++)
		pthread_join(reader[i], NULL);
	over = true;
	for (i = 0; i < nr_writers; i++)
		pthread_join(writer[i], NULL);
	printf("torn %ld zeroes %ld first %ld second %ld\n", torn, seen[0], seen[1], seen[2]);
	return torn || !seen[1] || !seen[2] || (ioctl_nr && !seen[0]);
}
