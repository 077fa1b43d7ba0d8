#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves the same as smoke.t on the oldest kernel there is support for.

export WEIR_KERNEL=6.1
exec "$(dirname -- "$0")/smoke.t"
