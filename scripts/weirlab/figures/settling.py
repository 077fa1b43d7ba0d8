# SPDX-License-Identifier: GPL-2.0
"""How soon latency and rate are back after the disk has changed its speed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from weirlab.figures.latencies import read_logs
from weirlab.fio import options_of

# When, in ms, and how many times longer the disk takes from then on.
Changes = list[tuple[float, float]]
# Of a disk whose speed changes: when latency should be steady, and the rate back, in ms.
SETTLE_MS, BACK_MS = 500, 1000


def speeds(run: dict[str, Any]) -> Changes:
    """When the disk's speed changes while fio runs, in ms of its clock, and how many times
    longer it takes from then on."""
    return [(1000 * when, float(what.partition('=')[2])) for when, what in run.get('events', [])
            if what.startswith('speed=')]


def during(log: np.ndarray, begin: float, end: float) -> np.ndarray:
    """The second column of what a log has from BEGIN to END, in ms."""
    return log[(begin <= log[:, 0]) & (log[:, 0] < end), 1]


def settled_p99(log: np.ndarray | None, changes: Changes) -> float | None:
    """The foreground's p99 half a second after the disk's speed has changed, over that of
    the half second before the first change and as many times longer as the disk takes; of
    several changes the worst. None without any, or where no I/O ended."""
    if log is None or not changes:
        return None
    ends = [when for when, _ in changes[1:]] + [math.inf]
    parts = [(during(log, changes[0][0] - SETTLE_MS, changes[0][0]), 1)] + [
        (during(log, when + SETTLE_MS, min(when + BACK_MS, end)), speed) for (when, speed), end in zip(changes, ends)]
    if not all(len(values) for values, _ in parts):
        return None
    before, *after = (float(np.percentile(values, 99, method='inverted_cdf')) / speed for values, speed in parts)
    return max(after) / before


def rate_back(directory: str, fio: dict[str, Any], foreground: set[str], changes: Changes) -> float | None:
    """The rate of the background jobs that keep a log, in the last quarter of the second after
    the disk has its speed back, over that of the half second before it first lost it."""
    if len(changes) < 2 or changes[-1][1] != 1:
        return None
    names = {job['jobname'] for job in fio['jobs'] if 'write_lat_log' in options_of(fio, job)}
    log = read_logs(directory, fio['jobs'], names - foreground, fio, (0, 3))
    if log is None:
        return None
    before = during(log, changes[0][0] - SETTLE_MS, changes[0][0]).sum() / SETTLE_MS
    back = changes[-1][0] + BACK_MS
    return float(during(log, back - BACK_MS / 4, back).sum() / (BACK_MS / 4) / before) if before else None
