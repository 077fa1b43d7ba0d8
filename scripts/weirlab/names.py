# SPDX-License-Identifier: GPL-2.0
"""The order of names: of cases, and of schedulers with their settings."""

import re

SCHEDULERS = ['none', 'mq-deadline', 'kyber', 'bfq', 'weir']


def natural(text):
    """A key that sorts the numbers in it as numbers."""
    return [(1, float(word), '') if i % 2 else (0, 0.0, word)
            for i, word in enumerate(re.split(r'(\d+(?:\.\d+)?)', text))]


def label_key(label):
    """Schedulers in their order, each as it comes before its settings."""
    base = label.partition('(')[0]
    return (SCHEDULERS.index(base) if base in SCHEDULERS else len(SCHEDULERS), natural(label))
