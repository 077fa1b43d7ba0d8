/* SPDX-License-Identifier: GPL-2.0 */
/* Timers, where the kernels differ. */
#ifndef WEIR_COMPAT_HRTIMER_H
#define WEIR_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>

static inline void weir_hrtimer_setup(struct hrtimer *timer,
				      enum hrtimer_restart (*fn)(struct hrtimer *),
				      clockid_t clock, enum hrtimer_mode mode)
{
#ifdef WEIR_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#endif
}

#endif
