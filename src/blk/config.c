// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameters. Each line below gives a parameter's name, default,
 * range and description, once: the check, the message that names the range,
 * and what modinfo prints are all made from it. Where null_blk has a parameter
 * of the name, meaning and unit are null_blk's.
 */
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/stringify.h>

#include "compat/blk.h"
#include "weir_blk.h"

static struct weir_settings params; /* defaults below */

/* One parameter: where it goes and what it may be. */
struct param {
	const char *name;
	s64 *value;
	s64 min;
	s64 max;
};

static int param_set(const char *text, const struct kernel_param *kp)
{
	const struct param *p = kp->arg;
	s64 value;

	if (!text || kstrtos64(text, 0, &value) ||
	    value < p->min || value > p->max) {
		pr_err("%s=%s: not a number from %lld to %lld\n", p->name,
		       text ? text : "", p->min, p->max);
		return -EINVAL;
	}
	*p->value = value;
	return 0;
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	const struct param *p = kp->arg;

	return sysfs_emit(buf, "%lld\n", *p->value);
}

static const struct kernel_param_ops number_ops = {
	.set = param_set,
	.get = param_get,
};

static int switch_set(const char *text, const struct kernel_param *kp)
{
	const struct param *p = kp->arg;
	bool on = true; /* the bare name switches on */

	/* kstrtobool() looks at no more than it must: 0x1 would be 0. */
	if (text && ((strlen(text) > 1 && strcmp(text, "on") && strcmp(text, "off")) ||
		     kstrtobool(text, &on))) {
		pr_err("%s=%s: not 0 or 1\n", p->name, text);
		return -EINVAL;
	}
	*p->value = on;
	return 0;
}

static const struct kernel_param_ops switch_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = switch_set,
	.get = param_get,
};

#define PARAM(pname, lo, hi, ops, type, range, desc)			\
	static struct param param_##pname = {				\
		.name = #pname, .value = &params.pname,			\
		.min = lo, .max = hi,					\
	};								\
	module_param_cb(pname, &(ops), &param_##pname, 0444);		\
	__MODULE_PARM_TYPE(pname, type);				\
	MODULE_PARM_DESC(pname, desc " (" range ")")

#define NUMBER(name, def, lo, hi, desc)					\
	PARAM(name, lo, hi, number_ops, "long",			\
	      __stringify(lo) " to " __stringify(hi) "; default "	\
	      __stringify(def), desc)

#define SWITCH(name, def, desc)						\
	PARAM(name, 0, 1, switch_ops, "bool",			\
	      "0 or 1; default " __stringify(def), desc)

/*
 * Every parameter: kind, name, default, range, description with unit.
 */
#define WEIR_PARAMS(N, S)						\
	N(nr_devices, 1, 1, 256, "Number of disks")			\
	N(gb, 4, 1, 1048576, "Size of a disk in GiB")			\
	N(bs, 512, 512, WEIR_BS_MAX, "Logical block size in bytes, a power of two") \
	N(submit_queues, 0, 0, 4096,					\
	  "Hardware queues that complete by interrupt; "		\
	  "0: one per CPU, more than CPUs: as many as CPUs")		\
	N(poll_queues, 0, 0, 4096,					\
	  "Hardware queues that complete when polled; more than CPUs: as many as CPUs") \
	S(use_per_node_hctx, 0, "One hardware queue per NUMA node instead of submit_queues") \
	N(hw_queue_depth, 64, 1, 10240, "Tags of a hardware queue, in requests") \
	S(shared_tags, 0, "All disks share one tag set")		\
	S(shared_tag_bitmap, 0, "All hardware queues of a tag set share its tags") \
	S(no_sched, 0, "Refuse I/O schedulers")				\
	S(blocking, 0, "Register as a blocking driver: queue_rq may sleep") \
	N(home_node, -1, -1, 1023, "NUMA node of memory and queues; -1: any") \
	N(queue_mode, 2, 0, 2, "Block interface: only 2, multi-queue, is there") \
	N(irqmode, 1, 0, 2,						\
	  "Completion: 0 inline, 1 softirq on the submitting CPU, "	\
	  "2 timer after completion_nsec")				\
	N(completion_nsec, -1, -1, 60000000000,				\
	  "Nanoseconds from submission to completion with irqmode=2 "	\
	  "and on poll queues; -1: 10000 with irqmode=2, else 0")	\
	S(memory_backed, 1,						\
	  "Keep what is written; 0: writes vanish, reads leave the buffer as it was") \
	N(memory_limit, 0, 0, 1073741824,				\
	  "MiB of memory that the data of all disks may take, past "	\
	  "which writes fail with ENOSPC; 0: half of RAM")		\
	S(discard, 1, "Support discard and secure erase")		\
	S(write_cache, 1, "Report a volatile write cache, so that flushes reach the disk") \
	S(fua, 1, "Support FUA writes when there is a write_cache")	\
	N(max_sectors, 0, 0, 8388607,					\
	  "Largest request in 512-byte sectors, 8 or more; 0: no limit of the disk's own") \
	S(virt_boundary, 0, "Require that segments begin and end at page boundaries") \
	S(read_only, 0, "Refuse writes")				\
	S(rotational, 0, "Report a rotating disk")

#define DEFAULT(name, def, ...) .name = def,
static struct weir_settings params = { WEIR_PARAMS(DEFAULT, DEFAULT) };

#define DECLARE_NUMBER(name, def, lo, hi, desc) NUMBER(name, def, lo, hi, desc);
#define DECLARE_SWITCH(name, def, desc) SWITCH(name, def, desc);
WEIR_PARAMS(DECLARE_NUMBER, DECLARE_SWITCH)

static_assert(WEIR_BS_MAX <= WEIR_MAX_BLOCK_SIZE);
static_assert(BLK_MQ_MAX_DEPTH == 10240);

int weir_config_load(struct weir_settings *s)
{
	const struct weir_machine machine = {
		.cpus = nr_cpu_ids,
		.nodes = nr_online_nodes,
		.ram_mib = totalram_pages() >> (20 - PAGE_SHIFT),
	};
	struct weir_complaint why;

	*s = params;
	if (s->max_sectors && s->max_sectors < PAGE_SECTORS) {
		pr_err("max_sectors=%lld: not 0, and not from %lu to 8388607\n",
		       s->max_sectors, (unsigned long)PAGE_SECTORS);
		return -EINVAL;
	}
	if (s->home_node >= 0 &&
	    (s->home_node >= nr_node_ids || !node_online(s->home_node))) {
		pr_err("home_node=%lld: not an online NUMA node, or -1 for any\n",
		       s->home_node);
		return -EINVAL;
	}
	if (!weir_settings_resolve(s, &machine, &why)) {
		pr_err("%s=%lld: not %s\n", why.name, why.value, why.want);
		return -EINVAL;
	}
	return 0;
}
