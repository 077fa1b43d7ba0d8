/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <linux/compiler.h>
#include <linux/math64.h>
#include <linux/types.h>

#endif
