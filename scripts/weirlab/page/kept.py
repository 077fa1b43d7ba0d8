# SPDX-License-Identifier: GPL-2.0
"""Latencies of a bench, made few enough to be kept: their tails, and slots of time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from weirlab.figures.latencies import Latencies

CDF_POINTS, SLOTS, SLOT_IOS = 300, 120, 100


class Kept:
    """What figures need of a run's latencies, which are too many to keep them all."""

    def __init__(self) -> None:
        self.tails, self.slots = {}, {}

    def keep(self, row: Any, times: Latencies) -> None:
        """The least seed of each is shown."""
        key = row[:4]
        if key in self.tails and self.tails[key][0] <= row.seed:
            return
        total = int(times.below[-1])
        # P(latency >= value): the slowest is 1/total, not 0, which no log axis has.
        tail = (total - times.below + times.counts) / total
        ranks = np.unique(np.searchsorted(-tail, -np.logspace(0, math.log10(1 / total), CDF_POINTS)))
        ranks = np.unique(np.append(np.clip(ranks, 0, len(tail) - 1), [0, len(tail) - 1]))
        self.tails[key] = row.seed, times.values[ranks] / 1e3, tail[ranks]
        self.slots[key] = row.seed, per_slot(times.log)


def per_slot(log: np.ndarray | None) -> np.ndarray | None:
    """(seconds, p50, p99, max in us) of the log, in slots of time."""
    if log is None:
        return None
    # Whether what fio does not count (ramp_time) is on its clock depends on the version.
    first = int(log[0, 0])
    span = int(log[-1, 0]) - first + 1
    # A slot with few I/Os has no p99 of its own.
    slots = min(max(len(log) // SLOT_IOS, 20), SLOTS, span)
    slot = (log[:, 0] - first) * slots // span
    rows = []
    for i in np.unique(slot):
        values = log[slot == i, 1] / 1e3
        middle, slow = (np.percentile(values, share, method='inverted_cdf') for share in (50, 99))
        rows.append(((first + (i + 0.5) * span / slots) / 1e3, middle, slow, values.max()))
    return np.array(rows)
