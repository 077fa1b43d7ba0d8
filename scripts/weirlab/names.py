# SPDX-License-Identifier: GPL-2.0
"""The order of names: of cases, and of schedulers with their settings."""

from __future__ import annotations

import re

SCHEDULERS = ['none', 'mq-deadline', 'kyber', 'bfq', 'weir']


def natural(text: str) -> list[tuple[int, float, str]]:
    """A key that sorts the numbers in it as numbers."""
    return [(1, float(word), '') if i % 2 else (0, 0.0, word)
            for i, word in enumerate(re.split(r'(\d+(?:\.\d+)?)', text))]


def label_key(label: str) -> tuple[int, list[tuple[int, float, str]]]:
    """Schedulers in their order, each as it comes before its settings."""
    base = label.partition('(')[0]
    return (SCHEDULERS.index(base) if base in SCHEDULERS else len(SCHEDULERS), natural(label))
