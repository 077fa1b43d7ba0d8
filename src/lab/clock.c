// SPDX-License-Identifier: GPL-2.0
/*
 * weir-lab: a faster processor for the lab's machine.
 *
 * QEMU's -icount gives all virtual CPUs together one instruction a nanosecond,
 * too few to keep a fast disk busy. This slows the guest's clock down instead: of
 * each nanosecond the guest counts, it has executed "ipns" instructions. It holds
 * for what keeps time by ktime, hrtimers and jiffies; sched_clock() (slices of the
 * CPU scheduler, stamps in the kernel log) goes on at one instruction a nanosecond.
 * Nothing but QEMU with -icount may load it; that it is QEMU's emulation it checks,
 * for -icount there is no sign.
 *
 * It also counts instructions: the time stamp counter moves with instructions and
 * when every CPU is idle; so the instructions are what it has moved less that. From
 * the wake of an idle CPU to the first line of its interrupt handler is not counted.
 */

#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/tracepoint.h>
#include <trace/events/power.h>
#include <asm/processor.h>
#include <asm/tsc.h>
#ifdef WEIR_HAVE_CPUID_API	/* before, processor.h had cpuid() */
#include <asm/cpuid/api.h>
#endif

#define WEIR_IPNS_MAX	64

static unsigned int ipns = 1;
module_param(ipns, uint, 0444);
MODULE_PARM_DESC(ipns, "instructions per nanosecond, 1 to 64 (default 1)");

/* What is needed of the kernel's own (kernel/time/tick-sched.h). */
struct weir_tick_device {
	struct clock_event_device *evtdev;
};

static struct weir_tick_device *(*weir_tick_get_device)(int cpu);
static int (*weir_update_freq)(struct clock_event_device *dev, u32 freq);

static u64 weir_clock_read(struct clocksource *cs)
{
	return rdtsc_ordered();
}

static struct clocksource weir_clock = {
	.name		= "weir-lab",
	.rating		= 500,
	.read		= weir_clock_read,
	.mask		= CLOCKSOURCE_MASK(64),
	.flags		= CLOCK_SOURCE_IS_CONTINUOUS | CLOCK_SOURCE_VALID_FOR_HRES,
	.vdso_clock_mode = VDSO_CLOCKMODE_TSC,
	.owner		= THIS_MODULE,
};

/* Not exported: where a probe of it would be is where it is. */
static void *weir_address(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *address;

	if (register_kprobe(&probe))
		return NULL;
	address = probe.addr;
	unregister_kprobe(&probe);
	return address;
}

/* On each CPU: its timer counts as often as before, in fewer nanoseconds. */
static void weir_scale_timer(void *unused)
{
	struct clock_event_device *dev = weir_tick_get_device(smp_processor_id())->evtdev;
	u64 freq = mul_u64_u32_shr(NSEC_PER_SEC, dev->mult, dev->shift);

	weir_update_freq(dev, freq * ipns);
}

/* Idle CPUs, and since when all of them are. */
static DEFINE_RAW_SPINLOCK(weir_idle_lock);
static unsigned int weir_idle_cpus;
static u64 weir_idle_since;
static u64 weir_idle_ticks;

struct weir_cpu {
	bool idle;
	unsigned int handlers;	/* interrupts and softirqs under way */
	bool counted;		/* in weir_idle_cpus */
};

static DEFINE_PER_CPU(struct weir_cpu, weir_cpus);

/* Caller: this CPU's state has changed; interrupts are off. */
static void weir_account(struct weir_cpu *cpu)
{
	bool idle = cpu->idle && !cpu->handlers;

	if (idle == cpu->counted)
		return;
	cpu->counted = idle;
	raw_spin_lock(&weir_idle_lock);
	if (idle) {
		if (++weir_idle_cpus == num_online_cpus())
			weir_idle_since = rdtsc_ordered();
	} else {
		if (weir_idle_cpus-- == num_online_cpus())
			weir_idle_ticks += rdtsc_ordered() - weir_idle_since;
	}
	raw_spin_unlock(&weir_idle_lock);
}

static void weir_on_idle(void *unused, unsigned int state, unsigned int id)
{
	struct weir_cpu *cpu;
	unsigned long flags;

	local_irq_save(flags);
	cpu = this_cpu_ptr(&weir_cpus);
	cpu->idle = state != (u32)PWR_EVENT_EXIT;
	weir_account(cpu);
	local_irq_restore(flags);
}

static void weir_on_entry(void *unused)
{
	struct weir_cpu *cpu;
	unsigned long flags;

	local_irq_save(flags);
	cpu = this_cpu_ptr(&weir_cpus);
	cpu->handlers++;
	weir_account(cpu);
	local_irq_restore(flags);
}

static void weir_on_exit(void *unused)
{
	struct weir_cpu *cpu;
	unsigned long flags;

	local_irq_save(flags);
	cpu = this_cpu_ptr(&weir_cpus);
	/* It may have begun before we looked. */
	if (cpu->handlers)
		cpu->handlers--;
	weir_account(cpu);
	local_irq_restore(flags);
}

/*
 * Exits first: a probe's registration interrupts all CPUs, and who is seen to enter
 * must be seen to leave.
 */
static struct weir_probe {
	const char *name;
	void *function;
	struct tracepoint *tp;
} weir_probes[] = {
	{ "cpu_idle", weir_on_idle },
	{ "local_timer_exit", weir_on_exit },
	{ "reschedule_exit", weir_on_exit },
	{ "call_function_exit", weir_on_exit },
	{ "call_function_single_exit", weir_on_exit },
	{ "irq_work_exit", weir_on_exit },
	{ "irq_handler_exit", weir_on_exit },
	{ "softirq_exit", weir_on_exit },
	{ "local_timer_entry", weir_on_entry },
	{ "reschedule_entry", weir_on_entry },
	{ "call_function_entry", weir_on_entry },
	{ "call_function_single_entry", weir_on_entry },
	{ "irq_work_entry", weir_on_entry },
	{ "irq_handler_entry", weir_on_entry },
	{ "softirq_entry", weir_on_entry },
};

static void weir_find_probe(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(weir_probes); i++)
		if (!strcmp(tp->name, weir_probes[i].name))
			weir_probes[i].tp = tp;
}

static int weir_instructions_get(void *data, u64 *value)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&weir_idle_lock, flags);
	*value = rdtsc_ordered() - weir_idle_ticks;
	raw_spin_unlock_irqrestore(&weir_idle_lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(weir_instructions, weir_instructions_get, NULL, "%llu\n");

/* QEMU's own emulation, not hardware that it shares out: CPUID says who it is. */
static bool weir_is_emulated(void)
{
	u32 highest, name[3];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return false;
	cpuid(0x40000000, &highest, &name[0], &name[1], &name[2]);
	return !memcmp(name, "TCGTCGTCGTCG", sizeof(name));
}

static int __init weir_lab_init(void)
{
	unsigned int i;
	int error;

	if (!ipns || ipns > WEIR_IPNS_MAX) {
		pr_err("ipns is %u: want 1 to %u\n", ipns, WEIR_IPNS_MAX);
		return -EINVAL;
	}
	if (!weir_is_emulated()) {
		pr_err("no machine that QEMU emulates (TCG): its clock is not to be slowed down\n");
		return -ENODEV;
	}
	weir_tick_get_device = weir_address("tick_get_device");
	weir_update_freq = weir_address("clockevents_update_freq");
	for_each_kernel_tracepoint(weir_find_probe, NULL);
	if (!weir_tick_get_device || !weir_update_freq || !weir_probes[0].tp) {
		pr_err("this kernel has no tick_get_device, clockevents_update_freq or cpu_idle\n");
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(weir_probes); i++) {
		if (!weir_probes[i].tp)
			continue;
		error = tracepoint_probe_register(weir_probes[i].tp, weir_probes[i].function, NULL);
		if (error)
			goto unregister;
	}
	error = clocksource_register_khz(&weir_clock, tsc_khz * ipns);
	if (error)
		goto unregister;
	on_each_cpu(weir_scale_timer, NULL, 1);
	debugfs_create_file("weir-lab-instructions", 0400, NULL, NULL, &weir_instructions);
	/* A clock in use cannot be taken away: stay. */
	__module_get(THIS_MODULE);
	return 0;

unregister:
	while (i-- > 0)
		if (weir_probes[i].tp)
			tracepoint_probe_unregister(weir_probes[i].tp, weir_probes[i].function,
						    NULL);
	tracepoint_synchronize_unregister();
	return error;
}
module_init(weir_lab_init);

MODULE_DESCRIPTION("clock and instruction count of weir's lab, for QEMU -icount only");
MODULE_LICENSE("GPL");
MODULE_VERSION(WEIR_VERSION);
