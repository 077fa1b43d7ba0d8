// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a block device, checked byte for byte.
 *
 * Each thread owns a region and keeps in memory what the device should hold
 * there. It reads, writes, flushes, discards and zeroes at random, in whole
 * blocks at any block offset, with buffers that are only aligned to 4 bytes. What
 * it reads is compared with the shadow; after each change the blocks around it
 * are read too; at the end everything is, through the same ways. Regions touch
 * in the middle of a page, so that two threads change parts of one page.
 *
 * The same seed gives the same operations in each thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_BYTES	(256 << 10)	/* longest read or write */
#define MAX_PIECES	8		/* of one request to io_uring or readv */

static const char usage[] =
	"usage: ops [OPTION]... DEVICE\n"
	"\n"
	"Does random operations on the block device, which loses its contents, and\n"
	"checks every byte. Prints what it did, and exits with 0 if all was right.\n"
	"\n"
	"  --seed N      another sequence (default 1)\n"
	"  --ops N       operations of each thread (default 2000)\n"
	"  --threads N   (default 4)\n"
	"  --kib N       size of a thread's region (default 2048)\n"
	"  --align N     of buffers, in bytes (default 4)\n"
	"  --poll        io_uring reads and writes are polled for\n"
	"  --no-discard  leave out discard, secure erase and punching holes\n"
	"  --break N     make a mistake in the shadow at operation N: must fail\n"
	"  --park MS     only: submit one polled read, wait, then poll for it\n";

enum op {
	READ, READV, READ_URING, WRITE, WRITEV, WRITE_URING, WRITE_DSYNC, FSYNC,
	DISCARD, SECURE_ERASE, PUNCH_HOLE, ZEROOUT, ZERO_RANGE, NR_OPS
};

static const char *const names[NR_OPS] = {
	"read", "readv", "read_uring", "write", "writev", "write_uring",
	"write_dsync", "fsync", "discard", "secure_erase", "punch_hole",
	"zeroout", "zero_range",
};

/* How often each is drawn. */
static unsigned int weights[NR_OPS] = {
	10, 10, 10, 12, 10, 12, 8, 2, 5, 3, 5, 5, 4,
};

static struct {
	const char *device;
	unsigned long seed, ops, threads, kib, align, breakage;
	bool poll;
	int block;
} opt = { .seed = 1, .ops = 2000, .threads = 4, .kib = 2048, .align = 4 };

static atomic_ulong done[NR_OPS];

/* A ring of one submitter, used for one batch at a time. */
struct ring {
	int fd;
	bool poll;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

struct thread {
	pthread_t id;
	unsigned int nr;
	int fd;
	uint64_t rand;
	uint64_t start;		/* of the region, in bytes */
	uint64_t bytes;
	uint8_t *shadow;
	uint8_t *buffer;	/* MAX_BYTES and some room to be unaligned in */
	struct ring ring;
	unsigned long op_nr;
	enum op op;
};

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* An operation that should have worked did not, or did something else. */
static void fail(const struct thread *t, uint64_t at, uint64_t len, const char *format, ...)
{
	char text[200];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	die("thread %u, seed %lu, operation %lu (%s, byte %llu, length %llu): %s",
	    t->nr, opt.seed, t->op_nr, names[t->op], (unsigned long long)(t->start + at),
	    (unsigned long long)len, text);
}

/* xorshift64* */
static uint64_t draw(struct thread *t, uint64_t below)
{
	t->rand ^= t->rand >> 12;
	t->rand ^= t->rand << 25;
	t->rand ^= t->rand >> 27;
	return (t->rand * 0x2545f4914f6cdd1dULL >> 11) % below;
}

static void fill(struct thread *t, uint8_t *to, size_t len)
{
	uint64_t value = draw(t, UINT64_MAX);
	size_t i;

	/* Every 8 bytes differ from all others with the same draw. */
	for (i = 0; i + 8 <= len; i += 8) {
		uint64_t word = value + i * 0x9e3779b97f4a7c15ULL;

		memcpy(to + i, &word, 8);
	}
}

/* io_uring by its system calls: the host may lack the library. */

static void *ring_map(int fd, size_t len, off_t what)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		die("cannot map the ring: %s", strerror(errno));
	return p;
}

static void ring_open(struct ring *r, bool poll)
{
	struct io_uring_params p = { .flags = poll ? IORING_SETUP_IOPOLL : 0 };
	uint8_t *sq, *cq;

	r->poll = poll;
	r->fd = syscall(__NR_io_uring_setup, MAX_PIECES, &p);
	if (r->fd < 0)
		die("io_uring_setup: %s", strerror(errno));
	sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p.sq_entries * sizeof(*r->sqes), IORING_OFF_SQES);
	r->sq_tail = (void *)(sq + p.sq_off.tail);
	r->sq_mask = (void *)(sq + p.sq_off.ring_mask);
	r->sq_array = (void *)(sq + p.sq_off.array);
	r->cq_head = (void *)(cq + p.cq_off.head);
	r->cq_tail = (void *)(cq + p.cq_off.tail);
	r->cq_mask = (void *)(cq + p.cq_off.ring_mask);
	r->cqes = (void *)(cq + p.cq_off.cqes);
}

static void ring_add(struct ring *r, int fd, bool write, const struct iovec *v, uint64_t pos,
		     uint64_t tag)
{
	unsigned int tail = *r->sq_tail, i = tail & *r->sq_mask;
	struct io_uring_sqe *sqe = &r->sqes[i];

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = write ? IORING_OP_WRITEV : IORING_OP_READV;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)v;
	sqe->len = 1;
	sqe->off = pos;
	sqe->user_data = tag;
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static void ring_enter(struct ring *r, unsigned int submit, unsigned int wait)
{
	while (syscall(__NR_io_uring_enter, r->fd, submit, wait,
		       wait ? IORING_ENTER_GETEVENTS : 0, NULL, 0) < 0)
		if (errno != EINTR && errno != EAGAIN)
			die("io_uring_enter: %s", strerror(errno));
}

/* Wait for @n completions; their results by tag. */
static void ring_reap(struct ring *r, unsigned int n, int *results)
{
	while (n) {
		unsigned int head = *r->cq_head;

		if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE)) {
			ring_enter(r, 0, 1);
			continue;
		}
		results[r->cqes[head & *r->cq_mask].user_data] = r->cqes[head & *r->cq_mask].res;
		__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
		n--;
	}
}

/* Cut a range into pieces of whole blocks. */
static unsigned int cut(struct thread *t, uint8_t *buffer, uint64_t len, struct iovec *v)
{
	unsigned int n = 0;

	while (len) {
		uint64_t blocks = len / opt.block, part = blocks;

		if (n < MAX_PIECES - 1)
			part = 1 + draw(t, blocks);
		v[n++] = (struct iovec){ buffer, part * opt.block };
		buffer += part * opt.block;
		len -= part * opt.block;
	}
	return n;
}

/* The pieces are submitted together, in an order of their own. */
static void uring(struct thread *t, bool write, uint8_t *buffer, uint64_t at, uint64_t len)
{
	struct iovec v[MAX_PIECES];
	unsigned int n = cut(t, buffer, len, v), i, first = draw(t, n);
	int results[MAX_PIECES];

	for (i = 0; i < n; i++) {
		unsigned int piece = (first + i) % n;
		uint64_t pos = at + ((uint8_t *)v[piece].iov_base - buffer);

		ring_add(&t->ring, t->fd, write, &v[piece], t->start + pos, piece);
	}
	ring_enter(&t->ring, n, 0);
	ring_reap(&t->ring, n, results);
	for (i = 0; i < n; i++)
		if (results[i] != (int)v[i].iov_len)
			fail(t, at, len, "piece %u of %u of %zu bytes: result %d", i, n,
			     v[i].iov_len, results[i]);
}

static uint8_t *unaligned(struct thread *t)
{
	return t->buffer + opt.align * draw(t, 4096 / opt.align);
}

static void compare(struct thread *t, const uint8_t *got, uint64_t at, uint64_t len)
{
	const uint8_t *want = t->shadow + at;
	uint64_t i;

	if (!memcmp(got, want, len))
		return;
	for (i = 0; got[i] == want[i]; i++)
		;
	fail(t, at, len, "byte %llu is %02x, should be %02x",
	     (unsigned long long)(t->start + at + i), got[i], want[i]);
}

static void result(struct thread *t, uint64_t at, uint64_t len, ssize_t got, ssize_t wanted)
{
	if (got < 0)
		fail(t, at, len, "%s", strerror(errno));
	if (got != wanted)
		fail(t, at, len, "returned %zd, not %zd", got, wanted);
}

static void read_range(struct thread *t, enum op how, uint64_t at, uint64_t len)
{
	uint8_t *buffer = unaligned(t);
	struct iovec v[MAX_PIECES];
	unsigned int n;

	memset(buffer, 0xa5, len);
	switch (how) {
	case READ_URING:
		uring(t, false, buffer, at, len);
		break;
	case READV:
		n = cut(t, buffer, len, v);
		result(t, at, len, preadv(t->fd, v, n, t->start + at), len);
		break;
	default:
		result(t, at, len, pread(t->fd, buffer, len, t->start + at), len);
	}
	compare(t, buffer, at, len);
}

static void write_range(struct thread *t, enum op how, uint64_t at, uint64_t len)
{
	uint8_t *buffer = unaligned(t);
	struct iovec v[MAX_PIECES];
	unsigned int n;

	fill(t, buffer, len);
	memcpy(t->shadow + at, buffer, len);
	switch (how) {
	case WRITE_URING:
		uring(t, true, buffer, at, len);
		break;
	case WRITE_DSYNC:
	case WRITEV:
		n = cut(t, buffer, len, v);
		result(t, at, len, pwritev2(t->fd, v, n, t->start + at,
					    how == WRITE_DSYNC ? RWF_DSYNC : 0), len);
		break;
	default:
		result(t, at, len, pwrite(t->fd, buffer, len, t->start + at), len);
	}
}

static void zero_range(struct thread *t, enum op how, uint64_t at, uint64_t len)
{
	uint64_t range[2] = { t->start + at, len };
	int err;

	switch (how) {
	case DISCARD:
		err = ioctl(t->fd, BLKDISCARD, range);
		break;
	case SECURE_ERASE:
		err = ioctl(t->fd, BLKSECDISCARD, range);
		break;
	case ZEROOUT:
		err = ioctl(t->fd, BLKZEROOUT, range);
		break;
	case PUNCH_HOLE:
		err = fallocate(t->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, range[0], len);
		break;
	default:
		err = fallocate(t->fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, range[0], len);
	}
	result(t, at, len, err, 0);
	memset(t->shadow + at, 0, len);
}

/* A range of whole blocks in the region; long ones are rarer than short ones. */
static uint64_t pick_range(struct thread *t, uint64_t max, uint64_t *len)
{
	uint64_t blocks = t->bytes / opt.block, most = max / opt.block, n;

	if (most > blocks)
		most = blocks;
	n = 1 + draw(t, draw(t, 4) ? (most + 15) / 16 : most);
	*len = n * opt.block;
	return draw(t, blocks - n + 1) * opt.block;
}

static enum op pick_op(struct thread *t)
{
	unsigned int sum = 0, i, at;

	for (i = 0; i < NR_OPS; i++)
		sum += weights[i];
	at = draw(t, sum);
	for (i = 0; at >= weights[i]; i++)
		at -= weights[i];
	return i;
}

static void around(struct thread *t, uint64_t at, uint64_t len)
{
	uint64_t from = at ? at - opt.block : 0, to = at + len;

	if (to < t->bytes)
		to += opt.block;
	if (to - from <= MAX_BYTES)
		read_range(t, READ, from, to - from);
}

static void one(struct thread *t)
{
	uint64_t at, len;

	t->op = pick_op(t);
	at = pick_range(t, t->op >= DISCARD ? t->bytes : MAX_BYTES, &len);
	if (t->op == FSYNC) {
		result(t, 0, 0, t->op_nr & 1 ? fsync(t->fd) : fdatasync(t->fd), 0);
	} else if (t->op <= READ_URING) {
		read_range(t, t->op, at, len);
	} else {
		if (t->op < FSYNC)
			write_range(t, t->op, at, len);
		else
			zero_range(t, t->op, at, len);
		if (draw(t, 2))
			around(t, at, len);
	}
	if (t->op_nr == opt.breakage)
		t->shadow[at] ^= 1;
	atomic_fetch_add(&done[t->op], 1);
}

static void *run(void *arg)
{
	struct thread *t = arg;
	uint64_t at, len;

	ring_open(&t->ring, opt.poll);
	for (t->op_nr = 1; t->op_nr <= opt.ops; t->op_nr++)
		one(t);
	for (at = 0; at < t->bytes; at += len) {
		t->op = (at / MAX_BYTES) % 3;
		len = t->bytes - at < MAX_BYTES ? t->bytes - at : MAX_BYTES;
		read_range(t, t->op, at, len);
	}
	return NULL;
}

static void setup(struct thread *t, unsigned int nr)
{
	t->nr = nr;
	t->fd = open(opt.device, O_RDWR | O_DIRECT);
	if (t->fd < 0)
		die("%s: %s", opt.device, strerror(errno));
	t->rand = opt.seed * 0x9e3779b97f4a7c15ULL + nr + 1;
	/* 7 blocks more than asked for, so that regions meet within a page. */
	t->bytes = (opt.kib << 10) + 7 * opt.block;
	t->start = nr * t->bytes;
	t->shadow = calloc(1, t->bytes);
	t->buffer = aligned_alloc(4096, MAX_BYTES + 8192);
	if (!t->shadow || !t->buffer)
		die("no memory");
	/* The device's contents before are unknown: make them known. */
	t->op = ZEROOUT;
	if (nr % 2)
		zero_range(t, ZEROOUT, 0, t->bytes);
	else
		for (uint64_t at = 0; at < t->bytes; at += MAX_BYTES / 2)
			write_range(t, WRITE, at, t->bytes - at < MAX_BYTES / 2 ?
				    t->bytes - at : MAX_BYTES / 2);
}

static void park(unsigned long ms)
{
	struct thread t = { .op = READ_URING };
	struct iovec v;
	int res;

	t.fd = open(opt.device, O_RDWR | O_DIRECT);
	if (t.fd < 0)
		die("%s: %s", opt.device, strerror(errno));
	v = (struct iovec){ aligned_alloc(4096, 4096), 4096 };
	ring_open(&t.ring, true);
	ring_add(&t.ring, t.fd, false, &v, 0, 0);
	ring_enter(&t.ring, 1, 0);
	usleep(ms * 1000);
	ring_reap(&t.ring, 1, &res);
	if (res != 4096)
		die("the parked read: %s", strerror(res < 0 ? -res : EIO));
}

static unsigned long parse(const char *name, const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-')
		die("--%s is '%s': want digits", name, text);
	return value;
}

int main(int argc, char **argv)
{
	static unsigned long park_ms;
	/* Where the numbers of the first options go. */
	static unsigned long *const numbers[] = {
		&opt.seed, &opt.ops, &opt.threads, &opt.kib, &opt.align, &opt.breakage, &park_ms,
	};
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 0 },
		{ "ops", required_argument, NULL, 0 },
		{ "threads", required_argument, NULL, 0 },
		{ "kib", required_argument, NULL, 0 },
		{ "align", required_argument, NULL, 0 },
		{ "break", required_argument, NULL, 0 },
		{ "park", required_argument, NULL, 0 },
		{ "help", no_argument, NULL, 'h' },
		{ "poll", no_argument, NULL, 'p' },
		{ "no-discard", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	struct thread *threads;
	unsigned int i;
	int c, which;

	while ((c = getopt_long(argc, argv, "", options, &which)) != -1) {
		switch (c) {
		case 0:
			*numbers[which] = parse(options[which].name, optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		case 'p':
			opt.poll = true;
			break;
		case 'n':
			weights[DISCARD] = 0;
			weights[SECURE_ERASE] = 0;
			weights[PUNCH_HOLE] = 0;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind != argc - 1 || !opt.threads || !opt.kib ||
	    !opt.align || opt.align > 4096) {
		fputs(usage, stderr);
		return 2;
	}
	opt.device = argv[optind];
	if (park_ms) {
		park(park_ms);
		return 0;
	}

	threads = calloc(opt.threads, sizeof(*threads));
	c = open(opt.device, O_RDONLY);
	if (c < 0 || ioctl(c, BLKSSZGET, &opt.block) || !threads)
		die("%s: %s", opt.device, strerror(errno));
	for (i = 0; i < opt.threads; i++)
		setup(&threads[i], i);
	for (i = 0; i < opt.threads; i++)
		if (pthread_create(&threads[i].id, NULL, run, &threads[i]))
			die("cannot make a thread");
	for (i = 0; i < opt.threads; i++)
		pthread_join(threads[i].id, NULL);
	for (i = 0; i < NR_OPS; i++)
		printf("%s %lu%s", names[i], atomic_load(&done[i]), i < NR_OPS - 1 ? ", " : "\n");
	return 0;
}
