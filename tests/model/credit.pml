// SPDX-License-Identifier: GPL-2.0
/*
 * How stages wait for credit and get it (src/iosched/credit.c, pick.c), for the model
 * checker spin. tests/model/run verifies it.
 *
 * There are two stages with a hardware queue each, two levels, REQUESTS requests. The
 * first is in flight; level, cost, start time and stage of the others are any. A
 * process each: a hardware queue as blk-mq runs it, a submitter, COMPLETERS CPUs that
 * complete requests, the tick, and a merge that takes a staged request away. With
 * INSERT_ASLEEP a submitter stages what it inserts while the stage sleeps. There is no
 * timer: nobody may need it. So what waits only for the end of a grace, with nothing of
 * its level in flight, is not in the model.
 *
 * Levels are LIGHT and IDLE: 0 goes before 1, which may be narrow. With BACKGROUND
 * they are BE and BG: they share by start time, and BG has BACKGROUND requests in
 * flight at most.
 *
 * An atomic block is a step. In it a process changes, or reads, what others see once;
 * the rest of it is its own or under its lock. Memory: as far as no barrier forbids it,
 * what a process stores is seen by others only after its next loads. That is the store
 * buffer of x86, and what the kernel's atomic_sub() allows. `waiting` has a buffer as
 * well: WAITING is what the holder of wait_lock sees. It is emptied by a barrier, by
 * a release and by unlock.
 *
 * at_rest() says what is true whenever nobody has anything to do until the device
 * completes a request. init says what is true at the end.
 *
 * A name that begins with BUG_ breaks the protocol. The runner proves that spin finds
 * every one of them.
 */

#ifndef COMPLETERS
#define COMPLETERS	1
#endif
#ifndef TICKS
#define TICKS		0	/* changes of the window */
#endif
#ifndef LEASES
#define LEASES		0	/* grants that are taken back */
#endif
#ifndef MERGES
#define MERGES		0	/* staged requests that become part of others */
#endif
#ifndef REQUESTS
#define REQUESTS	3
#endif
#ifndef MIN_COST
#define MIN_COST	1	/* 0: some requests cannot be charged */
#endif
#ifndef WINDOW
#define WINDOW		2
#endif
#if TICKS
#define MAX_WINDOW	3
#else
#define MAX_WINDOW	WINDOW
#endif
#define MAX_COST	2
#ifndef FIRST_COST
#define FIRST_COST	MAX_COST	/* of what is in flight when all begins */
#endif
#define SLACK		1	/* of the window, that completions do not hand out */
#define NARROW		1

#define STAGES		2
#define LEVELS		2
#define WAITERS		(STAGES * LEVELS)
#define NONE		255

/*
 * In flight of a level, above the window: each stage may take what it saw was free,
 * and so may who hands out.
 */
#ifndef OVERSHOOT
#define OVERSHOOT	(STAGES * MAX_COST)
#endif

mtype = { UNBORN, INBOX, FRESH, STAGED, INFLIGHT, DONE };
mtype state[REQUESTS] = UNBORN;
byte rq_stage[REQUESTS];
byte rq_level[REQUESTS];
byte rq_cost[REQUESTS];
byte rq_start[REQUESTS];

/* struct weir_queue */
short charged[LEVELS];
byte waiting;			/* bits of levels */
bool wait_lock;
byte window = WINDOW;
#ifndef OPEN
#define OPEN false
#endif
bool open = OPEN;
#ifdef BACKGROUND
short background;
#endif

/* struct weir_waiter */
#define WAITER(s, l)	((s) * LEVELS + (l))
bool queued[WAITERS];		/* in the tree */
bool is_waiting[WAITERS];	/* weir_waiter.waiting: what dispatch looks at */
byte need[WAITERS];
byte start[WAITERS];
byte granted[WAITERS];

/* struct weir_stage */
bool s_lock[STAGES];
bool asleep[STAGES];

bool to_run[STAGES];		/* blk-mq runs the hardware queue soon */

#define WAITING		((queued[0] || queued[2]) + 2 * (queued[1] || queued[3]))

/* For the properties alone: processes at work; some credit came back, told to nobody */
byte busy;
bool untold;

/* Scratch, within a step */
hidden byte n;
hidden short own, held;

inline lock()
{
	atomic { !wait_lock -> wait_lock = true }
}

inline unlock()
{
	atomic { waiting = WAITING; wait_lock = false }
}

/* In a step: the first staged request of a level, NONE without any */
inline find_head(s, l, rq)
{
	d_step {
		rq = NONE;
		n = 0;
		do
		:: n == REQUESTS -> break
		:: else ->
			if
			:: state[n] == STAGED && rq_stage[n] == s && rq_level[n] == l &&
			   (rq == NONE || rq_start[n] < rq_start[rq]) -> rq = n
			:: else
			fi;
			n++
		od;
		n = 0
	}
}

#ifdef BACKGROUND
#define BACKGROUND_FULL		(background >= BACKGROUND)
#define BEFORE(a, b)		(start[a] < start[b])
#define SLACK_OF(l, slack)	(slack)
#else
#define BACKGROUND_FULL		false
#define SLACK_OF(l, slack)	((l) * (slack))
#ifdef BUG_ORDER_BY_START_ALONE
#define BEFORE(a, b)		(start[a] < start[b])
#else
#define BEFORE(a, b)		((a) % LEVELS < (b) % LEVELS || \
				 (a) % LEVELS == (b) % LEVELS && start[a] < start[b])
#endif
#endif

/* In a step: who is next, NONE if nobody */
inline find_best()
{
	best = NONE;
	n = 0;
	do
	:: n == WAITERS -> break
	:: else ->
		if
		:: queued[n] && !(n % LEVELS == 1 && BACKGROUND_FULL) &&
		   (best == NONE || BEFORE(n, best)) -> best = n
		:: else
		fi;
		n++
	od;
	n = 0
}

#ifdef BUG_FITS_NOT_IF_EMPTY
#define IN_WINDOW(ns)		(held + (ns) <= window)
#else
#define IN_WINDOW(ns)		(held <= 0 || held + (ns) <= window)
#endif
#ifdef BUG_HYSTERESIS_IF_EMPTY
#define IN_WINDOW_SLACK(ns)	(held + (ns) <= window)
#else
#define IN_WINDOW_SLACK(ns)	IN_WINDOW(ns)
#endif
#define MAY_BE_NARROW(l, ns)	((l) == 1 && own > 0 && own + (ns) > NARROW)

/* In a step: what counts for a level */
inline sum_up(l)
{
	own = charged[l];
	if
	:: l == 1 -> held = own + charged[0]
	:: else -> held = own
	fi
}

/*
 * In a step: fit = fits(). When a level is narrow depends on time: it may be or not,
 * whenever it is looked at.
 */
inline fits(l, cost, slack)
{
	sum_up(l);
	if
	:: l == 1 && BACKGROUND_FULL
	:: else ->
		if
		:: MAY_BE_NARROW(l, cost)
		:: open -> fit = true
		:: !open && slack == 0 -> fit = IN_WINDOW(cost)
		:: !open && slack != 0 -> fit = IN_WINDOW_SLACK(cost + slack)
		fi
	fi
}

#define IS(n, s, what)		(state[n] == what && rq_stage[n] == s)
#define IN_LINE(n, s, l)	(IS(n, s, STAGED) && rq_level[n] == l)
/* The first request never waits. */
#if REQUESTS == 3
#define ANY(s, what)		(IS(1, s, what) || IS(2, s, what))
#define LINE(s, l)		(IN_LINE(1, s, l) || IN_LINE(2, s, l))
#else
#define ANY(s, what)		(IS(1, s, what) || IS(2, s, what) || IS(3, s, what))
#define LINE(s, l)		(IN_LINE(1, s, l) || IN_LINE(2, s, l) || IN_LINE(3, s, l))
#endif
#define HAS_GRANT(s)		(granted[WAITER(s, 0)] || granted[WAITER(s, 1)])

/* weir_has_work() */
#define HAS_WORK(s)	(ANY(s, INBOX) || ANY(s, FRESH) || ANY(s, STAGED) && !asleep[s])

/* blk_mq_run_hw_queue() */
inline run_queue(s)
{
	if
	:: HAS_WORK(s) -> to_run[s] = true
	:: else
	fi
}

inline charge(l, more)
{
	charged[l] = charged[l] + more
}

inline count_background(l, by)
{
#ifdef BACKGROUND
	if
	:: l == 1 -> background = background + by
	:: else
	fi
#else
	skip
#endif
}

/* hand_out(), under wait_lock. slack: 0 is eager. */
inline hand_out(self, slack)
{
	do
	:: atomic {
		d_step { find_best() };
		if
		:: best == NONE -> break
		:: else -> fits(best % LEVELS, need[best], SLACK_OF(best % LEVELS, slack))
		fi;
		if
		:: !fit -> best = NONE; break
		:: else -> fit = false
		fi;
		/* grant(): nothing of a level above waits. */
#ifndef BACKGROUND
		assert(best % LEVELS == 0 || !queued[0] && !queued[2]);
#endif
		queued[best] = false;
		waiting = WAITING;
#ifdef BUG_WAITS_NO_MORE_BEFORE_GRANT
		is_waiting[best] = false
#endif
	   };
	   d_step {
		/* Release: it is charged before the stage may use it. */
		charge(best % LEVELS, need[best]);
		count_background(best % LEVELS, 1);
		assert(granted[best] == 0);
		granted[best] = need[best];
		need[best] = 0;
		start[best] = 0
	   };
	   atomic {
		/* Release: it has the grant before it seems not to wait. */
		is_waiting[best] = false;
		asleep[best / LEVELS] = false;
#ifndef BUG_NO_RUN
		if
		:: best / LEVELS != self -> run_queue(best / LEVELS)
		:: else
		fi;
#endif
		best = NONE;
#ifdef BUG_HAND_OUT_ONE
		break
#endif
	   }
	od
}

#ifdef BUG_OPEN_WAITS_FOR_NOBODY
#define ANYBODY_WAITS(l)	(waiting != 0 && !open)
#elif defined(BACKGROUND)
#define ANYBODY_WAITS(l)	(waiting != 0 && (waiting != 2 || l == 1 || !open))
#else
#define ANYBODY_WAITS(l)	(waiting != 0)
#endif

inline hand_out_if_looked(slack)
{
	if
	:: atomic { look -> look = false; !wait_lock -> wait_lock = true };
		hand_out(NONE, slack);
		unlock()
	:: !look
	fi
}

/*
 * weir_credit_give() of what is in l and ns, and is counted off the background. Without
 * the barrier, the sum stays in the store buffer while it looks who waits.
 */
inline give(slack)
{
	atomic {
#ifdef BUG_NO_BARRIER_IN_GIVE
		look = ANYBODY_WAITS(l)
	};
	atomic {
		charge(l, -ns);
		ns = 0
	};
#else
		charge(l, -ns);
		ns = 0
	};
	atomic { look = ANYBODY_WAITS(l) };
#endif
	hand_out_if_looked(slack)
}

/*
 * Ends what a process did, in a step. If nobody does anything any more, all this is
 * true.
 */
inline at_rest()
{
	d_step {
		if
		:: busy == 0 && !wait_lock && !to_run[0] && !to_run[1] ->
			/* No credit was lost or made. */
			own = 0;
			held = 0;
			n = 0;
			do
			:: n == REQUESTS -> break
			:: else ->
				if
				:: state[n] == INFLIGHT && rq_level[n] == 0 ->
					held = held + rq_cost[n]
				:: state[n] == INFLIGHT && rq_level[n] == 1 ->
					own = own + rq_cost[n]
				:: else -> assert(state[n] != INBOX && state[n] != FRESH)
				fi;
				n++
			od;
			assert(charged[0] == held);
			assert(charged[1] == own);
			assert(waiting == WAITING);
			/* No grant is left over. Who has something, and nobody else, waits. */
			n = 0;
			do
			:: n == WAITERS -> break
			:: else ->
				assert(granted[n] == 0);
				assert(queued[n] == is_waiting[n]);
				assert(queued[n] == LINE(n / LEVELS, n % LEVELS));
				n++
			od;
			/* Whoever is next does not fit, and waits for something in flight. */
			find_best();
			if
			:: best != NONE ->
				sum_up(best % LEVELS);
				assert(held > 0);
				assert(untold || MAY_BE_NARROW(best % LEVELS, need[best]) ||
				       !open && held + need[best] +
				       SLACK_OF(best % LEVELS, SLACK) > window);
				best = NONE
			:: else
			fi
		:: else
		fi
	}
}

/* In a step: the request goes, and is charged what it costs. Under the stage's lock. */
inline send()
{
	d_step {
		own = rq_level[rq];
		state[rq] = INFLIGHT;
		rq_start[rq] = 0;
		/* What the device has of this level is within bounds. */
		held = 0;
		n = 0;
		do
		:: n == REQUESTS -> break
		:: else ->
			if
			:: state[n] == INFLIGHT && rq_level[n] == own -> held = held + rq_cost[n]
			:: else
			fi;
			n++
		od;
		assert(open || held <= MAX_WINDOW + OVERSHOOT);
		rq = NONE;
		went = true
	}
}

/* In a step: it goes, and nobody will say when it is over. */
inline send_unseen()
{
	state[rq] = DONE;
	rq_stage[rq] = 0;
	rq_level[rq] = 0;
	rq_start[rq] = 0;
	rq = NONE;
	went = true
}

/* In a step: weir_credit_try() up to where it charges. fit, of level l */
inline try(l)
{
	if
#ifdef BACKGROUND
	:: l == 0 && (!open && waiting != 0 || open && (waiting & 1))
#else
	:: l == 0 && (waiting & 1)
#endif
	:: l == 1 && waiting != 0
	:: else -> fits(l, rq_cost[rq], 0)
	fi
}

/* In a step: who fitted a moment ago is charged, and goes. */
inline charge_and_send(l)
{
	charge(l, rq_cost[rq]);
	count_background(l, 1);
	send()
}

/* In a step: granted ns are collected, and used by the head of that level. */
inline take_granted(s, l)
{
	ns = granted[WAITER(s, l)];
	granted[WAITER(s, l)] = 0;
	find_head(s, l, rq);
	assert(rq != NONE);
	if
	:: rq_cost[rq] == 0 -> send_unseen()
	:: else ->
#ifndef BUG_NO_CORRECTION
		if
		:: rq_cost[rq] < ns -> untold = true
		:: else
		fi;
		charge(l, rq_cost[rq] - ns);
#endif
		ns = 0;
		send()
	fi
}

/* In a step: of_granted(): went, if a request did. ns is left if it is not charged. */
inline of_granted(s)
{
	if
	:: granted[WAITER(s, 0)] -> l = 0; take_granted(s, 0)
	:: else ->
		if
		:: granted[WAITER(s, 1)] -> l = 1; take_granted(s, 1)
		:: else
		fi
	fi;
#if MIN_COST == 0
	if
#ifdef BUG_UNCHARGED_KEEPS_GRANT
	:: true -> ns = 0
#else
	:: ns != 0 -> count_background(l, -1)
	:: else
#endif
	fi
#endif
}

/* What of_granted() could not charge goes back: weir_credit_return(). */
inline return_rest()
{
#if MIN_COST == 0
	if
	:: ns != 0 -> give(SLACK)
	:: ns == 0
	fi
#else
	skip
#endif
}

/* In a step: update_waiter(), begun: others may see that it does not wait. */
inline dequeue_waiter(s, l)
{
	find_head(s, l, rq);
	if
	:: rq != NONE && queued[WAITER(s, l)] && start[WAITER(s, l)] != rq_start[rq] ->
		queued[WAITER(s, l)] = false
	:: else
	fi;
	rq = NONE
}

/* In a step: the rest of it */
inline enqueue_waiter(s, l)
{
	find_head(s, l, rq);
	if
#ifdef BUG_HOLD_QUEUES_GRANTED
	:: rq != NONE && !queued[WAITER(s, l)] ->
#else
	:: rq != NONE && !queued[WAITER(s, l)] && granted[WAITER(s, l)] == 0 ->
#endif
		queued[WAITER(s, l)] = true;
		is_waiting[WAITER(s, l)] = true;
		start[WAITER(s, l)] = rq_start[rq];
		/* Whether it will be charged is not known yet. */
		need[WAITER(s, l)] = rq_cost[rq] + (rq_cost[rq] == 0)
	:: else
	fi;
	rq = NONE
}

/* A hardware queue: blk-mq asks for one request after the other, while it has work. */
proctype stage(byte s)
{
	byte l, ns, rq = NONE, best = NONE;
	bool went, fit, look;

end:	do
	:: atomic { to_run[s] -> to_run[s] = false; busy++ };
	   do
	   :: atomic { !HAS_WORK(s) -> break }
	   :: atomic {
		HAS_WORK(s) && !s_lock[s] -> s_lock[s] = true;
		/* weir_dispatch_request() */
		d_step {
		n = 0;
		if
		:: !ANY(s, FRESH) ->
			do
			:: n == REQUESTS -> break
			:: else ->
				if
				:: IS(n, s, INBOX) -> state[n] = FRESH
				:: else
				fi;
				n++
			od;
			n = 0
		:: else
		fi;
		/* pass(): the first of what is fresh, if nothing is staged */
		do
		:: n == REQUESTS || IS(n, s, FRESH) -> break
		:: else -> n++
		od;
		if
		:: n < REQUESTS && !ANY(s, STAGED) ->
			rq = n;
			l = rq_level[rq]
		:: else
		fi
		};
		if
		:: rq != NONE ->
			if
			:: rq_cost[rq] == 0 -> send_unseen()
			:: else -> try(l)
			fi
		:: else
		fi;
		if
		:: fit || went
		:: else ->
			/* Stage all, then pick(). */
			d_step {
				l = 0;
				rq = NONE;
				n = 0;
				do
				:: n == REQUESTS -> break
				:: else ->
					if
					:: IS(n, s, FRESH) -> state[n] = STAGED
					:: else
					fi;
					n++
				od;
				n = 0
			};
			of_granted(s)
		fi
	      };
	      return_rest();
	      if
	      :: fit || went
	      :: !fit && !went ->
		atomic {
			/* of_those_that_fit() */
			l = 0;
			rq = NONE;
			if
			:: LINE(s, 0) && !is_waiting[WAITER(s, 0)] -> find_head(s, 0, rq)
			:: else ->
				if
				:: LINE(s, 1) && !is_waiting[WAITER(s, 1)] ->
					l = 1;
					find_head(s, 1, rq)
				:: else
				fi
			fi;
			if
			:: rq == NONE
#ifndef BUG_WAITS_NO_MORE_BEFORE_GRANT
			:: rq != NONE && granted[WAITER(s, l)] != 0 ->
				/* It was granted something since we looked. */
				take_granted(s, l)
			:: rq != NONE && granted[WAITER(s, l)] == 0 ->
#else
			:: rq != NONE ->
#endif
				if
				:: rq_cost[rq] == 0 -> send_unseen()
				:: else -> try(l)
				fi
			fi
		};
		return_rest()
	      fi;
	      if
	      :: atomic {
		fit || went || !ANY(s, STAGED) ->
#ifndef BUG_SLEEPS_ON
		asleep[s] = false
#endif
	      }
	      :: else ->
		/* weir_credit_hold() */
		atomic {
			!wait_lock -> wait_lock = true;
			rq = NONE;
			dequeue_waiter(s, 0);
			dequeue_waiter(s, 1);
			waiting = WAITING
		};
		atomic {
			enqueue_waiter(s, 0);
#ifdef BUG_HOLD_QUEUES_ONE_LEVEL
			if
			:: LINE(s, 0)
			:: else -> enqueue_waiter(s, 1)
			fi;
#else
			enqueue_waiter(s, 1);
#endif
#ifndef BUG_NO_BARRIER_IN_HOLD
			waiting = WAITING
#endif
		};
#ifndef BUG_NO_HAND_OUT_IN_HOLD
		hand_out(s, 0);
#endif
		atomic {
#ifdef BUG_SLEEPS_WITH_GRANT
			asleep[s] = true;
#else
			asleep[s] = !HAS_GRANT(s);
#endif
			waiting = WAITING;
			wait_lock = false;
#ifndef BUG_GRANT_IN_HOLD_UNSEEN
			of_granted(s)
#endif
		};
		return_rest()
	      fi;
	      atomic {
		if
		:: fit -> fit = false; charge_and_send(l)
		:: else
		fi;
		rq = NONE;
		l = 0;
		s_lock[s] = false;
		if
		:: went -> went = false
		:: else -> break
		fi
	      }
	   od;
	   atomic { busy--; at_rest() }
	od
}

/*
 * The stage sleeps: who inserts stages what has come, and its level's waiter says so.
 * Nobody looks whether it fits now: what it waits for is in flight.
 */
inline insert_asleep(s)
{
	if
	:: !look
	:: look ->
		atomic {
			!s_lock[s] -> s_lock[s] = true;
			look = false;
			d_step {
				n = 0;
				do
				:: n == REQUESTS -> break
				:: else ->
					if
					:: IS(n, s, INBOX) || IS(n, s, FRESH) -> state[n] = STAGED
					:: else
					fi;
					n++
				od;
				n = 0
			};
			if
			:: LINE(s, 0) && !is_waiting[WAITER(s, 0)] ||
			   LINE(s, 1) && !is_waiting[WAITER(s, 1)] ->
				/* There are news. The queue will be run. */
				asleep[s] = false;
				l = LEVELS
			:: else -> l = 0
			fi
		};
		do
		:: l == LEVELS -> break
		:: else ->
			/* weir_credit_update() */
			atomic {
				find_head(s, l, rq);
				if
				:: rq != NONE && is_waiting[WAITER(s, l)] &&
				   start[WAITER(s, l)] != rq_start[rq] ->
					!wait_lock -> wait_lock = true;
					if
					:: queued[WAITER(s, l)] -> look = true
					:: else
					fi;
#ifdef BUG_UPDATE_SEEN_NOT_TO_WAIT
					if
					:: look -> queued[WAITER(s, l)] = false; waiting = WAITING
					:: else
					fi
#endif
				:: else -> rq = NONE
				fi
			};
			atomic {
				if
				:: look ->
					queued[WAITER(s, l)] = true;
					start[WAITER(s, l)] = rq_start[rq];
					need[WAITER(s, l)] = rq_cost[rq];
					untold = true
				:: else
				fi;
				look = false;
				if
				:: rq != NONE -> waiting = WAITING; wait_lock = false
				:: else
				fi;
				rq = NONE;
				l++
			}
		od;
		atomic { s_lock[s] = false; l = 0 }
	fi
}

/*
 * Every request, when it likes: into the inbox, and the queue is run. The first is in
 * flight when all begins.
 */
proctype submitter()
{
	byte i = 1, best = NONE;
#ifdef INSERT_ASLEEP
	byte s, l, rq = NONE;
	bool look;
#endif

	do
	:: i == REQUESTS -> break
	:: else ->
		atomic {
			if
			:: rq_stage[i] = 0
			:: i > 1 -> rq_stage[i] = 1	/* They are alike. */
			fi;
			if
			:: rq_level[i] = 0
			:: rq_level[i] = 1
			fi;
			if
#if MIN_COST == 0
			:: rq_cost[i] = 0
#endif
			:: rq_cost[i] = 1
#ifndef SAME_COST
			:: rq_cost[i] = 2
#endif
			fi;
			/* After all others, or the last one before them */
			if
			:: rq_start[i] = 2 + i
			:: i == REQUESTS - 1 -> rq_start[i] = 1
			fi;
			state[i] = INBOX;
#ifdef INSERT_ASLEEP
			busy++;
			s = rq_stage[i];
			look = asleep[s]
		};
		insert_asleep(s);
		atomic {
			run_queue(s);
			s = 0;
			busy--;
#else
			run_queue(rq_stage[i]);
#endif
			i++;
			at_rest()
		}
	od
}

#define COMPLETE(r)	state[r] == INFLIGHT -> state[r] = DONE; rq_stage[r] = 0;	\
			l = rq_level[r]; rq_level[r] = 0; ns = rq_cost[r]; rq_cost[r] = 0

/* A CPU that completes requests, any of those in flight */
proctype completer()
{
	byte l, ns, best = NONE;
	bool fit, look;

end:	do
	:: atomic {
		if
		:: COMPLETE(0)
		:: COMPLETE(1)
		:: COMPLETE(2)
#if REQUESTS > 3
		:: COMPLETE(3)
#endif
		fi;
		busy++;
#ifndef BUG_BACKGROUND_LATE
		count_background(l, -1)
#endif
	   };
	   give(SLACK);
	   atomic {
#ifdef BUG_BACKGROUND_LATE
		count_background(l, -1);
#endif
		l = 0;
		busy--;
		at_rest()
	   }
	od
}

#if TICKS
/* The window is another one, or opens or closes: weir_credit_changed(). */
proctype tick()
{
	byte times, best = NONE;
	bool fit, look;

	do
	:: times == TICKS -> break
	:: else ->
		atomic {
			busy++;
#ifdef BUG_NO_BARRIER_IN_CHANGED
			look = (waiting != 0)
		};
		atomic {
#endif
#ifdef BACKGROUND
			open = !open
#else
			if
			:: window = 1
			:: window = MAX_WINDOW
			fi
#endif
		};
#ifndef BUG_NO_HAND_OUT_IN_CHANGED
#ifndef BUG_NO_BARRIER_IN_CHANGED
		look = (waiting != 0);
#endif
		hand_out_if_looked(0);
#endif
		atomic { times++; busy--; at_rest() }
	od
}
#endif

#if LEASES
/* What the first stage was granted and has not used yet is taken back: end_leases(). */
proctype lease()
{
	byte w, times, best = NONE;
	bool fit;

#define EXPIRE(n)	granted[n] -> w = n
end:	do
	:: times == LEASES -> break
	:: atomic {
		!wait_lock && waiting != 0 && HAS_GRANT(0) ->
		wait_lock = true;
		busy++
	   };
	   atomic {
		if
		:: EXPIRE(0)
		:: EXPIRE(1)
		:: else -> w = NONE
		fi;
		if
		:: w != NONE ->
			charge(w % LEVELS, -granted[w]);
			count_background(w % LEVELS, -1);
			granted[w] = 0;
#ifndef BUG_TAKES_BACK_WITHOUT_RUN
			run_queue(w / LEVELS)
#endif
		:: else
		fi
	   };
#ifndef BUG_TAKES_BACK_FOR_NOBODY
	   hand_out(NONE, 0);
#endif
	   unlock();
	   atomic { w = 0; times++; busy--; at_rest() }
	od
}
#endif

#if MERGES
/* A staged request becomes part of one of its stage that is before it. */
proctype merger()
{
	byte s, l, ns, x, times, best = NONE;
	bool fit, look;

#define MERGE(a, b)							\
	times < MERGES && state[a] == STAGED && state[b] == STAGED && rq_stage[a] == rq_stage[b] && \
	!s_lock[rq_stage[a]] && (rq_level[b] < rq_level[a] ||		\
	rq_level[b] == rq_level[a] && rq_start[b] < rq_start[a]) -> x = a; rq_cost[b] = MAX_COST

end:	do
	:: times == MERGES -> break
	:: atomic {
		if
		:: MERGE(1, 2)
		:: MERGE(2, 1)
#if REQUESTS > 3
		:: MERGE(1, 3)
		:: MERGE(2, 3)
		:: MERGE(3, 1)
		:: MERGE(3, 2)
#endif
		fi;
		busy++;
		s = rq_stage[x];
		l = rq_level[x];
		s_lock[s] = true;
		state[x] = DONE;
		rq_stage[x] = 0;
		rq_level[x] = 0;
		rq_cost[x] = 0;
		rq_start[x] = 0;
		x = 0;
		times++
	   };
#ifndef BUG_NO_LEAVE
	   /* weir_credit_leave() */
	   if
	   :: LINE(s, l)
	   :: else ->
		lock();
		atomic {
			queued[WAITER(s, l)] = false;
			is_waiting[WAITER(s, l)] = false;
			if
			:: granted[WAITER(s, l)] == 0 ->
				need[WAITER(s, l)] = 0;
				start[WAITER(s, l)] = 0
			:: else
			fi;
			unlock()
		};
		atomic {
#ifndef BUG_LEAVE_KEEPS_GRANT
			ns = granted[WAITER(s, l)];
			granted[WAITER(s, l)] = 0;
#endif
			if
			:: ns != 0 -> count_background(l, -1)
			:: else
			fi
		};
		if
		:: ns != 0 -> give(SLACK)
		:: else ->
#ifndef BUG_LEAVE_TELLS_NOBODY
			look = (waiting != 0);
			hand_out_if_looked(0)
#else
			skip
#endif
		fi
	   fi;
#endif
	   atomic {
		s_lock[s] = false;
		s = 0;
		l = 0;
		busy--;
		at_rest()
	   }
	od
}
#endif

init {
	byte l;

	atomic {
		state[0] = INFLIGHT;
		rq_cost[0] = FIRST_COST;
		if
		:: l = 0
		:: l = 1
		fi;
		rq_level[0] = l;
		charge(l, FIRST_COST);
		count_background(l, 1);
		l = 0;
		run stage(0);
		run stage(1);
		run submitter();
		run completer();
#if COMPLETERS > 1
		run completer();
#endif
#if TICKS
		run tick();
#endif
#if LEASES
		run lease();
#endif
#if MERGES
		run merger();
#endif
	};
	/* In the end all requests are over, and nothing is held. */
	timeout;
	do
	:: l == REQUESTS -> break
	:: else -> assert(state[l] == DONE); l++
	od;
	assert(charged[0] == 0 && charged[1] == 0 && waiting == 0)
}
