// SPDX-License-Identifier: GPL-2.0
/* Fault rules: their text both ways, which requests they hit, and what is refused where. */
#include <stdio.h>
#include <stdlib.h>

#include "attr.h"
#include "rule.h"
#include "unit.h"

#define SEED 11

/* A copy on the heap with no byte after it, so that the sanitizer sees any read beyond. */
static u32 parse(const char *text, size_t len, struct weir_rule_line *line,
		 struct weir_rule_error *why)
{
	char *copy = malloc(len ? len : 1);
	u32 n;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(why, 0, sizeof(*why));
	n = weir_rule_parse(copy, len, line, why);
	free(copy);
	return n;
}

static struct weir_rule rule_of(const char *text)
{
	struct weir_rule_line line;
	struct weir_rule_error why;

	if (parse(text, strlen(text), &line, &why) != strlen(text))
		fail_msg("%s: character %u: expected %s", text, why.at, why.want);
	assert_int_equal(line.verb, WEIR_VERB_ADD);
	return line.rule;
}

static void assert_printed(const struct weir_rule *r, const char *want)
{
	char buf[WEIR_RULE_TEXT_MAX];

	assert_int_equal(weir_rule_print(r, buf), strlen(want));
	assert_string_equal(buf, want);
}

/* The kernel's own example, and what it leaves out. */
static void the_kernels_rules_are_rules(void **state)
{
	struct weir_rule r = rule_of("add,op=READ,start=0,nr_sectors=8,status=IOERR,chance=10");

	assert_int_equal(r.ops, 1 << WEIR_RULE_READ);
	assert_int_equal(r.act, WEIR_ACT_STATUS);
	assert_int_equal(r.status, WEIR_RULE_STS_IOERR);
	assert_int_equal(r.first, 0);
	assert_int_equal(r.last, 7);
	assert_int_equal(r.chance, 10);
	r = rule_of("op=WRITE,,status=MEDIUM,add,");
	assert_int_equal(r.last, ~0ULL);
	assert_int_equal(r.chance, 1);
	r = rule_of("add,op=DISCARD,start=0x10,nr_sectors=010,status=NOTSUPP");
	assert_int_equal(r.first, 16);
	assert_int_equal(r.last, 23);
}

static void a_rule_is_printed_as_it_is_parsed(void **state)
{
	static const char *const lines[] = {
		"add,op=READ,nr_sectors=8,status=IOERR,chance=10",
		"add,op=ANY,requeue,every=3",
		"add,op=FLUSH,lost,nth=2,times=1",
		"add,op=WRITE,start=4096,nr_sectors=1,corrupt=4096,seed=18446744073709551615",
		"add,op=READ,misdirect=-16,delay_ns=600000000000",
		"add,op=SECURE_ERASE,timeout",
		"add,op=WRITE_ZEROES,nr_sectors=1,status=ZONE_ACTIVE_RESOURCE,hold,chance=4294967295",
		"add,op=WRITE,start=18446744073709551614,nr_sectors=1,lost,nth=18446744073709551615",
		"add,op=READ,lost,every=18446744073709551615,times=18446744073709551615",
		"add,op=WRITE,hold",
		"add,op=READ,delay_ns=1",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct weir_rule r = rule_of(lines[i]);

		assert_printed(&r, lines[i]);
	}
}

/* What is wrong where: text, character, a part of what was expected. */
static void a_bad_rule_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text;
		u32 at;
		const char *want;
	} bad[] = {
		{ "op=READ,status=IOERR", 21, "add, removeall or release" },
		{ "ad,op=READ", 1, "add, removeall or release" },
		{ "add", 4, "op=" },
		{ "add,op=READ", 12, "status=" },
		{ "add,status=IOERR", 17, "op=" },
		{ "add,op=REED,status=IOERR", 8, "WRITE_ZEROES" },
		{ "add,op=read,status=IOERR", 8, "WRITE_ZEROES" },
		{ "add,op=,status=IOERR", 8, "WRITE_ZEROES" },
		{ "add,op,status=IOERR", 7, "= and a value" },
		{ "add,op=READ,status=EIO", 20, "BLK_STS" },
		{ "add,op=READ,status=OK", 20, "BLK_STS" },
		{ "add,op=READ,start=-1,lost", 19, "a sector" },
		{ "add,op=READ,start=18446744073709551616,lost", 19, "a sector" },
		{ "add,op=READ,start=08,lost", 19, "a sector" },
		{ "add,op=READ,start=0x,lost", 19, "a sector" },
		{ "add,op=READ,start=18446744073709551615,nr_sectors=2,lost", 40, "ends before" },
		{ "add,op=READ,lost,chance=0", 25, "1 to 2^32" },
		{ "add,op=READ,lost,chance=4294967296", 25, "1 to 2^32" },
		{ "add,op=READ,lost,nth=0", 22, "1 to" },
		{ "add,op=READ,delay_ns=600000000001", 22, "in ns" },
		{ "add,op=READ,corrupt=4097", 21, "bits" },
		{ "add,op=READ,misdirect=0", 23, "distance" },
		{ "add,op=READ,misdirect=--1", 23, "distance" },
		{ "add,op=READ,status=IOERR,lost", 26, "only one" },
		{ "add,op=READ,hold,delay_ns=1", 18, "only one" },
		{ "add,op=READ,timeout,hold", 21, "no hold" },
		{ "add,op=FLUSH,corrupt=1", 14, "op=READ or op=WRITE" },
		{ "add,op=FLUSH,lost,start=8", 19, "no range" },
		{ "add,op=READ,lost,seed=4", 18, "seed=" },
		{ "add,op=READ,lost,lost", 18, "once" },
		{ "add,op=READ,lost=1", 17, "no value" },
		{ "add,op=READ,lost,removeall", 18, "one of add" },
		{ "add,op=READ,last", 13, "start=" },
		{ "add, op=READ,lost", 5, "op=" },
		{ "removeall,op=READ", 11, "nothing with" },
		{ "release,chance=2", 9, "with release" },
	};
	struct weir_rule_line line;
	struct weir_rule_error why;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		u32 n = parse(bad[i].text, strlen(bad[i].text), &line, &why);

		if (n || why.at != bad[i].at || !strstr(why.want, bad[i].want))
			fail_msg("%s: %u bytes, character %u, expected %s", bad[i].text, n,
				 why.at, why.want ? why.want : "nothing");
	}
}

static void lines_end_where_they_end(void **state)
{
	static const char text[] = "removeall\n\n  # only words\nadd,op=ANY,lost # seen=5 hits=3\n"
				   "release,op=WRITE,times=2;add,op=READ,hold";
	static const enum weir_rule_verb verbs[] = {
		WEIR_VERB_REMOVEALL, WEIR_VERB_NONE, WEIR_VERB_NONE, WEIR_VERB_ADD,
		WEIR_VERB_RELEASE, WEIR_VERB_ADD,
	};
	struct weir_rule_line line;
	struct weir_rule_error why;
	u32 at = 0, n;
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		n = parse(text + at, sizeof(text) - 1 - at, &line, &why);
		assert_true(n > 0);
		assert_int_equal(line.verb, verbs[i]);
		if (line.verb == WEIR_VERB_RELEASE)
			assert_int_equal(line.rule.times, 2);
		at += n;
	}
	assert_int_equal(at, sizeof(text) - 1);
	assert_int_equal(weir_rule_parse(text, 0, &line, &why), 0);
}

/* Which of the first requests a rule hits, as a string of dots and stars */
static void assert_hits(const char *text, const char *want)
{
	struct weir_rule r = rule_of(text);
	char got[64] = "";
	size_t i;

	for (i = 0; want[i]; i++)
		got[i] = weir_rules_hit(&r, 1, WEIR_RULE_READ, 8 * i, 8) ? '*' : '.';
	assert_string_equal(got, want);
	assert_int_equal(r.seen, strlen(want));
}

static void counted_rules_hit_what_they_count(void **state)
{
	assert_hits("add,op=READ,lost", "*****");
	assert_hits("add,op=READ,lost,nth=3", "..*......");
	assert_hits("add,op=READ,lost,every=3", "..*..*..*.");
	assert_hits("add,op=READ,lost,nth=2,every=3", ".*..*..*..*");
	assert_hits("add,op=READ,lost,times=2", "**.....");
	assert_hits("add,op=READ,lost,every=2,times=2", ".*.*......");
	assert_hits("add,op=READ,lost,nth=2,every=18446744073709551615", ".*......");
}

static void range_and_operation_choose(void **state)
{
	struct weir_rule r = rule_of("add,op=WRITE,start=8,nr_sectors=8,lost");
	struct weir_rule any = rule_of("add,op=ANY,lost");
	struct weir_rule some = rule_of("add,op=ANY,start=8,lost");

	assert_false(weir_rule_covers(&r, WEIR_RULE_WRITE, 0, 8));
	assert_true(weir_rule_covers(&r, WEIR_RULE_WRITE, 0, 9));
	assert_true(weir_rule_covers(&r, WEIR_RULE_WRITE, 15, 1));
	assert_false(weir_rule_covers(&r, WEIR_RULE_WRITE, 16, 1));
	assert_false(weir_rule_covers(&r, WEIR_RULE_READ, 8, 8));
	assert_true(weir_rule_covers(&any, WEIR_RULE_FLUSH, 0, 0));
	assert_true(weir_rule_covers(&any, WEIR_RULE_DISCARD, 99, 1));
	assert_false(weir_rule_covers(&some, WEIR_RULE_FLUSH, 0, 0));
}

/* The newest decides; one that passes a request on has counted it. */
static void the_last_rule_comes_first(void **state)
{
	struct weir_rule r[3];
	int i;

	r[0] = rule_of("add,op=READ,status=IOERR");
	r[1] = rule_of("add,op=READ,start=0,nr_sectors=8,status=MEDIUM,every=2");
	r[2] = rule_of("add,op=WRITE,lost");
	for (i = 0; i < 4; i++)
		assert_ptr_equal(weir_rules_hit(r, 3, WEIR_RULE_READ, 0, 8), &r[i % 2]);
	assert_ptr_equal(weir_rules_hit(r, 3, WEIR_RULE_READ, 8, 8), &r[0]);
	assert_ptr_equal(weir_rules_hit(r, 3, WEIR_RULE_FLUSH, 0, 0), NULL);
	assert_int_equal(r[0].hits, 3);
	assert_int_equal(r[1].seen, 4);
	assert_int_equal(r[1].hits, 2);
	assert_int_equal(r[2].seen, 0);
}

/* One in chance, the same ones for the same seed, others for another. */
static void chance_is_fair_and_repeats(void **state)
{
	static const u32 chances[] = { 2, 3, 10, 100 };
	const u32 tries = 200000;
	size_t c;
	u32 i;

	for (c = 0; c < sizeof(chances) / sizeof(*chances); c++) {
		struct weir_rule a = rule_of("add,op=READ,lost,seed=1,chance=2");
		struct weir_rule b, other;
		u32 same = 0;

		a.chance = chances[c];
		b = a;
		other = a;
		other.seed = 2;
		for (i = 0; i < tries; i++) {
			bool hit = weir_rules_hit(&a, 1, WEIR_RULE_READ, 0, 1);

			assert_int_equal(hit, !!weir_rules_hit(&b, 1, WEIR_RULE_READ, 0, 1));
			same += hit && weir_rules_hit(&other, 1, WEIR_RULE_READ, 0, 1);
			if (!hit)
				weir_rules_hit(&other, 1, WEIR_RULE_READ, 0, 1);
		}
		/* Six standard deviations, and more than their square */
		assert_in_range(a.hits, tries / chances[c] - 6 * 300, tries / chances[c] + 6 * 300);
		assert_in_range(same, tries / chances[c] / chances[c] / 2,
				2 * (u64)tries / chances[c] / chances[c]);
	}
}

/* Random rules: parsing what is printed gives the same rule, byte for byte. */
static u64 random64(void)
{
	u64 r = (u64)rand() << 42 ^ (u64)rand() << 21 ^ rand();

	return r >> rand() % 64;
}

static struct weir_rule random_rule(void)
{
	struct weir_rule r;
	bool data;

	memset(&r, 0, sizeof(r));
	r.ops = rand() % 4 ? 1 << rand() % WEIR_RULE_NR_OPS : (1 << WEIR_RULE_NR_OPS) - 1;
	r.last = ~0ULL;
	if (r.ops != 1 << WEIR_RULE_FLUSH && rand() % 2) {
		r.first = random64();
		if (rand() % 2 && r.first != ~0ULL)
			r.last -= random64() % (~0ULL - r.first);
	}
	data = !(r.ops & ~(1 << WEIR_RULE_READ | 1 << WEIR_RULE_WRITE));
	do {
		r.act = rand() % (WEIR_ACT_LOST + 1);
	} while (!data && (r.act == WEIR_ACT_CORRUPT || r.act == WEIR_ACT_MISDIRECT));
	if (r.act == WEIR_ACT_STATUS)
		r.status = rand() % WEIR_RULE_NR_STATUSES;
	if (r.act == WEIR_ACT_CORRUPT)
		r.corrupt = 1 + rand() % WEIR_RULE_CORRUPT_MAX;
	if (r.act == WEIR_ACT_MISDIRECT)
		r.misdirect = (1 + rand() % 1000000LL) * (rand() % 2 ? 1 : -1);
	if (r.act != WEIR_ACT_TIMEOUT && r.act != WEIR_ACT_REQUEUE) {
		r.hold = rand() % 2;
		if (!r.hold && (rand() % 2 || r.act == WEIR_ACT_NONE))
			r.delay_ns = 1 + random64() % WEIR_RULE_DELAY_MAX_NS;
	}
	r.chance = rand() % 2 ? 1 : 1 + random64() % ~0U;
	if (r.chance != 1 || r.act == WEIR_ACT_CORRUPT)
		r.seed = random64();
	r.nth = rand() % 2 ? random64() : 0;
	r.every = rand() % 2 ? random64() : 0;
	r.times = rand() % 2 ? random64() : 0;
	r.next = r.nth ? r.nth : r.every;
	return r;
}

static void what_is_printed_is_parsed(void **state)
{
	char buf[WEIR_RULE_TEXT_MAX];
	struct weir_rule_line line;
	struct weir_rule_error why;
	int i;

	srand(SEED);
	for (i = 0; i < 200000; i++) {
		struct weir_rule r = random_rule();
		u32 len = weir_rule_print(&r, buf);

		if (parse(buf, len, &line, &why) != len || line.verb != WEIR_VERB_ADD ||
		    memcmp(&line.rule, &r, sizeof(r)))
			fail_msg("%s: character %u: %s", buf, why.at, why.want);
	}
}

/*
 * Random text. Bytes alone are hardly ever a rule, so most of it is made of the
 * grammar's own pieces, and of rules with some bytes changed.
 */
static u32 random_text(char *buf, u32 max)
{
	static const char *const pieces[] = {
		"add", "removeall", "release", "op=", "start=", "nr_sectors=", "status=",
		"timeout", "requeue", "corrupt=", "misdirect=", "lost", "hold", "delay_ns=",
		"chance=", "seed=", "nth=", "every=", "times=", "READ", "WRITE", "FLUSH",
		"ANY", "IOERR", "OK", "0", "1", "-", "0x", "18446744073709551615", "9", ",",
		",", ",", ",", ",", "=", "\n", ";", "#", " ", "\t",
	};
	char rule[WEIR_RULE_TEXT_MAX];
	struct weir_rule r;
	u32 len = 0, i;

	switch (rand() % 3) {
	case 0:
		for (len = rand() % max, i = 0; i < len; i++)
			buf[i] = rand();
		return len;
	case 1:
		for (i = rand() % 24; i; i--) {
			const char *p = pieces[rand() % (sizeof(pieces) / sizeof(*pieces))];

			memcpy(buf + len, p, strlen(p));
			len += strlen(p);
		}
		return len;
	default:
		r = random_rule();
		len = weir_rule_print(&r, rule);
		memcpy(buf, rule, len);
		for (i = rand() % 3; i; i--)
			buf[rand() % len] = rand() % 2 ? rand() : ',';
		return len;
	}
}

/* Nothing crashes; what is taken is a rule, what is not has its place and its reason. */
static void any_text_is_a_rule_or_is_not(void **state)
{
	u32 len, n, taken = 0, refused = 0;
	struct weir_rule_line line, again;
	struct weir_rule_error why;
	char buf[1024];
	int i;

	srand(SEED);
	for (i = 0; i < 300000; i++) {
		len = random_text(buf, 512);
		n = parse(buf, len, &line, &why);
		assert_true(n <= len);
		if (!n) {
			refused++;
			if (len)
				assert_true(why.want && why.at >= 1 && why.at <= len + 1);
			continue;
		}
		if (line.verb != WEIR_VERB_ADD)
			continue;
		taken++;
		len = weir_rule_print(&line.rule, buf);
		assert_int_equal(parse(buf, len, &again, &why), len);
		assert_memory_equal(&again.rule, &line.rule, sizeof(line.rule));
	}
	/* Or the pieces have nothing to do with the grammar any more. */
	assert_true(taken > 10000);
	assert_true(refused > 10000);
}

/* null_blk's attributes */

static struct weir_fault_attr attr_of(const char *text)
{
	struct weir_fault_attr a;

	assert_true(weir_fault_attr_parse(text, &a));
	return a;
}

static void assert_fails(const char *text, const char *want)
{
	struct weir_fault_attr a = attr_of(text);
	char got[64] = "";
	size_t i;

	for (i = 0; want[i]; i++)
		got[i] = weir_fault_attr_fails(&a) ? '*' : '.';
	assert_string_equal(got, want);
}

/* Its published values, so that a seed chooses the same requests in each version. */
static void random_numbers_are_splitmix64s(void **state)
{
	assert_true(weir_rule_random(0, 0) == 0xe220a8397b1dcdafULL);
	assert_true(weir_rule_random(0, 1) == 0x6e789e6aa1b965f4ULL);
	assert_true(weir_rule_random(1234567, 1) == 3203168211198807973ULL);
}

static void null_blks_attributes_are_the_kernels(void **state)
{
	static const int percents[] = { 1, 30, 99 };
	struct weir_fault_attr a;
	int i, k;

	weir_fault_attr_init(&a);
	assert_false(weir_fault_attr_fails(&a));
	a.probability = 100;
	assert_true(weir_fault_attr_fails(&a));
	assert_false(weir_fault_attr_fails(&a)); /* times is 1 */
	assert_fails("1,100,0,-1", "*****");
	assert_fails("3,100,0,-1", "..*..*..*");
	assert_fails("1,100,0,2", "**...");
	assert_fails("1,100,4,-1", "...**");
	assert_fails("1,0,0,-1", ".....");
	for (k = 0; k < 3; k++) {
		int fails = 0;

		a = attr_of("1,0,0,-1");
		a.probability = percents[k];
		for (i = 0; i < 100000; i++)
			fails += weir_fault_attr_fails(&a);
		assert_in_range(fails, percents[k] * 1000 - 500, percents[k] * 1000 + 500);
	}
}

static void other_text_is_no_attribute(void **state)
{
	static const char *const bad[] = {
		"", "1", "1,2,3", "1,2,3,4,5", "0,1,1,1", "1,101,0,1", "1,-1,0,1", "1,1,-1,1",
		"1,1,0,-2", "1,1,0,2147483648", "1, 1,0,1", "a,1,0,1", "1,1,0,1x", "-,1,0,1",
		"1,1,0,1\n",
	};
	struct weir_fault_attr a;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (weir_fault_attr_parse(bad[i], &a))
			fail_msg("%s is taken", bad[i]);
}

const struct CMUnitTest rule_tests[] = {
	cmocka_unit_test(the_kernels_rules_are_rules),
	cmocka_unit_test(a_rule_is_printed_as_it_is_parsed),
	cmocka_unit_test(a_bad_rule_is_told_with_its_place),
	cmocka_unit_test(lines_end_where_they_end),
	cmocka_unit_test(counted_rules_hit_what_they_count),
	cmocka_unit_test(range_and_operation_choose),
	cmocka_unit_test(the_last_rule_comes_first),
	cmocka_unit_test(chance_is_fair_and_repeats),
	cmocka_unit_test(what_is_printed_is_parsed),
	cmocka_unit_test(any_text_is_a_rule_or_is_not),
	cmocka_unit_test(random_numbers_are_splitmix64s),
	cmocka_unit_test(null_blks_attributes_are_the_kernels),
	cmocka_unit_test(other_text_is_no_attribute),
};

const size_t nr_rule_tests = sizeof(rule_tests) / sizeof(*rule_tests);
