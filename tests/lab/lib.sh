# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests in shell share: scripts/lib.sh, and TAP. Sourced, never run.

# shellcheck source=scripts/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

tests=0 failures=0

# ok STATUS NAME [TEXT]: TEXT shows why not
ok()
{
	tests=$((tests + 1))
	if (($1 == 0)); then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
		[[ -z ${3:-} ]] || echo "# ${3//$'\n'/$'\n'# }"
	fi
}

# The last line of a test.
done_testing()
{
	echo "1..$tests"
	exit $((failures > 0))
}
