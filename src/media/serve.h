/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a command does on flash's planes: its pieces, and reads of the mapping. serve.c has
 * how it works.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides the
 * locking.
 */
#ifndef WEIR_SERVE_H
#define WEIR_SERVE_H

#include <linux/types.h>

struct weir_flash;
struct weir_media;
struct weir_media_cmd;

/**
 * struct weir_serve - a command whose dies are being worked out
 * @cmd: it; NULL if there is none
 * @at_ns: from when on its dies are at its service
 * @nr: planes it touches
 * @next: so many of them have been worked out
 * @done_ns: when the slowest of these is done
 * @die_ns: and what it waited for: its die,
 * @gc_ns: garbage collection,
 * @channel_ns: its channel
 */
struct weir_serve {
	struct weir_media_cmd *cmd;
	u64 at_ns;
	u32 nr;
	u32 next;
	u64 done_ns;
	u64 die_ns;
	u64 gc_ns;
	u64 channel_ns;
};

/* flash.c calls these; one command is at hand at a time, in struct weir_flash's serve. */

/*
 * A read, or a write to its place (write-zeroes, too). Until all of it is served the next
 * event is that. @at_ns: when the mapping is there, or the data of a write; if
 * c->done_ns is later the command is not done before that
 */
void weir_serve_begin(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

/*
 * Some of the planes of the command at hand, of which there is one; when it has all, it is
 * decided, and none is at hand.
 */
void weir_serve_some(struct weir_media *m);

/*
 * The command at hand has been taken out. The dies that have been worked out keep what they
 * were given.
 */
void weir_serve_cancel(struct weir_flash *f);

/*
 * The controller needs the mapping of the first and the last sector of a command; what
 * goes on between them it has read ahead. What it drops and has changed is written. Only
 * for a flash that maps; the waits of a read are added to its part_ns.
 * Return: when it has both; at_ns if it had them.
 */
u64 weir_serve_mapping(struct weir_media *m, struct weir_media_cmd *c, u64 at_ns);

#endif
