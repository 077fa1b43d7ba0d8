# SPDX-License-Identifier: GPL-2.0
"""Figures of the requests of a trace: percentiles of each phase, groups, depth."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import Any

from weirlab.text import Trouble, say
from weirlab.trace.blktrace import SPLIT
from weirlab.trace.requests import (
    COLUMNS, CPU, D2C, END, OP, OPERATIONS, PHASES, PID, Q2C, SIZE, TOTAL, follow)

PERCENTILES = [('p50', 5000), ('p90', 9000), ('p99', 9900), ('p99.9', 9990), ('p99.99', 9999)]
SLOTS = 200
# Bounds of the buckets: from 100 ns to 1000 s, so many a decade.
FINE, COARSE = ([round(10 ** (2 + i / per)) for i in range(10 * per + 1)] for per in (40, 10))


def nearest(ordered: Sequence[int], permyriad: int) -> int:
    """By nearest rank."""
    return ordered[max(-(-len(ordered) * permyriad // 10000), 1) - 1]


def figures(times: list[int]) -> dict[str, Any]:
    """Of a list of nanoseconds, which is sorted by this."""
    times.sort()
    shown = {'count': len(times), 'mean_ns': sum(times) / len(times), 'min_ns': times[0],
             'max_ns': times[-1], 'sum_ns': sum(times)}
    for name, permyriad in PERCENTILES:
        shown[name + '_ns'] = nearest(times, permyriad)
    return shown


def bucket(edges: Sequence[int], value: int) -> int:
    return min(max(bisect.bisect_right(edges, value) - 1, 0), len(edges) - 2)


def histogram(times: list[int]) -> list[int]:
    counts = [0] * (len(FINE) - 1)
    for value in times:
        counts[bucket(FINE, value)] += 1
    return counts


def phases_of(columns: Sequence[Sequence[int]], rows: Sequence[int] | None = None) -> dict[str, Any]:
    """{phase: figures} of those rows, of all by default."""
    shown = {}
    for number, name in enumerate(PHASES):
        column = columns[6 + number]
        chosen = column if rows is None else [column[row] for row in rows]
        times = [value for value in chosen if value >= 0]
        if times:
            shown[name] = figures(times)
            if rows is None:
                shown[name]['histogram'] = histogram(times)
    return shown


def size_name(size: int) -> str:
    """The power of two that a size is at most."""
    if not size:
        return '0'
    bound = 1 << (size - 1).bit_length()
    for unit, shift in (('M', 20), ('K', 10)):
        if bound >> shift:
            return f'{bound >> shift}{unit}'
    return f'{bound}'


def grouped(columns: Sequence[Sequence[int]], key: Iterable[Any]) -> list[tuple[Any, dict[str, Any]]]:
    """[(key, figures)], the busiest first."""
    rows = {}
    for row, value in enumerate(key):
        rows.setdefault(value, []).append(row)
    groups = []
    for value, chosen in rows.items():
        whole = [row for row in chosen if columns[6 + Q2C][row] >= 0]
        groups.append((value, {
            'bios': len(whole), 'bytes': sum(columns[SIZE][row] for row in whole),
            'phases': phases_of(columns, chosen)}))
    return sorted(groups, key=lambda group: -group[1]['bios'])


def depth_over_time(changes: Sequence[int], begin: int, slot: int) -> dict[str, Any]:
    """Mean and maximum per slot, of (time, change) pairs in the order of time."""
    area, highest = [0] * SLOTS, [0] * SLOTS
    at, depth, index = begin, 0, 0
    for position in range(0, len(changes), 2):
        when = changes[position]
        while index < SLOTS - 1 and when >= begin + (index + 1) * slot:
            bound = begin + (index + 1) * slot
            area[index] += depth * (bound - at)
            at, index = bound, index + 1
            highest[index] = depth
        area[index] += depth * (when - at)
        at = when
        depth += changes[position + 1]
        highest[index] = max(highest[index], depth)
    for rest in range(index, SLOTS):
        bound = begin + (rest + 1) * slot
        area[rest] += depth * max(bound - at, 0)
        highest[rest] = max(highest[rest], depth)
        at = bound
    return {'mean': [round(value / slot, 4) for value in area], 'max': highest,
            'overall_mean': sum(area) / (slot * SLOTS), 'overall_max': max(highest)}


def heat(columns: Sequence[Sequence[int]], phase: int, begin: int, slot: int) -> list[list[int]]:
    """[slot][bucket]: how many ended then, that had taken so long."""
    counts = [[0] * (len(COARSE) - 1) for _ in range(SLOTS)]
    for when, value in zip(columns[END], columns[6 + phase]):
        if value >= 0:
            counts[min((when - begin) // slot, SLOTS - 1)][bucket(COARSE, value)] += 1
    return counts


def budget(columns: Sequence[Sequence[int]]) -> dict[str, dict[str, Any]]:
    """The share of each phase in the time from Q to C, of what was followed to its end."""
    total = sum(columns[TOTAL])
    sums = {}
    for number, name in enumerate(PHASES[:Q2C]):
        spent = sum(value for value in columns[6 + number] if value > 0)
        if any(value >= 0 for value in columns[6 + number]):
            sums[name] = spent
    unseen = total - sum(sums.values())
    if unseen:
        sums['unseen'] = unseen
    return {name: {'sum_ns': spent, 'share': spent / total if total else 0}
            for name, spent in sums.items()}


def analyse(files: list[str]) -> dict[str, Any]:
    path, learnt = follow(files)
    columns = [path.rows[number::COLUMNS] for number in range(COLUMNS)]
    path.rows = None
    if not columns[0]:
        raise Trouble(f"none of the trace's {path.counts['bios']} bios was queued and completed"
                      ' in it')
    say('percentiles')
    begin = path.first
    span = max(path.last - begin, 1)
    slot = -(-span // SLOTS)
    counts, names = path.counts, learnt['names']
    phases = phases_of(columns)
    gaps = [after - before for before, after in zip(path.queue_times, path.queue_times[1:])]
    if gaps:
        phases = {'Q2Q': {**figures(gaps), 'histogram': histogram(gaps)}, **phases}

    def process(pid: int) -> tuple[str, int]:
        return names.get(pid, '?'), pid

    sizes = {size: size_name(size) for size in set(columns[SIZE])}
    merged = counts['back_merges'] + counts['front_merges']
    bios = sum(1 for value in columns[6 + Q2C] if value >= 0)
    return {
        'version': 1,
        'device_number': f"{learnt['device'] >> 20},{learnt['device'] & 0xfffff}",
        'started_unix': learnt['started'],
        'events': learnt['events'],
        'missing_events': learnt['missing'],
        'duration_s': span / 1e9,
        'finished_bios': bios,
        'counts': {**counts, 'split_events': learnt['kinds'].get(SPLIT, 0)},
        'merges': {'back': counts['back_merges'], 'front': counts['front_merges'],
                   'requests': counts['request_merges'],
                   'share': merged / counts['bios'] if counts['bios'] else 0},
        'phases': phases,
        'absent': [name for name in ('Q2G', 'G2I', 'I2D', 'D2C') if name not in phases],
        'budget': budget(columns),
        'by_operation': [{'operation': OPERATIONS[op], **group}
                         for op, group in grouped(columns, columns[OP])],
        'by_size': [{'size': size, **group} for size, group in grouped(
            columns, [sizes[size] for size in columns[SIZE]])],
        'by_process': [{'process': name, 'pid': pid, **group} for (name, pid), group in (
            (process(pid), group) for pid, group in grouped(columns, columns[PID]))],
        'by_cpu': [{'cpu': cpu, **group} for cpu, group in sorted(grouped(columns, columns[CPU]))],
        'histogram_edges_ns': FINE,
        'over_time': {
            'time_s': [number * slot / 1e9 for number in range(SLOTS)], 'slot_s': slot / 1e9,
            'latency_edges_ns': COARSE,
            'D2C': heat(columns, D2C, begin, slot), 'Q2C': heat(columns, Q2C, begin, slot),
            'depth': {name: depth_over_time(changes, begin, slot)
                      for name, changes in path.changes.items()}},
    }
