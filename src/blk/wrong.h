/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A request's work on a disk that may refuse it or do it wrongly: bad sectors and
 * read_only (verdict.c), and what a fault rule asked for (inject.c).
 */
#ifndef WEIR_WRONG_H
#define WEIR_WRONG_H

#include <linux/blk-mq.h>
#include <linux/types.h>

struct weir_disk;

/**
 * weir_wrong_move() - do a request's work, as weir_move(), or what is to be done instead
 *
 * Called by take.c if wd->check is set or the request has met a fault, and for all that
 * its worker does. Context as weir_move().
 *
 * Return: false, without @may_sleep, if the whole is to be done again by somebody who
 * may; else how it went is in weir_cmd.status, and weir_cmd.fault is empty.
 */
bool weir_wrong_move(struct weir_disk *wd, struct request *rq, bool may_sleep);

#endif
