/* SPDX-License-Identifier: GPL-2.0 */
/* The block layer's time-out. */
#ifndef WEIR_TIMEOUT_H
#define WEIR_TIMEOUT_H

#include <linux/blk-mq.h>

/*
 * ->timeout: the block layer has waited for its timeout (queue/io_timeout). Called
 * by its worker, in process context.
 *
 * Return: BLK_EH_DONE if the request has been failed; BLK_EH_RESET_TIMER if it is
 * in other hands, which will give it back.
 */
enum blk_eh_timer_return weir_timeout(struct request *rq);

#endif
