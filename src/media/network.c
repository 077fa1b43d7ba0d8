// SPDX-License-Identifier: GPL-2.0
/*
 * Rate caps with burst credit, as leaky buckets.
 *
 * A bucket remembers when the next unit would begin if all went at just its rate.
 * That may lie ahead of the clock by no more than the credit is worth; when it lies
 * behind, time in which credit would have been saved beyond the most has passed.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "model.h"
#include "network.h"

#define KIB 1024ULL
#define SECTORS_PER_MIB 2048
#define MAX_UNIT_NS 0x10000000000ULL
#define MAX_CREDIT_NS 0x1000000000000000ULL
#define FOREVER_NS 0x4000000000000000ULL

/* @units take @ns; there is credit for @credit units. */
static void tune(struct weir_meter *m, u64 units, u64 ns, u64 credit)
{
	u64 rest;

	m->limited = units;
	if (!units)
		return;
	m->ns_per_unit = div64_u64_rem(ns, units, &rest);
	m->ps_per_unit = div64_u64(rest * 1000, units);
	if (m->ns_per_unit > MAX_UNIT_NS)
		m->ns_per_unit = MAX_UNIT_NS;
	if (m->ns_per_unit && credit > div64_u64(MAX_CREDIT_NS, m->ns_per_unit))
		m->credit_ns = MAX_CREDIT_NS;
	else
		m->credit_ns = m->ns_per_unit * credit +
			       div_u64(m->ps_per_unit * credit, 1000);
}

void weir_network_retune(struct weir_network *n, const struct weir_model *m)
{
	u64 second_ns = 1000000000ULL * m->speed;
	/* 512 bytes at 1 MB/s take 512 us. */
	u64 sector_ns = 512000ULL * m->speed;

	tune(&n->ios[0], m->cap_iops, second_ns, m->burst_ios);
	tune(&n->ios[1], m->burst_ios ? m->burst_iops : 0, second_ns, 0);
	tune(&n->sectors[0], m->cap_mbps, sector_ns, m->burst_mib * SECTORS_PER_MIB);
	tune(&n->sectors[1], m->burst_mib ? m->burst_mbps : 0, sector_ns, 0);
	n->io_bytes = m->cap_io_kib * KIB;
}

void weir_network_init(struct weir_network *n, const struct weir_model *m)
{
	*n = (struct weir_network){ 0 };
	weir_network_retune(n, m);
}

/* When it lets the next unit begin, if not before @now_ns. */
static u64 opens_ns(const struct weir_meter *m, u64 now_ns)
{
	if (!m->limited || m->next_ns <= now_ns + m->credit_ns)
		return now_ns;
	return m->next_ns - m->credit_ns;
}

static void charge(struct weir_meter *m, u64 units, u64 begin_ns)
{
	u64 ps;

	if (!m->limited)
		return;
	if (m->next_ns < begin_ns) {
		m->next_ns = begin_ns;
		m->rest_ps = 0;
	}
	ps = units * m->ps_per_unit + m->rest_ps;
	m->next_ns += units * m->ns_per_unit + div_u64_rem(ps, 1000, &m->rest_ps);
	if (m->next_ns > FOREVER_NS)
		m->next_ns = FOREVER_NS;
}

u64 weir_network_admit(struct weir_network *n, u64 bytes, u64 now_ns)
{
	u64 begin = now_ns, ios = 1;
	u32 i;

	if (!bytes)
		return now_ns;
	if (n->io_bytes)
		ios = div64_u64(bytes + n->io_bytes - 1, n->io_bytes);
	for (i = 0; i < 2; i++) {
		begin = opens_ns(&n->ios[i], begin);
		begin = opens_ns(&n->sectors[i], begin);
	}
	for (i = 0; i < 2; i++) {
		charge(&n->ios[i], ios, begin);
		charge(&n->sectors[i], (bytes + 511) >> 9, begin);
	}
	return begin;
}
