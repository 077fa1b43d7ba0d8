// SPDX-License-Identifier: GPL-2.0
/*
 * Discards of neighbouring blocks, each between two reads, submitted together by
 * io_uring: the plug cannot join them then, so that they come to the scheduler one by
 * one, in an order in which the last may join two that wait already. Each must
 * complete once, and blocks that nobody discarded must stay as they were.
 *
 *   discards DEVICE SECONDS [together]
 *
 * together: without the reads, so that the plug joins them, where a request may have
 * several ranges.
 *
 * Exits with 0; 1, and says what went wrong; or 2: this kernel cannot discard by
 * io_uring (it is older than 6.12).
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define BLOCKS 8	/* of a row: the first and the last stay */
#define DISCARDS (BLOCKS - 2)
#define ROWS 16
/*
 * Where the first row is: far from where others look for partitions and the like.
 * Pages that they left in the cache would send a discard by way of a thread.
 */
#define FIRST 65536
#define ENTRIES 64
/* linux/blkdev.h has it since 6.12. */
#define DISCARD _IO(0x12, 0)
#define TIMEOUT_S 20

static struct io_uring_params params = { .flags = IORING_SETUP_CQSIZE, .cq_entries = 4096 };
static struct io_uring_sqe *sqes;
static char *sq, *cq;
static int ring, fd;
static unsigned int queued, under_way;
static uint64_t serial;
static bool answered[1 << 16];

static void *map(size_t bytes, off_t what)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);

	if (at == MAP_FAILED)
		err(1, "mmap");
	return at;
}

static void set_up(void)
{
	ring = syscall(__NR_io_uring_setup, ENTRIES, &params);
	if (ring < 0)
		err(1, "io_uring_setup");
	sqes = map(params.sq_entries * sizeof(*sqes), IORING_OFF_SQES);
	sq = map(params.sq_off.array + params.sq_entries * sizeof(unsigned int),
		 IORING_OFF_SQ_RING);
	cq = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		 IORING_OFF_CQ_RING);
}

static struct io_uring_sqe *add(void)
{
	unsigned int *tail = (unsigned int *)(sq + params.sq_off.tail);
	unsigned int at = *tail & (params.sq_entries - 1);

	memset(&sqes[at], 0, sizeof(*sqes));
	sqes[at].fd = fd;
	sqes[at].user_data = serial++ & 0xffff;
	answered[sqes[at].user_data] = false;
	((unsigned int *)(sq + params.sq_off.array))[at] = at;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	queued++;
	return &sqes[at];
}

static void add_read(void *to, off_t block)
{
	struct io_uring_sqe *s = add();

	s->opcode = IORING_OP_READ;
	s->addr = (uintptr_t)to;
	s->len = BLOCK;
	s->off = block * BLOCK;
}

static void add_discard(off_t block)
{
	struct io_uring_sqe *s = add();

	s->opcode = IORING_OP_URING_CMD;
	s->cmd_op = DISCARD;
	s->addr = block * BLOCK;
	s->addr3 = BLOCK;
}

static void submit(void)
{
	int got = syscall(__NR_io_uring_enter, ring, queued, 0, 0, NULL, 0);

	if (got != (int)queued)
		err(1, "io_uring_enter submits %d of %u", got, queued);
	under_way += queued;
	queued = 0;
}

static void reap(void)
{
	unsigned int *head = (unsigned int *)(cq + params.cq_off.head);
	unsigned int *tail = (unsigned int *)(cq + params.cq_off.tail);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
	time_t end = time(NULL) + TIMEOUT_S;
	struct io_uring_cqe *c;

	while (under_way) {
		if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE)) {
			if (time(NULL) > end)
				errx(1, "%u of the requests never ended", under_way);
			usleep(200);
			continue;
		}
		c = &cqes[*head & (params.cq_entries - 1)];
		if (c->res == -EOPNOTSUPP || c->res == -EINVAL)
			exit(2);
		if (c->res < 0)
			errx(1, "a request failed: %s", strerror(-c->res));
		if (answered[c->user_data])
			errx(1, "a request ended twice");
		answered[c->user_data] = true;
		under_way--;
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	}
}

static void shuffle(unsigned int *order, unsigned int n)
{
	unsigned int i, j, was;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i; i--) {
		j = rand() % (i + 1);
		was = order[i];
		order[i] = order[j];
		order[j] = was;
	}
}

/* All of the row that begins at that block */
static void prepare(char *buffer, off_t first)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++) {
		memset(buffer, 'a' + i, BLOCK);
		if (pwrite(fd, buffer, BLOCK, (first + i) * BLOCK) != BLOCK)
			err(1, "write");
	}
}

static void check(char *buffer, off_t block, int byte)
{
	if (pread(fd, buffer, BLOCK, block * BLOCK) != BLOCK)
		err(1, "read");
	if (buffer[0] != byte || memcmp(buffer, buffer + 1, BLOCK - 1))
		errx(1, "block %ld is not what it was", (long)block);
}

int main(int argc, char **argv)
{
	char *buffer = aligned_alloc(BLOCK, 2 * BLOCK), *unused = buffer + BLOCK;
	bool together = argc == 4 && !strcmp(argv[3], "together");
	unsigned int order[DISCARDS], row, i, n;
	time_t end;

	if (argc != 3 + together || !buffer)
		errx(1, "usage: discards DEVICE SECONDS [together]");
	fd = open(argv[1], O_RDWR | O_DIRECT);
	if (fd < 0)
		err(1, "%s", argv[1]);
	srand(7);
	set_up();
	end = time(NULL) + atoi(argv[2]);
	for (row = 0; row < ROWS; row++)
		prepare(buffer, FIRST + row * BLOCKS);
	for (n = 0; time(NULL) < end; n++) {
		for (row = 0; row < ROWS; row++) {
			off_t first = FIRST + row * BLOCKS;

			shuffle(order, DISCARDS);
			if (!together)
				add_read(unused, first);
			for (i = 0; i < DISCARDS; i++) {
				add_discard(first + 1 + order[i]);
				if (!together)
					add_read(unused, first);
			}
			submit();
		}
		reap();
		for (row = 0; row < ROWS && n % 8 == 0; row++) {
			check(buffer, FIRST + row * BLOCKS, 'a');
			check(buffer, FIRST + row * BLOCKS + BLOCKS - 1, 'a' + BLOCKS - 1);
		}
	}
	printf("%u times %u discards\n", n, ROWS * DISCARDS);
	return 0;
}
