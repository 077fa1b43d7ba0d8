# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench says on the way, and refuses."""

import sys


class Refused(Exception):
    """What the user asked for cannot be done."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)
