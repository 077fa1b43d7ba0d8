// SPDX-License-Identifier: GPL-2.0
/*
 * Any text is a rule or is refused with a place in it; a rule that parses prints to text
 * that parses to the same rule; and rules hit no more requests than they say.
 */
#include "fuzz.h"
#include "rule.h"

static void print_and_parse(const struct weir_rule *r)
{
	char text[WEIR_RULE_TEXT_MAX];
	u32 length = weir_rule_print(r, text);
	struct weir_rule_line line;
	struct weir_rule_error why;

	HOLDS(length < WEIR_RULE_TEXT_MAX - 1);
	HOLDS(weir_rule_parse(text, length, &line, &why) == length);
	HOLDS(line.verb == WEIR_VERB_ADD);
	HOLDS(!memcmp(&line.rule, r, sizeof(*r)));
}

/* What the text asks for, as if it were written to a disk's rules */
static u32 read_rules(const char *text, u32 length, struct weir_rule *rules)
{
	struct weir_rule_line line;
	struct weir_rule_error why = { 0 };
	u32 used, nr = 0;

	for (; length; text += used, length -= used) {
		used = weir_rule_parse(text, length, &line, &why);
		if (!used) {
			HOLDS(why.want && why.at >= 1 && why.at <= length + 1);
			return nr;
		}
		HOLDS(used <= length);
		HOLDS(!line.rule.seen && !line.rule.hits);
		if (line.verb == WEIR_VERB_REMOVEALL)
			nr = 0;
		if (line.verb != WEIR_VERB_ADD || nr == WEIR_RULES_MAX)
			continue;
		HOLDS(line.rule.chance >= 1);
		HOLDS(line.rule.first <= line.rule.last);
		HOLDS(line.rule.act != WEIR_ACT_NONE || line.rule.hold || line.rule.delay_ns);
		print_and_parse(&line.rule);
		rules[nr++] = line.rule;
	}
	return nr;
}

static void meet(struct weir_rule *rules, u32 nr, enum weir_rule_op op, u64 first,
		 u64 nr_sectors)
{
	struct weir_rule *r = weir_rules_hit(rules, nr, op, first, nr_sectors);
	u32 i;

	HOLDS(!r || (r >= rules && r < rules + nr));
	HOLDS(!r || weir_rule_covers(r, op, first, nr_sectors));
	for (i = 0; i < nr; i++) {
		HOLDS(rules[i].hits <= rules[i].seen);
		HOLDS(!rules[i].times || rules[i].hits <= rules[i].times);
		HOLDS(rules[i].seen >= rules[i].nth || !rules[i].hits);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct weir_rule rules[WEIR_RULES_MAX];
	u32 nr = read_rules((const char *)data, size, rules), i;

	for (i = 0; nr && i < 64; i++)
		meet(rules, nr, i % WEIR_RULE_NR_OPS, i / 8 * 8,
		     i % WEIR_RULE_NR_OPS == WEIR_RULE_FLUSH ? 0 : 1 + i % 16);
	return 0;
}
