// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a rule, both ways.
 *
 *	line	= word {"," word}
 *	word	= verb | key ["=" value] | nothing
 *
 * Words may be in any order, as in the kernel's own grammar; no key may come twice.
 * First each word is read by itself, from the table of keys; where it was is kept, so
 * that what does not go together can be told with its place.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "rule.h"

static const char *const op_names[] = {
#define OP_NAME(name) #name,
	WEIR_RULE_OPS(OP_NAME)
};

static const char *const status_names[] = {
#define STATUS_NAME(name) #name,
	WEIR_RULE_STATUSES(STATUS_NAME)
};

#define ANY_OP ((1U << WEIR_RULE_NR_OPS) - 1)

/* The words of the grammar, verbs first. */
enum word {
	W_ADD, W_REMOVEALL, W_RELEASE,
	W_OP, W_START, W_NR_SECTORS,
	W_STATUS, W_TIMEOUT, W_REQUEUE, W_CORRUPT, W_MISDIRECT, W_LOST,
	W_HOLD, W_DELAY_NS,
	W_CHANCE, W_SEED, W_NTH, W_EVERY, W_TIMES,
	NR_WORDS,
	W_NONE = NR_WORDS,
};

#define BIT_OF(word) (1U << (word))
#define VERBS (BIT_OF(W_ADD) | BIT_OF(W_REMOVEALL) | BIT_OF(W_RELEASE))
#define ACTS (BIT_OF(W_STATUS) | BIT_OF(W_TIMEOUT) | BIT_OF(W_REQUEUE) |	\
	      BIT_OF(W_CORRUPT) | BIT_OF(W_MISDIRECT) | BIT_OF(W_LOST))
#define WAITS (BIT_OF(W_HOLD) | BIT_OF(W_DELAY_NS))

static const struct {
	const char *name;
	const char *want;	/* the value; NULL if there is none */
	u64 lo;
	u64 hi;
} words[NR_WORDS] = {
	[W_ADD] = { "add" },
	[W_REMOVEALL] = { "removeall" },
	[W_RELEASE] = { "release" },
	[W_OP] = { "op",
		"ANY, READ, WRITE, FLUSH, DISCARD, SECURE_ERASE or WRITE_ZEROES" },
	[W_START] = { "start", "a sector from 0 to 2^64 - 1", 0, ~0ULL },
	[W_NR_SECTORS] = { "nr_sectors", "a number of sectors; 0: all from start=", 0, ~0ULL },
	[W_STATUS] = { "status",
		"a name as in BLK_STS_*, such as IOERR, MEDIUM, NOSPC, TARGET or TIMEOUT" },
	[W_TIMEOUT] = { "timeout" },
	[W_REQUEUE] = { "requeue" },
	[W_CORRUPT] = { "corrupt", "a number of bits from 1 to 4096", 1,
		WEIR_RULE_CORRUPT_MAX },
	[W_MISDIRECT] = { "misdirect",
		"a distance in sectors from -2^54 to 2^54, and not 0", 1, 1ULL << 54 },
	[W_LOST] = { "lost" },
	[W_HOLD] = { "hold" },
	[W_DELAY_NS] = { "delay_ns", "a time in ns from 1 to 600000000000", 1,
		WEIR_RULE_DELAY_MAX_NS },
	[W_CHANCE] = { "chance", "a number from 1 to 2^32 - 1", 1, ~0U },
	[W_SEED] = { "seed", "a number from 0 to 2^64 - 1", 0, ~0ULL },
	[W_NTH] = { "nth", "a number from 1 to 2^64 - 1", 1, ~0ULL },
	[W_EVERY] = { "every", "a number from 1 to 2^64 - 1", 1, ~0ULL },
	[W_TIMES] = { "times", "a number from 1 to 2^64 - 1", 1, ~0ULL },
};

/* A piece of the line */
struct piece {
	const char *text;
	u32 len;
};

/**
 * struct state - a line on its way
 * @begin: of the line
 * @said: bit by enum word: it was there
 * @at: where each of these was
 * @value: of those that are numbers
 * @back: misdirect= has a minus
 * @rule: what becomes of it
 * @why: what the caller is told
 */
struct state {
	const char *begin;
	u32 said;
	const char *at[NR_WORDS];
	u64 value[NR_WORDS];
	bool back;
	struct weir_rule *rule;
	struct weir_rule_error *why;
};

static bool refuse(const struct state *s, const char *at, const char *want)
{
	s->why->at = at - s->begin + 1;
	s->why->want = want;
	return false;
}

static bool is(const struct piece *p, const char *name)
{
	return strlen(name) == p->len && !memcmp(p->text, name, p->len);
}

/* Where a name is in a list; @nr if nowhere. */
static u32 find(const struct piece *p, const char *const *names, u32 nr)
{
	u32 i;

	for (i = 0; i < nr && !is(p, names[i]); i++)
		;
	return i;
}

static u32 digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return ~0U;
}

/* Decimal, hexadecimal (0x), or octal (0), as the kernel's own grammar has it. */
static bool read_number(struct piece p, u64 *value)
{
	u32 base = 10;
	u64 v = 0;

	if (p.len > 2 && p.text[0] == '0' && (p.text[1] | 0x20) == 'x') {
		base = 16;
		p.text += 2;
		p.len -= 2;
	} else if (p.len > 1 && p.text[0] == '0') {
		base = 8;
	}
	if (!p.len)
		return false;
	for (; p.len; p.len--, p.text++) {
		u32 d = digit(*p.text);

		/* No base is below 8: v / base is past the limit if v / 8 is. */
		if (d >= base || v > (~0ULL - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

static bool read_value(struct state *s, enum word w, struct piece v)
{
	const char *const at = v.text;
	u32 i;

	switch (w) {
	case W_OP:
		i = find(&v, op_names, WEIR_RULE_NR_OPS);
		s->rule->ops = is(&v, "ANY") ? ANY_OP : 1U << i;
		return s->rule->ops & ANY_OP ? true : refuse(s, at, words[w].want);
	case W_STATUS:
		i = find(&v, status_names, WEIR_RULE_NR_STATUSES);
		s->rule->status = i;
		return i < WEIR_RULE_NR_STATUSES ? true : refuse(s, at, words[w].want);
	case W_MISDIRECT:
		s->back = v.len && *v.text == '-';
		v.text += s->back;
		v.len -= s->back;
		break;
	default:
		break;
	}
	if (!read_number(v, &s->value[w]) || s->value[w] < words[w].lo ||
	    s->value[w] > words[w].hi)
		return refuse(s, at, words[w].want);
	return true;
}

static const char any_verb[] = "add, removeall or release";

static bool read_word(struct state *s, struct piece p)
{
	const char *equals = memchr(p.text, '=', p.len);
	struct piece name = { p.text, equals ? equals - p.text : p.len };
	enum word w;

	for (w = 0; w < NR_WORDS && !is(&name, words[w].name); w++)
		;
	if (w == W_NONE && !(s->said & VERBS))
		return refuse(s, p.text, any_verb);
	if (w == W_NONE)
		return refuse(s, p.text,
			      "op=, start=, nr_sectors=, status=, timeout, requeue, corrupt=, misdirect=, lost, hold, delay_ns=, chance=, seed=, nth=, every= or times=");
	if (s->said & BIT_OF(w))
		return refuse(s, p.text, "each word once");
	if (BIT_OF(w) & VERBS && s->said & VERBS)
		return refuse(s, p.text, "one of add, removeall and release");
	s->said |= BIT_OF(w);
	s->at[w] = p.text;
	if (!words[w].want)
		return equals ? refuse(s, equals, "no value") : true;
	if (!equals)
		return refuse(s, p.text + p.len, "= and a value");
	return read_value(s, w, (struct piece){ equals + 1, p.len - name.len - 1 });
}

/* The first of some words that was said; W_NONE if there is none. */
static enum word first_of(const struct state *s, u32 some)
{
	enum word w, first = W_NONE;

	for (w = 0; w < NR_WORDS; w++)
		if (s->said & some & BIT_OF(w) && (first == W_NONE || s->at[w] < s->at[first]))
			first = w;
	return first;
}

/* The last of some words, if there are two; else W_NONE. */
static enum word second_of(const struct state *s, u32 some)
{
	enum word first = first_of(s, some);

	return first == W_NONE ? W_NONE : first_of(s, some & ~BIT_OF(first));
}

static bool check_range(struct state *s)
{
	struct weir_rule *r = s->rule;
	u64 nr = s->value[W_NR_SECTORS];

	r->first = s->value[W_START];
	r->last = ~0ULL;
	if (nr && nr - 1 > ~0ULL - r->first)
		return refuse(s, s->at[W_NR_SECTORS], "a range that ends before sector 2^64");
	if (nr)
		r->last = r->first + nr - 1;
	if (r->ops == 1U << WEIR_RULE_FLUSH && (r->first || nr))
		return refuse(s, s->at[nr ? W_NR_SECTORS : W_START],
			      "no range with op=FLUSH, which has no sectors");
	return true;
}

/* Which words do not go with which. */
static bool check_together(struct state *s)
{
	const u32 data = 1U << WEIR_RULE_READ | 1U << WEIR_RULE_WRITE;
	const u32 needs_data = BIT_OF(W_CORRUPT) | BIT_OF(W_MISDIRECT);
	const u32 at_once = BIT_OF(W_TIMEOUT) | BIT_OF(W_REQUEUE);
	enum word w;

	w = second_of(s, ACTS);
	if (w != W_NONE)
		return refuse(s, s->at[w],
			      "only one of status=, timeout, requeue, corrupt=, misdirect= and lost");
	w = second_of(s, WAITS);
	if (w != W_NONE)
		return refuse(s, s->at[w], "only one of hold and delay_ns=");
	w = first_of(s, needs_data);
	if (w != W_NONE && s->rule->ops & ~data)
		return refuse(s, s->at[w], "op=READ or op=WRITE with corrupt= and misdirect=");
	w = first_of(s, WAITS);
	if (w != W_NONE && s->said & at_once)
		return refuse(s, s->at[w], "no hold or delay_ns= with timeout and requeue");
	if (s->said & BIT_OF(W_SEED) && !(s->said & (BIT_OF(W_CHANCE) | BIT_OF(W_CORRUPT))))
		return refuse(s, s->at[W_SEED], "seed= with chance= or corrupt= only");
	return true;
}

static void take_act(struct state *s)
{
	struct weir_rule *r = s->rule;

	switch (first_of(s, ACTS)) {
	case W_STATUS:
		r->act = WEIR_ACT_STATUS;
		break;
	case W_TIMEOUT:
		r->act = WEIR_ACT_TIMEOUT;
		break;
	case W_REQUEUE:
		r->act = WEIR_ACT_REQUEUE;
		break;
	case W_CORRUPT:
		r->act = WEIR_ACT_CORRUPT;
		r->corrupt = s->value[W_CORRUPT];
		break;
	case W_MISDIRECT:
		r->act = WEIR_ACT_MISDIRECT;
		r->misdirect = s->value[W_MISDIRECT];
		if (s->back)
			r->misdirect = -r->misdirect;
		break;
	case W_LOST:
		r->act = WEIR_ACT_LOST;
		break;
	default:
		r->act = WEIR_ACT_NONE;
	}
}

static bool make_rule(struct state *s, const char *end)
{
	struct weir_rule *r = s->rule;

	if (!(s->said & BIT_OF(W_OP)))
		return refuse(s, end, "op= with add");
	if (!(s->said & (ACTS | WAITS)))
		return refuse(s, end,
			      "status=, timeout, requeue, corrupt=, misdirect=, lost, hold or delay_ns= with add");
	if (!check_range(s) || !check_together(s))
		return false;
	take_act(s);
	r->hold = s->said & BIT_OF(W_HOLD);
	r->delay_ns = s->value[W_DELAY_NS];
	r->chance = s->said & BIT_OF(W_CHANCE) ? s->value[W_CHANCE] : 1;
	/* chance=1 draws nothing: the seed would not be printed with anything it is for. */
	if (r->chance > 1 || r->act == WEIR_ACT_CORRUPT)
		r->seed = s->value[W_SEED];
	r->nth = s->value[W_NTH];
	r->every = s->value[W_EVERY];
	r->times = s->value[W_TIMES];
	r->next = r->nth ? r->nth : r->every;
	return true;
}

/* release has a range, and a number of requests. */
static bool make_release(struct state *s)
{
	enum word w = first_of(s, ~(BIT_OF(W_RELEASE) | BIT_OF(W_OP) | BIT_OF(W_START) |
				    BIT_OF(W_NR_SECTORS) | BIT_OF(W_TIMES)));

	if (w != W_NONE)
		return refuse(s, s->at[w],
			      "only op=, start=, nr_sectors= and times= with release");
	if (!(s->said & BIT_OF(W_OP)))
		s->rule->ops = ANY_OP;
	s->rule->times = s->value[W_TIMES];
	return check_range(s);
}

/* All words have been read; what is the line? */
static bool make_line(struct state *s, const char *end, enum weir_rule_verb *verb)
{
	enum word w;

	if (!s->said) {
		*verb = WEIR_VERB_NONE;
		return true;
	}
	switch (first_of(s, VERBS)) {
	case W_ADD:
		*verb = WEIR_VERB_ADD;
		return make_rule(s, end);
	case W_RELEASE:
		*verb = WEIR_VERB_RELEASE;
		return make_release(s);
	case W_REMOVEALL:
		*verb = WEIR_VERB_REMOVEALL;
		w = first_of(s, ~BIT_OF(W_REMOVEALL));
		return w == W_NONE ? true : refuse(s, s->at[w], "nothing with removeall");
	default:
		return refuse(s, end, any_verb);
	}
}

/* Where the line ends, and where a comment or blanks before its end begin */
static u32 line_length(const char *text, u32 len, u32 *told)
{
	u32 n, end;

	for (n = 0; n < len && text[n] != '\n' && text[n] != ';'; n++)
		;
	for (end = 0; end < n && text[end] != '#'; end++)
		;
	while (end && (text[end - 1] == ' ' || text[end - 1] == '\t'))
		end--;
	*told = end;
	return n;
}

u32 weir_rule_parse(const char *text, u32 len, struct weir_rule_line *line,
		    struct weir_rule_error *why)
{
	struct state s = { .begin = text, .rule = &line->rule, .why = why };
	u32 told, n = line_length(text, len, &told);
	const char *const end = text + told;
	const char *word = text;

	memset(line, 0, sizeof(*line));
	while (word < end) {
		const char *comma = memchr(word, ',', end - word);
		struct piece p = { word, (comma ? comma : end) - word };

		if (p.len && !read_word(&s, p))
			return 0;
		word += p.len + 1;
	}
	if (!make_line(&s, end, &line->verb))
		return 0;
	return n + (n < len);
}

/* Printing */

/* Text that grows; it has room for all there can be. */
struct text {
	char *buf;
	u32 len;
};

#define add_text(t, ...)						\
	((t)->len += scnprintf((t)->buf + (t)->len, WEIR_RULE_TEXT_MAX - (t)->len, __VA_ARGS__))

static void add_number(struct text *t, enum word w, u64 value)
{
	if (value)
		add_text(t, ",%s=%llu", words[w].name, value);
}

static void add_act(struct text *t, const struct weir_rule *r)
{
	switch (r->act) {
	case WEIR_ACT_STATUS:
		add_text(t, ",status=%s", status_names[r->status]);
		break;
	case WEIR_ACT_TIMEOUT:
		add_text(t, ",timeout");
		break;
	case WEIR_ACT_REQUEUE:
		add_text(t, ",requeue");
		break;
	case WEIR_ACT_CORRUPT:
		add_text(t, ",corrupt=%u", r->corrupt);
		break;
	case WEIR_ACT_MISDIRECT:
		add_text(t, ",misdirect=%lld", (long long)r->misdirect);
		break;
	case WEIR_ACT_LOST:
		add_text(t, ",lost");
		break;
	}
}

static const char *op_name(u32 ops)
{
	u32 i;

	for (i = 0; i < WEIR_RULE_NR_OPS; i++)
		if (ops == 1U << i)
			return op_names[i];
	return "ANY";
}

u32 weir_rule_print(const struct weir_rule *r, char *buf)
{
	struct text t = { .buf = buf };

	add_text(&t, "add,op=%s", op_name(r->ops));
	add_number(&t, W_START, r->first);
	if (r->last != ~0ULL)
		add_number(&t, W_NR_SECTORS, r->last - r->first + 1);
	add_act(&t, r);
	if (r->hold)
		add_text(&t, ",hold");
	add_number(&t, W_DELAY_NS, r->delay_ns);
	if (r->chance != 1)
		add_number(&t, W_CHANCE, r->chance);
	add_number(&t, W_SEED, r->seed);
	add_number(&t, W_NTH, r->nth);
	add_number(&t, W_EVERY, r->every);
	add_number(&t, W_TIMES, r->times);
	return t.len;
}
