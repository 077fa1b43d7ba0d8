# SPDX-License-Identifier: GPL-2.0
"""The latencies of a case: of every I/O where fio kept a log, else of its bins."""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np

from weirlab.fio import done, options_of
from weirlab.shapes import Entries
from weirlab.text import Trouble


class Latencies:
    """Of the foreground: values in ns with how many there were of each, and where from."""

    def __init__(self, values: Any, counts: Any, source: str, most: float | None = None,
                 mean: float | None = None) -> None:
        order = np.argsort(values, kind='stable')
        self.values = np.asarray(values, dtype=float)[order]
        self.counts = np.asarray(counts, dtype=np.int64)[order]
        self.source = source
        if most is not None:
            # fio gives the middle of a bin, which may lie above all that is in it.
            self.values = np.minimum(self.values, most)
        self.most = float(self.values[-1]) if most is None else most
        self.mean = float(np.average(self.values, weights=self.counts)) if mean is None else mean
        self.below = np.cumsum(self.counts)
        # When each ended (ms) and its latency (ns), in the log's order; None without a log.
        self.log: np.ndarray | None = None

    def percentile(self, share: float) -> float:
        """The least value that so many are not above (the nearest rank)."""
        rank = max(1, math.ceil(round(share * int(self.below[-1]), 6)))
        return float(self.values[np.searchsorted(self.below, rank)])


def read_logs(directory: str, jobs: Entries, foreground: set[str], fio: dict[str, Any],
              columns: tuple[int, ...] = (0, 1)) -> np.ndarray | None:
    """fio's per-I/O lat logs of these jobs: (ms, ns), or None if they are not there or not
    of every I/O (averaged ones, say). Column 3 has bytes."""
    wanted = set()
    for number, job in enumerate(jobs, 1):
        if job['jobname'] in foreground:
            log = options_of(fio, job).get('write_lat_log')
            wanted.add((os.path.basename(log or '') or job['jobname'], number))
    one_each = not any('group_reporting' in options_of(fio, job) for job in jobs)
    names = {prefix for prefix, _ in wanted}
    found = []
    for name in sorted(os.listdir(directory)):
        match = re.fullmatch(r'(.+)_lat(?:\.(\d+))?\.log', name)
        if not match or match[1] not in names:
            continue
        # Jobs of several sections may share a name, but not a number.
        if one_each and match[2] and (match[1], int(match[2])) not in wanted:
            continue
        path = os.path.join(directory, name)
        if os.path.getsize(path):
            found.append(np.loadtxt(path, delimiter=',', usecols=columns, dtype=np.int64, ndmin=2))
    if not found:
        return None
    rows = np.concatenate(found)
    ios = sum(done(job[way]) for job in jobs if job['jobname'] in foreground
              for way in ('read', 'write', 'trim'))
    if abs(len(rows) - ios) > 0.01 * ios:
        return None
    return rows[np.argsort(rows[:, 0], kind='stable')]


def from_bins(parts: Entries, name: str, most: float | None, mean: float | None) -> Latencies:
    """Latencies of the bins of several jobs and directions, merged."""
    bins = {}
    for part in parts:
        for value, count in part[name]['bins'].items():
            bins[int(value)] = bins.get(int(value), 0) + count
    return Latencies(list(bins), list(bins.values()), name.replace('_ns', ' bins'), most, mean)


def latencies(directory: str, fio: dict[str, Any], foreground: set[str]) -> Latencies | None:
    """Of the foreground's sections; None if it did nothing."""
    jobs = fio['jobs']
    mine = [job for job in jobs if job['jobname'] in foreground]
    # Who calls fsync waits for that, not for the write into memory before it.
    syncs = [job['sync'] for job in mine if job.get('sync', {}).get('lat_ns', {}).get('N')]
    parts = syncs or [job[way] for job in mine for way in ('read', 'write', 'trim') if job[way]['lat_ns']['N']]
    if not parts:
        return None
    most = float(max(part['lat_ns']['max'] for part in parts))
    total = sum(part['lat_ns']['N'] for part in parts)
    mean = sum(part['lat_ns']['mean'] * part['lat_ns']['N'] for part in parts) / total
    if not syncs:
        log = read_logs(directory, jobs, foreground, fio)
        if log is not None:
            result = Latencies(log[:, 1], np.ones(len(log)), 'log')
            result.log = log
            return result
    for name in ('lat_ns', 'clat_ns'):
        if all(part.get(name, {}).get('bins') for part in parts):
            result = from_bins(parts, name, most, mean)
            if syncs:
                result.source = 'sync bins'
            return result
    raise Trouble('no latency bins (fio wants --output-format=json+) and no complete lat log')
