/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault rules: which requests shall fail, wait, or be done wrongly.
 *
 * A rule is one line of text, in the grammar of the block layer's own error
 * injection (Documentation/block/error-injection.rst) with more options:
 *
 *	add,op=READ,start=0,nr_sectors=8,status=IOERR,chance=10
 *
 * A rule counts the requests that match its operation and range. From that count,
 * the seed, and nothing else follows which of them it hits: the same requests in
 * the same order are hit in each run.
 *
 * Pure: compiled into the module and into tests/unit. The owner provides memory and
 * locking.
 */
#ifndef WEIR_RULE_H
#define WEIR_RULE_H

#include <linux/types.h>

/* As many rules as a disk may have */
#define WEIR_RULES_MAX 32

/* The longest line that weir_rule_print() makes, with its end */
#define WEIR_RULE_TEXT_MAX 384

/* The longest delay_ns: ten minutes, past all time-outs there are */
#define WEIR_RULE_DELAY_MAX_NS 600000000000ULL

/* The most bits that corrupt= flips in a request */
#define WEIR_RULE_CORRUPT_MAX 4096

/* What a request may be: names are those of REQ_OP_* */
#define WEIR_RULE_OPS(X)						\
	X(READ) X(WRITE) X(FLUSH) X(DISCARD) X(SECURE_ERASE) X(WRITE_ZEROES)

/* How a request may fail: names are those of BLK_STS_* */
#define WEIR_RULE_STATUSES(X)						\
	X(NOTSUPP) X(TIMEOUT) X(NOSPC) X(TRANSPORT) X(TARGET) X(RESV_CONFLICT) \
	X(MEDIUM) X(PROTECTION) X(RESOURCE) X(IOERR) X(AGAIN) X(DEV_RESOURCE) \
	X(ZONE_OPEN_RESOURCE) X(ZONE_ACTIVE_RESOURCE) X(OFFLINE)	\
	X(DURATION_LIMIT) X(INVAL)

enum weir_rule_op {
#define WEIR_RULE_OP(name) WEIR_RULE_##name,
	WEIR_RULE_OPS(WEIR_RULE_OP)
#undef WEIR_RULE_OP
	WEIR_RULE_NR_OPS,
};

enum weir_rule_status {
#define WEIR_RULE_STATUS(name) WEIR_RULE_STS_##name,
	WEIR_RULE_STATUSES(WEIR_RULE_STATUS)
#undef WEIR_RULE_STATUS
	WEIR_RULE_NR_STATUSES,
};

/* What becomes of a request that is hit, once it need not wait any more. */
enum weir_rule_act {
	WEIR_ACT_NONE,		/* it is done as any other */
	WEIR_ACT_STATUS,	/* it fails, and nothing is done */
	WEIR_ACT_TIMEOUT,	/* it never completes by itself */
	WEIR_ACT_REQUEUE,	/* it goes back to the block layer */
	WEIR_ACT_CORRUPT,	/* it is done, with some bits flipped */
	WEIR_ACT_MISDIRECT,	/* it is done elsewhere on the disk */
	WEIR_ACT_LOST,		/* it succeeds, and nothing is done */
};

/**
 * struct weir_rule - one rule
 * @ops: bit by enum weir_rule_op: which requests match
 * @act: enum weir_rule_act: what is done to those that are hit
 * @status: enum weir_rule_status, with WEIR_ACT_STATUS
 * @hold: they wait until they are released
 * @corrupt: how many bits are flipped, with WEIR_ACT_CORRUPT
 * @chance: one in so many is hit
 * @first: of the range, in sectors of 512 bytes
 * @last: likewise, included
 * @misdirect: how far away, in sectors, with WEIR_ACT_MISDIRECT
 * @delay_ns: they wait for so long; 0: not at all
 * @nth: the first that is hit; 0: any may be
 * @every: and then each so manieth; 0: @nth alone, if there is one
 * @times: so many are hit at most; 0: no limit
 * @seed: of @chance, and of the bits
 * @next: what @seen will be at the next that @nth and @every choose; 0: never
 * @seen: how many matched
 * @hits: how many were hit
 */
struct weir_rule {
	u8 ops;
	u8 act;
	u8 status;
	bool hold;
	u32 corrupt;
	u32 chance;
	u64 first;
	u64 last;
	s64 misdirect;
	u64 delay_ns;
	u64 nth;
	u64 every;
	u64 times;
	u64 seed;
	u64 next;
	u64 seen;
	u64 hits;
};

/* What a line may say. */
enum weir_rule_verb {
	WEIR_VERB_NONE,		/* empty, or only a comment */
	WEIR_VERB_ADD,		/* there is one rule more */
	WEIR_VERB_REMOVEALL,	/* there are no rules any more */
	WEIR_VERB_RELEASE,	/* requests that are held are let go */
};

/**
 * struct weir_rule_line - a line that was understood
 * @verb: what it says
 * @rule: the rule; with WEIR_VERB_RELEASE, @ops, @first, @last and @times of it say
 *        which requests
 */
struct weir_rule_line {
	enum weir_rule_verb verb;
	struct weir_rule rule;
};

/**
 * struct weir_rule_error - why a line was not understood
 * @at: where, in characters from the beginning of the line, the first being 1
 * @want: what was expected there
 */
struct weir_rule_error {
	u32 at;
	const char *want;
};

/**
 * weir_rule_parse() - one line of text
 * @text: the line and what follows; need not end with NUL
 * @len: its length in bytes
 * @line: filled in on success, with counters of 0
 * @why: filled in on failure
 *
 * A line ends with a newline, a semicolon, or the text. What follows a # is a
 * comment.
 *
 * Called by config/faults.c.
 *
 * Return: how many bytes the line takes, with its end; 0 on failure, or if @len is 0.
 */
u32 weir_rule_parse(const char *text, u32 len, struct weir_rule_line *line,
		    struct weir_rule_error *why);

/**
 * weir_rule_print() - a rule as text, without its counters, newline, or NUL
 * @buf: WEIR_RULE_TEXT_MAX bytes
 *
 * Parsing it gives the same rule.
 *
 * Called by config/faults.c.
 *
 * Return: the length in bytes.
 */
u32 weir_rule_print(const struct weir_rule *r, char *buf);

/**
 * weir_rule_covers() - does a request match operation and range?
 * @op: which operation
 * @first: its first sector
 * @nr_sectors: 0 for a flush, which matches a rule without range only
 *
 * Called by blk/inject.c, under its lock, and by weir_rules_hit().
 */
bool weir_rule_covers(const struct weir_rule *r, enum weir_rule_op op, u64 first,
		      u64 nr_sectors);

/**
 * weir_rules_hit() - which rule does a request meet?
 * @rules: @nr of them; the last that was added decides first
 *
 * A rule that matches counts the request. If it does not hit it, the one before it
 * may.
 *
 * Called by blk/inject.c for each request of a disk that has rules, under its lock.
 *
 * Return: the rule, or NULL.
 */
struct weir_rule *weir_rules_hit(struct weir_rule *rules, u32 nr, enum weir_rule_op op,
				 u64 first, u64 nr_sectors);

/* The @n-th of a seed's random numbers; any @n at any time. */
u64 weir_rule_random(u64 seed, u64 n);

#endif
