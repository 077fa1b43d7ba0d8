# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench says on the way, and refuses."""

from __future__ import annotations

import sys


class Refused(Exception):
    """What the user asked for cannot be done."""


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
