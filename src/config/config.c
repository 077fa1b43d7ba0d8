// SPDX-License-Identifier: GPL-2.0
/*
 * The table of what can be configured, and every check on a value: whether text
 * is a number within its range, and whether this machine can do what the
 * numbers say together (settings.c has the part of that which is pure).
 */
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/string.h>

#include "media/complaint.h"

#include "config.h"
#include "settings.h"

#define ENTRY(nname, field, low, high, switch_, live_)			\
	const struct weir_number weir_number_##nname = {		\
		.name = #nname,						\
		.offset = offsetof(struct weir_settings, field),	\
		.lo = low, .hi = high,					\
		.is_switch = switch_, .live = live_,			\
	};
#define ATTR(name, field, lo, hi, desc) ENTRY(name, field, lo, hi, false, false)
#define NUMBER(name, def, lo, hi, desc) ENTRY(name, name, lo, hi, false, false)
#define LIVE(name, def, lo, hi, desc) ENTRY(name, name, lo, hi, false, true)
#define SWITCH(name, def, desc) ENTRY(name, name, 0, 1, true, false)
WEIR_SETTINGS(NUMBER, ATTR, LIVE, NUMBER, SWITCH)

static_assert(WEIR_BS_MAX <= WEIR_MAX_BLOCK_SIZE);
static_assert(BLK_MQ_MAX_DEPTH == 10240);

/* The longest number there is: 64 binary digits do not exist, hexadecimal do. */
#define TEXT_MAX 32

/* As much of what was written as a message needs, with nothing unprintable */
#define SHOWN(text, len) ((int)min_t(size_t, len, 2 * TEXT_MAX)), (text)

/* Without its newline, and with an end; false if it cannot be a number. */
static bool tidy(char *to, const char *text, size_t *len)
{
	if (*len && text[*len - 1] == '\n')
		--*len;
	if (!*len || *len >= TEXT_MAX || memchr(text, '\0', *len))
		return false;
	memcpy(to, text, *len);
	to[*len] = '\0';
	/* kstrto*() would let one more newline pass. */
	return to[*len - 1] != '\n';
}

int weir_switch_parse(const char *name, const char *text, size_t len, bool *on)
{
	char tidied[TEXT_MAX];

	/* kstrtobool() looks at no more than it must: 0x1 would be 0. */
	if (!tidy(tidied, text, &len) ||
	    (len > 1 && strcmp(tidied, "on") && strcmp(tidied, "off")) ||
	    kstrtobool(tidied, on)) {
		pr_err("%s=%*pE: not 0 or 1\n", name, SHOWN(text, len));
		return -EINVAL;
	}
	return 0;
}

int weir_number_parse(const struct weir_number *n, const char *text, size_t len,
		      s64 *value)
{
	char tidied[TEXT_MAX];
	s64 number;
	bool on;
	int err;

	if (n->is_switch) {
		err = weir_switch_parse(n->name, text, len, &on);
		if (!err)
			*value = on;
		return err;
	}
	if (!tidy(tidied, text, &len) || kstrtos64(tidied, 0, &number) ||
	    number < n->lo || number > n->hi) {
		pr_err("%s=%*pE: not a number from %lld to %lld\n", n->name,
		       SHOWN(text, len), n->lo, n->hi);
		return -EINVAL;
	}
	*value = number;
	return 0;
}

int weir_config_resolve(struct weir_settings *s, bool in_configfs)
{
	const struct weir_machine machine = {
		.cpus = nr_cpu_ids,
		.nodes = nr_online_nodes,
		/* The store has no use for highmem. */
		.ram_mib = (totalram_pages() - totalhigh_pages()) >> (20 - PAGE_SHIFT),
	};
	struct weir_complaint why;

	if (s->max_sectors && s->max_sectors < PAGE_SECTORS) {
		pr_err("max_sectors=%lld: not 0, and not from %lu to 8388607\n",
		       s->max_sectors, (unsigned long)PAGE_SECTORS);
		return -EINVAL;
	}
	if (s->queue_mode == 0)
		pr_warn("queue_mode=0: there is no bio-based interface, as in null_blk; 2 (multi-queue) is used\n");
	if (s->home_node >= 0 &&
	    (s->home_node >= nr_node_ids || !node_online(s->home_node))) {
		pr_err("home_node=%lld: not an online NUMA node, or -1 for any\n",
		       s->home_node);
		return -EINVAL;
	}
	if (!weir_settings_resolve(s, &machine, &why)) {
		if (in_configfs && !strcmp(why.name, "bs"))
			why.name = "blocksize";
		pr_err("%s=%lld: not %s\n", why.name, why.value, why.want);
		return -EINVAL;
	}
	return 0;
}
