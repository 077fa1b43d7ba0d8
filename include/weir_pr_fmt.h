/* SPDX-License-Identifier: GPL-2.0 */
/* Included first everywhere: every message names its module. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
