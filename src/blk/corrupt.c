// SPDX-License-Identifier: GPL-2.0
/*
 * See corrupt.h.
 *
 * The pages of a write are the writer's, often of the page cache: they must not
 * change. So the write is made from a copy of them, with bits flipped, which takes the
 * place of the request's bios for as long as weir_move() takes. The disk then has the
 * bad bytes from the beginning, in its cache as well.
 */
#include <linux/bio.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "fault/rule.h"

#include "cmd.h"
#include "corrupt.h"
#include "disk.h"
#include "move.h"

struct flip {
	u32 at;		/* byte of the data */
	u8 mask;
};

static struct flip flip_of(const struct weir_fault *f, u32 bytes, u32 part, u32 parts)
{
	const u32 begin = div_u64((u64)bytes * part, parts);
	const u32 end = div_u64((u64)bytes * (part + 1), parts);
	const u64 random = weir_rule_random(f->draw, part);

	return (struct flip){
		.at = begin + ((random >> 32) * (end - begin) >> 32),
		.mask = BIT(random & 7),
	};
}

/* Flip the bits of all bios of a request, whosever memory they are. */
static void flip_all(struct request *rq, const struct weir_fault *f)
{
	const u32 bytes = blk_rq_bytes(rq), parts = min(f->bits, bytes);
	struct flip flip = flip_of(f, bytes, 0, parts);
	struct req_iterator iter;
	u32 done = 0, part = 0;
	struct bio_vec bv;

	rq_for_each_segment(bv, rq, iter) {
		u8 *data = bvec_kmap_local(&bv);

		while (part < parts && flip.at < done + bv.bv_len) {
			data[flip.at - done] ^= flip.mask;
			if (++part < parts)
				flip = flip_of(f, bytes, part, parts);
		}
		kunmap_local(data);
		flush_dcache_page(bv.bv_page);
		done += bv.bv_len;
	}
}

/**
 * struct copy - the data of a write, in pages of our own
 * @bio: all of it
 * @nr: pages
 * @vec: where they are
 */
struct copy {
	struct bio bio;
	u32 nr;
	struct bio_vec vec[];
};

static void copy_free(struct copy *c)
{
	while (c->nr)
		__free_page(c->vec[--c->nr].bv_page);
	kvfree(c);
}

/* Return: NULL if there is no memory, or the request is longer than a bio can be. */
static struct copy *copy_alloc(u32 bytes)
{
	const u32 nr = DIV_ROUND_UP(bytes, PAGE_SIZE);
	struct copy *c;

	if (nr > U16_MAX)
		return NULL;
	c = kvzalloc(struct_size(c, vec, nr), GFP_NOIO);
	if (!c)
		return NULL;
	bio_init(&c->bio, NULL, c->vec, nr, REQ_OP_WRITE);
	for (; c->nr < nr; c->nr++, bytes -= PAGE_SIZE) {
		struct bio_vec *bv = &c->vec[c->nr];

		bv->bv_page = alloc_page(GFP_NOIO);
		if (!bv->bv_page) {
			copy_free(c);
			return NULL;
		}
		bv->bv_len = min_t(u32, bytes, PAGE_SIZE);
		bv->bv_offset = 0;
		c->bio.bi_iter.bi_size += bv->bv_len;
		c->bio.bi_vcnt++;
	}
	return c;
}

static void copy_fill(struct copy *c, struct request *rq)
{
	struct req_iterator iter;
	struct bio_vec bv;
	u32 done = 0, at, len;

	rq_for_each_segment(bv, rq, iter) {
		for (at = 0; at < bv.bv_len; at += len, done += len) {
			len = min_t(u32, bv.bv_len - at, PAGE_SIZE - offset_in_page(done));
			memcpy_page(c->vec[done >> PAGE_SHIFT].bv_page, offset_in_page(done),
				    bv.bv_page, bv.bv_offset + at, len);
		}
	}
}

static int corrupt_write(struct weir_disk *wd, struct request *rq,
			 const struct weir_fault *f, bool may_sleep)
{
	struct bio *bio = rq->bio;
	struct copy *c;
	int err;

	if (!may_sleep)
		return -ENOMEM;
	c = copy_alloc(blk_rq_bytes(rq));
	if (!c)
		return -EIO;
	copy_fill(c, rq);
	c->bio.bi_iter.bi_sector = blk_rq_pos(rq);
	rq->bio = &c->bio;
	flip_all(rq, f);
	err = weir_move(wd, rq, may_sleep);
	rq->bio = bio;
	copy_free(c);
	return err;
}

int weir_corrupt_move(struct weir_disk *wd, struct request *rq,
		      const struct weir_fault *f, bool may_sleep)
{
	int err;

	if (req_op(rq) == REQ_OP_WRITE)
		return corrupt_write(wd, rq, f, may_sleep);
	err = weir_move(wd, rq, may_sleep);
	if (!err)
		flip_all(rq, f);
	return err;
}
