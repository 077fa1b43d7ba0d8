// SPDX-License-Identifier: GPL-2.0
/*
 * Writes and reads one page as three I/Os from three places of one registered
 * io_uring buffer, submitted together so that the plug merges them into one
 * request. Each of its bios then points at a vector that is longer than the bio.
 * Exits with 1 and says what is wrong if bytes went astray.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS 3
#define BUFFER (64 << 10)

static const unsigned int length[PARTS] = { 1024, 1024, 2048 };
static const unsigned int place[PARTS] = { 0, 8192, 16384 };

static struct io_uring_params params;
static struct io_uring_sqe *sqes;
static char *sq, *cq;
static int ring;

static void *map(size_t bytes, off_t what)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, what);

	if (p == MAP_FAILED)
		err(2, "mmap of the ring");
	return p;
}

static char *memory(void)
{
	char *p = mmap(NULL, BUFFER, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		err(2, "mmap");
	return p;
}

static void set_up(char *buffer)
{
	struct iovec iov = { buffer, BUFFER };

	ring = syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0)
		err(2, "io_uring_setup");
	sq = map(params.sq_off.array + params.sq_entries * sizeof(unsigned int),
		 IORING_OFF_SQ_RING);
	cq = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		 IORING_OFF_CQ_RING);
	sqes = map(params.sq_entries * sizeof(*sqes), IORING_OFF_SQES);
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1))
		err(2, "registering the buffer");
}

static unsigned int *at(char *base, unsigned int offset)
{
	return (unsigned int *)(base + offset);
}

/* All parts in one submission; waits for them. */
static void submit(int fd, int opcode, char *buffer)
{
	unsigned int *tail = at(sq, params.sq_off.tail);
	unsigned int *head = at(cq, params.cq_off.head);
	unsigned int offset = 0, i;

	for (i = 0; i < PARTS; i++) {
		unsigned int slot = *tail & *at(sq, params.sq_off.ring_mask);

		memset(&sqes[slot], 0, sizeof(*sqes));
		sqes[slot].opcode = opcode;
		sqes[slot].fd = fd;
		sqes[slot].addr = (unsigned long)(buffer + place[i]);
		sqes[slot].len = length[i];
		sqes[slot].off = offset;
		at(sq, params.sq_off.array)[slot] = slot;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		offset += length[i];
	}
	if (syscall(SYS_io_uring_enter, ring, PARTS, PARTS,
		    IORING_ENTER_GETEVENTS, NULL, 0) != PARTS)
		err(2, "io_uring_enter");
	for (i = 0; i < PARTS; i++, (*head)++) {
		struct io_uring_cqe *cqe = (void *)(cq + params.cq_off.cqes);

		cqe += *head & *at(cq, params.cq_off.ring_mask);
		if (cqe->res < 1024)
			errx(1, "an I/O returned %d", cqe->res);
	}
}

/* The page as the parts make it: 'A', 'B', 'C'. */
static void expected(char *page)
{
	unsigned int i, offset = 0;

	for (i = 0; i < PARTS; offset += length[i++])
		memset(page + offset, 'A' + i, length[i]);
}

int main(int argc, char **argv)
{
	char *buffer = memory(), *page = memory(), want[4096];
	unsigned int i, j;
	int fd;

	if (argc != 2)
		errx(2, "usage: merged DEVICE (its first page is overwritten)");
	fd = open(argv[1], O_RDWR | O_DIRECT);
	if (fd < 0)
		err(2, "%s", argv[1]);
	set_up(buffer);
	expected(want);

	/* The page must be there before, or the disk takes another way. */
	memset(page, 'z', 4096);
	if (pwrite(fd, page, 4096, 0) != 4096)
		err(2, "writing %s", argv[1]);
	memset(buffer, 'x', BUFFER);
	for (i = 0; i < PARTS; i++)
		memset(buffer + place[i], 'A' + i, length[i]);
	submit(fd, IORING_OP_WRITE_FIXED, buffer);
	if (pread(fd, page, 4096, 0) != 4096)
		err(2, "reading %s", argv[1]);
	if (memcmp(page, want, 4096))
		errx(1, "written: %c %c %c instead of A B C", page[0], page[1024],
		     page[2048]);

	memset(buffer, 'x', BUFFER);
	submit(fd, IORING_OP_READ_FIXED, buffer);
	for (i = 0; i < PARTS; i++) {
		for (j = 0; j < length[i]; j++)
			if (buffer[place[i] + j] != (char)('A' + i))
				errx(1, "read: byte %u of part %u is wrong", j, i);
		if (buffer[place[i] + length[i]] != 'x')
			errx(1, "read: past the end of part %u", i);
	}
	return 0;
}
