/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Going back without a cut: marks of moments, and what a cut at one of them would have
 * left, as another disk. So one run of a workload serves any number of crash points.
 */
#ifndef WEIR_IMAGE_H
#define WEIR_IMAGE_H

#include <linux/types.h>

struct weir_cut;
struct weir_disk;

/* As many as there is room for; later ones are counted only. */
#define WEIR_MARKS_MAX 65536

/**
 * weir_image_history() - keep what it takes to go back, and mark moments; or do not
 *
 * Called by cut.c with the disk's mutex held, under I/O. A moment is marked when a
 * flush has been completed, when 1, 2 and 4 writes have been after that, and every 32.
 *
 * Return: 0; -EINVAL without a cache, with a message; -ENOMEM.
 */
int weir_image_history(struct weir_disk *wd, bool on);

/* A flush, a write has been completed. Called by cut.c with cut->lock held. */
void weir_image_flushed(struct weir_cut *cut);
void weir_image_written(struct weir_cut *cut);

/* After a cut there is no way back. Called by cut.c, when there are no requests. */
void weir_image_forget(struct weir_cut *cut);

/* For weir_image_take(): not a mark, but now. */
#define WEIR_MARK_NOW U32_MAX

/**
 * weir_image_take() - what a cut would leave
 * @mark: the number of a mark, or WEIR_MARK_NOW
 * @into: another disk, which is off; what it had is gone, bad sectors too
 *
 * Called by configfs.c with the disk's mutex held, on a disk that is on, under I/O.
 * May sleep. The seed is cut_seed, and the number of the cut is @mark.
 *
 * Return: 0; -EINVAL if there is no such mark, or no cache, -EBUSY if @into is on,
 * -ESTALE if it cannot be gone back so far, each with a message; -ENOSPC, -ENOMEM.
 */
int weir_image_take(struct weir_disk *wd, u32 mark, struct weir_disk *into);

#endif
