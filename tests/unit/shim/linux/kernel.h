/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <stdarg.h>
#include <stdio.h>

#include <linux/compiler.h>
#include <linux/math64.h>
#include <linux/types.h>

/* Both of one type, as in the kernel. */
#define SHIM_PICK(a, op, b)						\
	({								\
		__auto_type _a = (a);					\
		__auto_type _b = (b);					\
									\
		(void)(&_a == &_b);					\
		_a op _b ? _a : _b;					\
	})
#define min(a, b) SHIM_PICK(a, <, b)
#define max(a, b) SHIM_PICK(a, >, b)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp_t(type, x, low, high) min_t(type, max_t(type, x, low), high)

/* snprintf(), but the length is that of what fitted. */
static inline int scnprintf(char *buf, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(buf, size, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length >= size)
		length = size ? size - 1 : 0;
	return length;
}

#endif
