// SPDX-License-Identifier: GPL-2.0
/*
 * The bare model under the loads of scripts/bench-model: what a device does whose
 * host takes no time. tests/unit/run --model reads a plan, a line a scenario:
 *
 *   NAME PROFILE MIB NUMBERS QUEUE LOADS          separated by tabs
 *
 *   NUMBERS  NAME=VALUE;... as in configfs, or -
 *   QUEUE    not the model's: irq or poll
 *   LOADS    OP,KIB,DEPTH,IOS,START_S[,RATE,BURST,SPAN_MIB];... each a closed loop: OP
 *            read, write (in sequence), randread or randwrite, on the first SPAN_MIB of
 *            the disk. With RATE no more than so many a second, BURST of them at a time.
 *            The first is measured, and when it ends all do.
 *
 * and prints, for each repetition of each scenario, "scenario NAME", a line
 * "numbers" with all of the model's, "END_NS LATENCY_NS" of each measured command,
 * and "media HOST PROGRAMMED". Each repetition has another seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "complaint.h"
#include "media.h"
#include "profile.h"
#include "rig.h"
#include "unit.h"

#define NR_FIELDS 6
#define MAX_LOADS 4
#define MAX_DEPTH 512
#define BEGIN_NS 1000000000000ULL	/* a device that has been idle for long */
#define SECTORS_PER_MIB 2048
#define SECTORS_PER_KIB 2

struct load {
	enum weir_media_op op;
	bool random;
	u64 sectors;
	u32 depth;
	u64 ios;
	u64 start_ns;
	u64 burst;
	u64 mib;	/* of the disk */
	u64 burst_ns;	/* from one burst to the next; 0: no rate */
	u64 due_ns;	/* the next burst */
	u64 due;	/* what has come, and has not been given */
	u64 given;
	u64 done;
};

struct slot {
	struct weir_media_cmd cmd;
	struct load *load;
	bool busy;
};

static struct scenario {
	char name[64];
	u64 mib;
	struct weir_model model;
	struct load loads[MAX_LOADS];
	u32 nr_loads;
} s;

static struct slot slots[MAX_LOADS * MAX_DEPTH];

static void bad(const char *what, const char *value)
{
	fprintf(stderr, "--model: %s '%s'\n", what, value);
	exit(2);
}

static bool set_dist(const char *name, const char *value)
{
	static const char *const names[] = {
		"read_dist", "write_dist", "flush_dist", "discard_dist", "zeroes_dist",
	};
	struct weir_complaint why;
	u32 i;

	for (i = 0; i < WEIR_MODEL_NR_OPS; i++)
		if (!strcmp(names[i], name))
			return weir_dist_parse(value, &s.model.dist[i], &why);
	return false;
}

static void set(char *pair)
{
	char *value = strchr(pair, '=');
	u32 i;

	if (!value)
		bad("no value in", pair);
	*value++ = 0;
	for (i = 0; i < nr_weir_model_numbers; i++) {
		if (strcmp(weir_model_numbers[i].name, pair))
			continue;
		*weir_model_number(&s.model, &weir_model_numbers[i]) = atoll(value);
		return;
	}
	if (!set_dist(pair, value))
		bad("no such number, or no such value of it:", pair);
}

static void add_load(const char *text)
{
	struct load *l = &s.loads[s.nr_loads];
	unsigned long kib, ios, start, rate = 0, burst = 0, mib = 0;
	char op[16];
	int fields;

	if (s.nr_loads++ == MAX_LOADS)
		bad("load", text);
	fields = sscanf(text, "%15[a-z],%lu,%u,%lu,%lu,%lu,%lu,%lu", op, &kib, &l->depth,
			&ios, &start, &rate, &burst, &mib);
	if ((fields != 5 && fields != 8) || !kib || !l->depth || l->depth > MAX_DEPTH ||
	    !rate != !burst || mib > s.mib)
		bad("load", text);
	l->burst = burst;
	l->mib = mib ? mib : s.mib;
	l->burst_ns = rate ? burst * 1000000000ULL / rate : 0;
	l->random = !strncmp(op, "rand", 4);
	l->op = strcmp(op + 4 * l->random, "write") ? WEIR_MEDIA_READ : WEIR_MEDIA_WRITE;
	l->sectors = kib * SECTORS_PER_KIB;
	l->ios = ios;
	l->start_ns = BEGIN_NS + start * 1000000000ULL;
}

static void parse(char *line)
{
	const struct weir_profile *profile;
	struct weir_complaint why;
	char *field[NR_FIELDS], *item, *rest;
	u32 i;

	line[strcspn(line, "\n")] = 0;
	for (i = 0; i < NR_FIELDS; i++) {
		field[i] = strsep(&line, "\t");
		if (!field[i])
			bad("a line ends after", i ? field[i - 1] : "");
	}
	memset(&s, 0, sizeof(s));
	snprintf(s.name, sizeof(s.name), "%s", field[0]);
	profile = weir_profile_find(field[1]);
	if (!profile)
		bad("profile", field[1]);
	s.model = profile->model;
	s.mib = atoll(field[2]);
	if (strcmp(field[3], "-"))
		for (rest = field[3]; (item = strsep(&rest, ";")); )
			set(item);
	for (rest = field[5]; (item = strsep(&rest, ";")); )
		add_load(item);
	if (!s.mib || !weir_model_check(&s.model, &why))
		bad("not a model:", s.name);
}

static void print_numbers(void)
{
	char dist[WEIR_DIST_TEXT_BYTES];
	u32 i;

	printf("scenario %s\nnumbers", s.name);
	for (i = 0; i < nr_weir_model_numbers; i++)
		printf("\t%s=%lld", weir_model_numbers[i].name,
		       (long long)*weir_model_number(&s.model, &weir_model_numbers[i]));
	weir_dist_format(&s.model.dist[WEIR_MEDIA_READ], dist, sizeof(dist));
	printf("\tread_dist=%s\n", dist);
}

static void give(struct weir_media *m, struct slot *slot, u64 now)
{
	struct load *l = slot->load;
	u64 places = l->mib * SECTORS_PER_MIB / l->sectors;
	u64 place = (l->random ? rig_random() : l->given) % places;

	if (l->ios && l->given == l->ios)
		return;
	if (l->burst_ns && !l->due)
		return;
	if (l->burst_ns)
		l->due--;
	l->given++;
	slot->busy = true;
	slot->cmd.op = l->op;
	slot->cmd.sector = place * l->sectors;
	slot->cmd.sectors = l->sectors;
	weir_media_submit(m, &slot->cmd, now);
}

static u64 next_ns(const struct weir_media *m, u32 nr, u64 now)
{
	u64 next = weir_media_next_ns(m);
	u32 i;

	for (i = 0; i < nr; i++) {
		if (slots[i].busy && !slots[i].cmd.waiting)
			next = min(next, slots[i].cmd.done_ns);
		if (!slots[i].busy && slots[i].load->start_ns > now)
			next = min(next, slots[i].load->start_ns);
	}
	for (i = 0; i < s.nr_loads; i++)
		if (s.loads[i].burst_ns)
			next = min(next, s.loads[i].due_ns);
	return max(next, now);
}

static u32 fill_slots(void)
{
	u32 i, k, nr = 0;

	memset(slots, 0, sizeof(slots));
	for (i = 0; i < s.nr_loads; i++) {
		s.loads[i].given = 0;
		s.loads[i].done = 0;
		s.loads[i].due = 0;
		s.loads[i].due_ns = s.loads[i].start_ns;
		for (k = 0; k < s.loads[i].depth; k++)
			slots[nr++].load = &s.loads[i];
	}
	return nr;
}

/* What comes at a rate, comes. */
static void come(u64 now)
{
	u32 i;

	for (i = 0; i < s.nr_loads; i++) {
		struct load *l = &s.loads[i];

		for (; l->burst_ns && l->due_ns <= now; l->due_ns += l->burst_ns)
			l->due += l->burst;
	}
}

static void run_loads(struct weir_media *m)
{
	u32 i, nr = fill_slots();
	u64 now = BEGIN_NS;

	while (s.loads[0].done < s.loads[0].ios) {
		come(now);
		for (i = 0; i < nr; i++)
			if (!slots[i].busy && slots[i].load->start_ns <= now)
				give(m, &slots[i], now);
		weir_media_advance(m, now);
		now = next_ns(m, nr, now);
		weir_media_advance(m, now);
		for (i = 0; i < nr; i++) {
			struct weir_media_cmd *c = &slots[i].cmd;

			if (!slots[i].busy || c->waiting || c->done_ns > now)
				continue;
			slots[i].busy = false;
			slots[i].load->done++;
			if (slots[i].load == &s.loads[0])
				printf("%llu %llu\n",
				       c->done_ns - s.loads[0].start_ns,
				       c->done_ns - c->submit_ns);
		}
	}
}

static void run_once(void)
{
	size_t bytes = weir_media_bytes(&s.model, s.mib << 20, 1);
	struct weir_media_stats stats;
	struct weir_media *m;
	void *memory;

	if (posix_memalign(&memory, 64, bytes))
		bad("no memory for", s.name);
	memset(memory, 0, bytes);
	m = weir_media_init(memory, &s.model, s.mib << 20, 1);
	print_numbers();
	run_loads(m);
	weir_media_stats(m, &stats);
	printf("media %llu %llu\n", stats.host_units, stats.programmed_units);
	free(memory);
}

int model_log(const char *path, unsigned int repeat)
{
	FILE *plan = fopen(path, "r");
	char line[1024];
	unsigned int i;

	if (!plan)
		bad("cannot read", path);
	while (fgets(line, sizeof(line), plan)) {
		parse(line);
		for (i = 0; i < repeat; i++) {
			s.model.seed += i;
			run_once();
		}
	}
	fclose(plan);
	return 0;
}
