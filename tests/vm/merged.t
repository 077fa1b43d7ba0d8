#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that a page whose bytes come from several bios of one registered buffer
# arrives whole: there a bio is shorter than the vector it points at. And that
# the request was one, or the test would prove nothing.
# Needs gcc and a static C library on the host.

# shellcheck source=tests/vm/lib.sh
. "$(dirname -- "$0")/lib.sh"
program merged
in_machine --smp 1
no_udev

for parameters in irqmode=0 irqmode=1 'irqmode=1 blocking=1' irqmode=2; do
	# shellcheck disable=SC2086 # several
	load gb=1 $parameters
	before=$(counter write)
	try "$parameters: bytes are where they belong" ./merged /dev/weir0
	is "$(($(counter write) - before))" 2 "$parameters: three writes came as one request"
	try "$parameters: no request is lost" at_rest
	unload
done
done_testing
