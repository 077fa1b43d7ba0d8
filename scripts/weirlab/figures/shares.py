# SPDX-License-Identifier: GPL-2.0
"""Who got how much of the disk: rates, and their fairness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weirlab.fio import done, options_of
from weirlab.shapes import Entries


def device_seconds(job: dict[str, Any], options: dict[str, Any], costs: dict[str, float]) -> float | None:
    """What the disk spent on it, by the cost of an I/O; None if costs do not know that:
    other sizes, sequential I/O, or the page cache between."""
    total = 0.0
    if options.get('direct') != '1' or not options.get('rw', '').startswith('rand'):
        return None
    for way in ('read', 'write'):
        ios = done(job[way])
        if not ios:
            continue
        known = sorted((int(key.split()[1]), ns) for key, ns in costs.items() if key.split()[0] == way)
        size = job[way]['io_bytes'] / ios
        sizes = [s for s, _ in known]
        if not known or not sizes[0] <= size <= sizes[-1]:
            return None
        total += ios * float(np.interp(size, sizes, [ns for _, ns in known])) / 1e9
    return total


def jain(fio: dict[str, Any], costs: dict[str, float], groups: dict[str, int] | None) -> tuple[float | None,
         str | None]:
    """Jain's index over jobs, and by what: (None, None) of a lone job. What a job of a
    control group got counts by its weight: the job 'a-reads' is of the group 'a'."""
    jobs = fio['jobs']
    if len(jobs) < 2:
        return None, None
    shares, by = [device_seconds(job, options_of(fio, job), costs) for job in jobs] \
        if costs else [None], 'device time'
    if None in shares:
        shares, by = [job['read']['io_bytes'] + job['write']['io_bytes'] for job in jobs], 'bytes'
    if groups:
        shares = [share / groups.get(job['jobname'].partition('-')[0], 100)
                  for share, job in zip(shares, jobs)]
        by += ' over weight'
    squares = sum(x * x for x in shares)
    return (sum(shares) ** 2 / (len(shares) * squares), by) if squares else (None, None)


def rates(jobs: Entries, ways: Sequence[str] = ('read', 'write')) -> tuple[float, float, float]:
    """MB/s, I/Os a second and seconds of some jobs together, as fio adds up a group."""
    seconds = max((job[way]['runtime'] for job in jobs for way in ways), default=0) / 1e3
    if not seconds:
        return 0.0, 0.0, 0.0
    return (sum(job[way]['io_bytes'] for job in jobs for way in ways) / 1e6 / seconds,
            sum(done(job[way]) for job in jobs for way in ways) / seconds, seconds)


def weight_ratio(jobs: Entries, groups: dict[str, int]) -> float | None:
    """What the heavier of two control groups got, over what the lighter one got."""
    if len(groups) != 2:
        return None
    light, heavy = (rates([job for job in jobs if job['jobname'].partition('-')[0] == name])[0]
                    for name in sorted(groups, key=groups.get))
    return heavy / light if light else None


def idle_share(fio: dict[str, Any]) -> float | None:
    """Of all bytes, those of jobs of ionice's class idle."""
    sizes = [(job['read']['io_bytes'] + job['write']['io_bytes'], options_of(fio, job).get('prioclass') == '3')
             for job in fio['jobs']]
    total = sum(size for size, _ in sizes)
    return sum(size for size, idle in sizes if idle) / total if total and any(idle for _, idle in sizes) else None
