// SPDX-License-Identifier: GPL-2.0
/*
 * May it go: how much may be in flight, by level, and who gets what comes free.
 *
 * - charged[level] is the cost of what is in flight. It is a sum, not a stock of
 *   tokens: nothing has to be handed back when the window changes. While the window is
 *   open, requests of level BE are not charged: no hardware queue writes a line that
 *   another one reads.
 * - A request fits if its level and those above hold no more than the window with it,
 *   or hold nothing.
 * - A request of a flow that has no other (sparse, as in fq_codel, RFC 8290) may go
 *   `overdraft` beyond the window: a reader that asks for one block at a time does not
 *   wait until what others have in flight makes room for it. If it has to wait, it goes
 *   before others of its level, as long as it is not ahead of them in virtual time.
 * - While a level above is active, a level may have `narrow` in flight, a few small
 *   requests, or one large one that takes 1/TRICKLE of the time: what can wait
 *   trickles, and what cannot meets a short queue in the device. RT and LIGHT do that
 *   to all below, BE to IDLE. A level is active while it has something in flight or
 *   waiting, and for a grace after that: who reads one block after the other is active
 *   between them.
 * - What does not fit waits. A stage has a waiter for each level, with the virtual
 *   start time and the cost of its first request. Whoever completes a request hands
 *   what has come free to the best waiter: of the first level, and there of the least
 *   start time (start-time fair queueing; Jin, Chase, Kaur: "Interposed proportional
 *   sharing for a storage service utility", SIGMETRICS 2004). BE and BG share by start
 *   time. Nobody else takes it meanwhile: while somebody waits, others wait, too.
 * - No wake-up is lost: who waits puts its waiter into the tree and then looks whether
 *   it fits; who completes takes its cost off and then looks whether somebody waits.
 *   Both have a full barrier in between. Whoever waits does so for something that is
 *   in flight and charged (or counted in `background`), whose completion comes here, or
 *   for the end of a grace, which the timer sees. tests/model/credit.pml proves it, but
 *   for the timer.
 * - Completions hand out a part of the window (1/HANDOUT) at a time, or there would
 *   be a switch to kblockd for every request.
 * - While somebody waits a timer looks for the end of a grace, and every TIMER_NS for a
 *   level that was given nothing for its age limit: it gets one request, whether it fits
 *   or not. So do waiters behind commands that the device has lost. And it takes back
 *   what a hardware queue was granted and did not use for LEASE, as its CPU does not get
 *   to run it.
 */
#include "weir_iosched.h"

#define HANDOUT		8
#define TRICKLE		16
/* In weir_queue.waiting, beside the levels */
#define WAITS_SPARSE	BIT(WEIR_LEVELS)
#define TIMER_NS	(50 * NSEC_PER_MSEC)
#define LEASE		(HZ / 20)
/* BE stays active for so many graces: IDLE is to go when nobody wants anything. */
#define GRACES_BE	16

/* Who makes whom narrow */
static const u8 above[WEIR_LEVELS] = {
	[WEIR_LIGHT] = BIT(WEIR_RT),
	[WEIR_BE] = BIT(WEIR_RT) | BIT(WEIR_LIGHT),
	[WEIR_BG] = BIT(WEIR_RT) | BIT(WEIR_LIGHT),
	[WEIR_IDLE] = BIT(WEIR_RT) | BIT(WEIR_LIGHT) | BIT(WEIR_BE),
};

/* ktime ns; true also while no request of it exists, but did a moment ago. */
bool weir_is_active(struct weir_queue *wq, enum weir_level level, u64 now)
{
	return atomic64_read(&wq->charged[level]) > 0 ||
	       READ_ONCE(wq->waiting) & BIT(level) ||
	       (s64)(READ_ONCE(wq->active_until[level]) - now) > 0;
}

/* Is a level active that makes this one narrow? */
static bool is_narrow(struct weir_queue *wq, enum weir_level level, u64 now)
{
	int i;

	for (i = 0; i < level; i++)
		if (above[level] & BIT(i) && weir_is_active(wq, i, now))
			return true;
	/* Set again by the next one that is; a moment late does no harm. */
	if (level == WEIR_BE)
		WRITE_ONCE(wq->urgent, false);
	return false;
}

/* Beside an active level above, or there is none */
static bool fits_beside(struct weir_queue *wq, enum weir_level level, u32 cost, s64 own)
{
	u64 now;

	if (level != WEIR_IDLE && !READ_ONCE(wq->urgent))
		return true;
	now = weir_now();
	if (!is_narrow(wq, level, now))
		return true;
	if (!READ_ONCE(wq->was_narrow))
		WRITE_ONCE(wq->was_narrow, true);
	if (own + cost <= (s64)READ_ONCE(wq->narrow))
		return true;
	return own <= 0 && now - READ_ONCE(wq->sent_at[level]) >= (u64)TRICKLE * cost;
}

static bool background_full(struct weir_queue *wq)
{
	return atomic_read(&wq->background) >= (int)READ_ONCE(wq->background_depth);
}

/* slack: ns of the window that must be left; negative: what it may go beyond */
static bool fits(struct weir_queue *wq, enum weir_level level, u32 cost, s64 slack)
{
	s64 own = atomic64_read(&wq->charged[level]), held = own;
	int i;

	if (level == WEIR_BG && background_full(wq))
		return false;
	if (!fits_beside(wq, level, cost, own))
		return false;
	if (READ_ONCE(wq->open))
		return true;
	for (i = 0; i < level; i++)
		held += atomic64_read(&wq->charged[i]);
	return held <= 0 || held + cost + slack <= (s64)READ_ONCE(wq->window);
}

/* ns more of a level are in flight; background requests are counted by the caller. */
void weir_credit_charge(struct weir_queue *wq, enum weir_level level, s64 ns)
{
	atomic64_add(ns, &wq->charged[level]);
	if (level <= WEIR_LIGHT) {
		if (!READ_ONCE(wq->urgent))
			WRITE_ONCE(wq->urgent, true);
	} else if (READ_ONCE(wq->urgent) || level == WEIR_IDLE) {
		WRITE_ONCE(wq->sent_at[level], weir_now());
	}
}

static s64 overdraft(struct weir_queue *wq, enum weir_level level, bool sparse)
{
	return sparse && level <= WEIR_BE ? READ_ONCE(wq->overdraft) : 0;
}

/*
 * Charge cost to a level, if it fits and nobody waits who is to go before. sparse: its
 * flow has no other request. Under s->lock of any stage.
 */
bool weir_credit_try(struct weir_queue *wq, enum weir_level level, u32 cost, bool sparse)
{
	u32 before = BIT(level + 1) - 1;

	/* BG is no rival of BE while the window is open: only its depth holds it. */
	if (level == WEIR_BE && !READ_ONCE(wq->open))
		before |= BIT(WEIR_BG);
	if (READ_ONCE(wq->waiting) & before ||
	    !fits(wq, level, cost, -overdraft(wq, level, sparse)))
		return false;
	weir_credit_charge(wq, level, cost);
	if (level == WEIR_BG)
		atomic_inc(&wq->background);
	return true;
}

/* --- waiters; under wait_lock --- */

static struct weir_waiter *first(struct weir_queue *wq, enum weir_level level)
{
	struct rb_node *node = rb_first_cached(&wq->waiters[level]);

	return node ? rb_entry(node, struct weir_waiter, node) : NULL;
}

static bool is_before(const struct weir_waiter *a, const struct weir_waiter *b)
{
	if (a->sparse != b->sparse)
		return a->sparse;
	return (s64)(a->start - b->start) < 0;
}

static bool node_is_before(struct rb_node *a, const struct rb_node *b)
{
	return is_before(rb_entry(a, struct weir_waiter, node),
			 rb_entry(b, struct weir_waiter, node));
}

static void enqueue(struct weir_queue *wq, struct weir_waiter *w)
{
	if (!(wq->waiting & BIT(w->level)))
		wq->served_at[w->level] = jiffies;
	rb_add_cached(&w->node, &wq->waiters[w->level], node_is_before);
	w->waiting = true;
	WRITE_ONCE(wq->waiting, wq->waiting | BIT(w->level));
}

/* Whether w's first request is sparse; WAITS_SPARSE: any of those that wait is. */
static void set_sparse(struct weir_queue *wq, struct weir_waiter *w, bool sparse)
{
	if (w->sparse == sparse)
		return;
	w->sparse = sparse;
	wq->nr_sparse += sparse ? 1 : -1;
	if (wq->nr_sparse)
		WRITE_ONCE(wq->waiting, wq->waiting | WAITS_SPARSE);
	else
		WRITE_ONCE(wq->waiting, wq->waiting & ~WAITS_SPARSE);
}

/* w->waiting is left to the caller: until it is false nobody takes its first request. */
static void dequeue(struct weir_queue *wq, struct weir_waiter *w)
{
	rb_erase_cached(&w->node, &wq->waiters[w->level]);
	set_sparse(wq, w, false);
	if (RB_EMPTY_ROOT(&wq->waiters[w->level].rb_root))
		WRITE_ONCE(wq->waiting, wq->waiting & ~BIT(w->level));
}

/* Hand w what it needs, and run its hardware queue if that is not at work: self. */
static void grant(struct weir_queue *wq, struct weir_waiter *w, struct weir_stage *self)
{
	bool sparse = w->sparse;

	dequeue(wq, w);
	weir_credit_charge(wq, w->level, w->need);
	if (w->level == WEIR_BG)
		atomic_inc(&wq->background);
	/* Else it would never be ahead of the clock, and always before others. */
	if (!sparse)
		weir_vtime_advance(wq, w->level, w->start);
	wq->served_at[w->level] = jiffies;
	w->granted_at = jiffies;
	/* Pairs with weir_credit_collect(): it is charged. */
	smp_store_release(&w->granted, w->need);
	/* Whoever sees that it does not wait (pick.c) sees what it was granted. */
	smp_store_release(&w->waiting, false);
	WRITE_ONCE(w->stage->asleep, false);
	if (w->stage != self)
		blk_mq_run_hw_queue(w->stage->hctx, true);
}

/* Of BE and BG: who has the earlier start. BG that is throttled is nobody's rival. */
static struct weir_waiter *first_of_both(struct weir_queue *wq)
{
	struct weir_waiter *be = first(wq, WEIR_BE), *bg = first(wq, WEIR_BG);

	if (!bg || background_full(wq))
		return be;
	return !be || is_before(bg, be) ? bg : be;
}

/* Who is next, if that fits; a level that waits for room holds up those below. */
static struct weir_waiter *next_waiter(struct weir_queue *wq, bool eager)
{
	s64 slack = eager ? 0 : READ_ONCE(wq->window) / HANDOUT;
	struct weir_waiter *w;

	w = first(wq, WEIR_RT) ?: first(wq, WEIR_LIGHT) ?: first_of_both(wq) ?:
	    first(wq, WEIR_IDLE);
	if (!w)
		return NULL;
	if (w->level <= WEIR_LIGHT || w->sparse)
		slack = -overdraft(wq, w->level, w->sparse);
	return fits(wq, w->level, w->need, slack) ? w : NULL;
}

static void hand_out(struct weir_queue *wq, struct weir_stage *self, bool eager)
{
	struct weir_waiter *w;

	while ((w = next_waiter(wq, eager)))
		grant(wq, w, self);
}

/*
 * A waiter that says what its level's first request needs. One that waits stays one: a
 * completion must not find that nobody waits.
 */
static void update_waiter(struct weir_stage *s, enum weir_level level)
{
	struct weir_waiter *w = &s->line[level].waiter;
	struct request *rq = weir_order_first(s, level);
	struct rb_root_cached *waiters = &s->wq->waiters[level];
	u64 start = weir_order_start(s, level);
	bool sparse = weir_is_sparse(s->wq, rq) && !weir_flow_is_ahead(s->wq, rq);

	w->need = weir_rq_cost(s->wq, rq);
	if (w->waiting && w->start == start && w->sparse == sparse)
		return;
	if (w->waiting)
		rb_erase_cached(&w->node, waiters);
	w->start = start;
	set_sparse(s->wq, w, sparse);
	if (w->waiting)
		rb_add_cached(&w->node, waiters, node_is_before);
	else
		enqueue(s->wq, w);
}

/* Somebody waits: look in a while, or soon, if it is for the end of a grace. */
static void arm_timer(struct weir_queue *wq)
{
	bool soon = READ_ONCE(wq->urgent);
	u64 ns = soon ? READ_ONCE(wq->grace) : TIMER_NS;

	if (!wq->waiting || (wq->armed && (wq->armed_soon || !soon)))
		return;
	wq->armed = true;
	wq->armed_soon = soon;
	hrtimer_start(&wq->timer, ns_to_ktime(ns), HRTIMER_MODE_REL_SOFT);
}

/*
 * Nothing of s may go without credit: wait for it, at all its levels. Sets s->asleep,
 * unless something was granted at once. Under s->lock.
 */
void weir_credit_hold(struct weir_stage *s)
{
	struct weir_queue *wq = s->wq;
	unsigned long flags;
	bool granted = false;
	int i;

	spin_lock_irqsave(&wq->wait_lock, flags);
	for (i = 0; i < WEIR_LEVELS; i++)
		if (s->line[i].nr && !s->line[i].waiter.granted)
			update_waiter(s, i);
	/* The waiters before the sums: weir_credit_give() has it reversed. */
	smp_mb();
	hand_out(wq, s, true);
	for (i = 0; i < WEIR_LEVELS; i++)
		granted |= s->line[i].waiter.granted;
	WRITE_ONCE(s->asleep, !granted);
	arm_timer(wq);
	spin_unlock_irqrestore(&wq->wait_lock, flags);
	if (!READ_ONCE(wq->was_short))
		WRITE_ONCE(wq->was_short, true);
}

/* What a line was granted, once; ns that are charged. Under s->lock. */
u32 weir_credit_collect(struct weir_line *line)
{
	/* Pairs with grant(), and with take_back(), which may be faster. */
	return smp_load_acquire(&line->waiter.granted) ? xchg(&line->waiter.granted, 0) : 0;
}

/*
 * May there be something to hand out, now that a request of level is over? Without a
 * lock: as long as BE and above hold more than is left when something is handed out,
 * nobody but RT, LIGHT and who is sparse gets anything.
 */
static bool may_hand_out(struct weir_queue *wq, enum weir_level level)
{
	u32 waiting = READ_ONCE(wq->waiting);
	u64 window = READ_ONCE(wq->window);
	s64 held = 0;
	int i;

	if (likely(!waiting))
		return false;
	if (waiting & (BIT(WEIR_RT) | BIT(WEIR_LIGHT) | WAITS_SPARSE))
		return true;
	/* With an open window only background requests make room for such. */
	if (READ_ONCE(wq->open))
		return waiting != BIT(WEIR_BG) || level == WEIR_BG;
	for (i = 0; i <= WEIR_BE; i++)
		held += atomic64_read(&wq->charged[i]);
	return held <= 0 || held + window / HANDOUT <= window;
}

/*
 * A level has got or given back something: it is active for a while. now: ktime ns.
 * Written seldom: the line is shared.
 */
void weir_credit_active(struct weir_queue *wq, enum weir_level level, u64 now)
{
	u64 grace = READ_ONCE(wq->grace);
	u64 until;

	if (level == WEIR_BE)
		grace *= GRACES_BE;
	until = now + grace;
	if ((s64)(until - READ_ONCE(wq->active_until[level])) > (s64)(grace / 4))
		WRITE_ONCE(wq->active_until[level], until);
}

/* Others have waited for a light flow since the last time: that is what has a budget. */
static void spend_light(struct weir_queue *wq, u64 now)
{
	u64 since = READ_ONCE(wq->light_since), most = 2 * READ_ONCE(wq->grace);

	WRITE_ONCE(wq->light_since, now);
	if (READ_ONCE(wq->waiting) & ~(BIT(WEIR_RT) | BIT(WEIR_LIGHT)))
		atomic64_sub(min(now - since, most), &wq->light_budget);
}

/*
 * A request of a level that was charged ns is over; now: ktime ns. Any context.
 * Background requests are counted off by the caller before.
 */
void weir_credit_give(struct weir_queue *wq, enum weir_level level, u32 ns, u64 now)
{
	unsigned long flags;

	if (level == WEIR_LIGHT)
		spend_light(wq, now);
	atomic64_sub(ns, &wq->charged[level]);
	smp_mb__after_atomic();	/* weir_credit_hold() has it reversed */
	if (likely(!may_hand_out(wq, level)))
		return;
	spin_lock_irqsave(&wq->wait_lock, flags);
	hand_out(wq, NULL, false);
	spin_unlock_irqrestore(&wq->wait_lock, flags);
}

/* What was granted is not needed: as if a request of that cost were over. */
void weir_credit_return(struct weir_queue *wq, enum weir_level level, u32 ns)
{
	if (level == WEIR_BG)
		atomic_dec(&wq->background);
	weir_credit_give(wq, level, ns, weir_now());
}

static bool is_outdated(struct weir_stage *s, enum weir_level level)
{
	struct weir_waiter *w = &s->line[level].waiter;
	struct request *rq;

	if (!s->line[level].nr || !READ_ONCE(w->waiting))
		return false;
	rq = weir_order_first(s, level);
	return weir_order_start(s, level) != READ_ONCE(w->start) ||
	       weir_rq_cost(s->wq, rq) != READ_ONCE(w->need);
}

/*
 * Requests have come, or have grown by a bio: where the first of a level that waits is
 * another one, or needs another sum, its waiter says so. Under s->lock.
 */
void weir_credit_update(struct weir_stage *s)
{
	struct weir_queue *wq = s->wq;
	unsigned long flags;
	int i;

	for (i = 0; i < WEIR_LEVELS; i++) {
		if (!is_outdated(s, i))
			continue;
		spin_lock_irqsave(&wq->wait_lock, flags);
		if (s->line[i].waiter.waiting)
			update_waiter(s, i);
		spin_unlock_irqrestore(&wq->wait_lock, flags);
	}
}

/*
 * Requests of that level have become part of others. If it has none any more, it does
 * not wait for credit, and needs none. Under s->lock.
 */
void weir_credit_leave(struct weir_stage *s, enum weir_level level)
{
	struct weir_line *line = &s->line[level];
	struct weir_queue *wq = s->wq;
	unsigned long flags;
	u32 granted;

	if (line->nr)
		return;
	spin_lock_irqsave(&wq->wait_lock, flags);
	if (line->waiter.waiting) {
		dequeue(wq, &line->waiter);
		line->waiter.waiting = false;
	}
	spin_unlock_irqrestore(&wq->wait_lock, flags);
	granted = weir_credit_collect(line);
	if (granted)
		weir_credit_return(wq, level, granted);
	else
		weir_credit_changed(wq);	/* Others may have waited behind it. */
}

/* The window or a limit is another one: who waits may fit now. Any context. */
void weir_credit_changed(struct weir_queue *wq)
{
	unsigned long flags;

	smp_mb();	/* The limits before the waiters, as above */
	if (!READ_ONCE(wq->waiting))
		return;
	spin_lock_irqsave(&wq->wait_lock, flags);
	hand_out(wq, NULL, true);
	spin_unlock_irqrestore(&wq->wait_lock, flags);
}

/* w does not use what it was granted. It will wait again when it runs. */
static void take_back(struct weir_queue *wq, struct weir_waiter *w)
{
	u32 granted = xchg(&w->granted, 0);

	if (!granted)
		return;
	atomic64_sub(granted, &wq->charged[w->level]);
	if (w->level == WEIR_BG)
		atomic_dec(&wq->background);
	/* It may just be running, and find that it has no grant any more. */
	blk_mq_run_hw_queue(w->stage->hctx, true);
}

/*
 * Under wait_lock, while somebody waits: there are stages then. The timer may come every
 * millisecond: all stages are looked at twice in a lease.
 */
static void end_leases(struct weir_queue *wq)
{
	struct weir_stage *s;
	int i;

	if (time_before(jiffies, wq->leases_at + LEASE / 2))
		return;
	wq->leases_at = jiffies;
	for (s = wq->stages; s; s = s->next)
		for (i = 0; i < WEIR_LEVELS; i++) {
			struct weir_waiter *w = &s->line[i].waiter;

			if (READ_ONCE(w->granted) && time_after(jiffies, w->granted_at + LEASE))
				take_back(wq, w);
		}
}

enum hrtimer_restart weir_credit_timer(struct hrtimer *timer)
{
	struct weir_queue *wq = container_of(timer, struct weir_queue, timer);
	unsigned long flags;
	int i;

	spin_lock_irqsave(&wq->wait_lock, flags);
	wq->armed = false;
	if (wq->waiting)
		end_leases(wq);
	for (i = 0; i < WEIR_LEVELS; i++) {
		unsigned long age = msecs_to_jiffies(READ_ONCE(wq->knobs.age_msec[i]));
		struct weir_waiter *w = first(wq, i);

		if (w && time_after_eq(jiffies, wq->served_at[i] + age))
			grant(wq, w, NULL);
	}
	hand_out(wq, NULL, true);
	arm_timer(wq);
	spin_unlock_irqrestore(&wq->wait_lock, flags);
	return HRTIMER_NORESTART;
}
