# SPDX-License-Identifier: GPL-2.0
"""What a disk of weir-blk and the scheduler weir say in debugfs, and what happened between
two such readings."""

from __future__ import annotations

import json
from typing import Any

OPS = ['read', 'write', 'flush', 'discard', 'secure_erase', 'write_zeroes']
PERCENTILES = [('p50_ns', 5000), ('p99_ns', 9900), ('p99.9_ns', 9990), ('max_ns', 10000)]


def parse_stats(text: str) -> dict[str, Any]:
    """A disk's stats.json: {'disk': {...}, 'ops': {name: {...}}, 'media': {...} or None}."""
    reading = {'disk': None, 'ops': {}, 'media': None}
    for line in text.splitlines():
        entry = json.loads(line)
        if entry['type'] == 'op':
            entry['buckets'] = {low: count for low, count in entry['buckets']}
            reading['ops'][entry['op']] = entry
        elif entry['type'] in ('disk', 'media'):
            reading[entry['type']] = entry
    if reading['disk'] is None or any(op not in reading['ops'] for op in OPS):
        raise ValueError('not the stats.json of this version')
    return reading


def parse_state(text: str) -> dict[str, Any]:
    """What is wanted of the scheduler's window and throttle, lines of `name value`."""
    values = dict(line.split(None, 1) for line in text.splitlines())
    return {'window_ns': int(values['window_ns']), 'inflight_ns': int(values['inflight_ns']),
            'phase': values['phase'], 'step': int(values['step']), 'depth': int(values['depth'])}


def parse_classes(text: str) -> dict[str, Any]:
    """The scheduler's latency: {class: {'done': n, 'timed': n, 'device_ns': {...}, ...}}."""
    classes = {}
    for line in text.splitlines():
        words = line.split()
        into = classes[words[0]] = {}
        rest = iter(words[1:])
        for word in rest:
            if word in ('device_ns', 'total_ns'):
                into = classes[words[0]][word] = {}
            else:
                into[word] = int(next(rest))
    return classes


# --- from two readings to what happened between them ---

def middle(low: int) -> int:
    """The middle of the bucket that begins there: 32 of them an octave."""
    return low + (1 << max(low.bit_length() - 6, 0)) // 2


def percentile(buckets: dict[int, int], permyriad: int) -> int | None:
    """By nearest rank, as src/watch/hist.c; None if there is nothing."""
    count = sum(buckets.values())
    rank = max(-(-count * permyriad // 10000), 1)
    below = 0
    for low in sorted(buckets):
        below += buckets[low]
        if below >= rank:
            return middle(low)
    return None


def less(now: Any, before: Any) -> Any:
    """The difference of two numbers, or of two dicts of them."""
    if isinstance(now, dict):
        return {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key, 0)}
    return now - before


def ratio(part: float, whole: float, digits: int = 3) -> float | None:
    return round(part / whole, digits) if whole else None


def disk_between(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """What a disk did between two readings, with rates per second."""
    head = now['disk']
    same = before is not None and all(before['disk'][key] == head[key]
                                      for key in ('since_ns', 'resets'))
    # Reset, or made anew, since the last reading: it counts from then.
    begin = before['disk']['now_ns'] if same else head['since_ns']
    seconds = max(head['now_ns'] - begin, 1) / 1e9
    result = {'interval_s': round(seconds, 3), 'in_flight': head['in_flight'],
              'timing': head['timing'], 'ops': {}}
    waited = {}
    for name in OPS:
        op, old = now['ops'][name], {}
        if same:
            old = before['ops'][name]
        buckets = less(op['buckets'], old.get('buckets', {}))
        timed = sum(buckets.values())
        shown = {'per_s': round((op['count'] - old.get('count', 0)) / seconds, 1),
                 'bytes_per_s': round((op['bytes'] - old.get('bytes', 0)) / seconds),
                 'timed': timed}
        if timed:
            shown['mean_ns'] = (op['sum_ns'] - old.get('sum_ns', 0)) // timed
            for key, permyriad in PERCENTILES:
                shown[key] = percentile(buckets, permyriad)
        if op['parts_ns']:
            parts = {part: ns - old.get('parts_ns', {}).get(part, 0)
                     for part, ns in op['parts_ns'].items()}
            for part, ns in parts.items():
                waited[part] = waited.get(part, 0) + ns
            shown['parts_ns'] = {part: ns // timed if timed else 0 for part, ns in parts.items()}
        result['ops'][name] = shown
    if now['media']:
        result['media'] = media_between(before['media'] if same else None, now['media'],
                                        seconds, waited)
    return result


def media_between(before: dict[str, Any] | None, now: dict[str, Any], seconds: float,
                  waited: dict[str, int]) -> dict[str, Any]:
    old = before or {}
    host, programmed = (now[key] - old.get(key, 0) for key in ('host_units', 'programmed_units'))
    busy = now['busy_ns']
    if old:
        busy = [ns - was for ns, was in zip(busy, old['busy_ns'])]
    dies = [round(min(ns / 1e9 / seconds, 1), 3) for ns in busy]
    return {'write_amplification': ratio(programmed, host),
            'gc_share': ratio(waited.get('gc', 0), sum(waited.values())),
            'die_utilisation': ratio(sum(dies), len(dies)), 'dies': dies,
            'cache_units': now['cache_units'], 'free_blocks': now['free_blocks']}


def sched_between(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The scheduler: levels as they are, rates of classes, percentiles since attach."""
    seconds = max(now['time'] - before['time'], 1e-9)
    shown = {**now['state'], 'classes': {}}
    for name, values in now['classes'].items():
        done = values['done'] - before['classes'].get(name, {}).get('done', 0)
        if done < 0:  # attached anew
            done = values['done']
        shown['classes'][name] = {'done': done, 'per_s': round(done / seconds, 1), 'since_attach': {
            key: values[key] for key in ('device_ns', 'total_ns') if key in values}}
    return shown
