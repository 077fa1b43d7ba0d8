# SPDX-License-Identifier: GPL-2.0
"""The tables that scripts/trace prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from weirlab.table import cut, padded
from weirlab.text import printable
from weirlab.trace.figures import PERCENTILES, SLOTS


def us(value: float) -> str:
    """Microseconds, with what digits mean something."""
    value /= 1000
    return f'{value:.0f}' if value >= 1e5 else f'{value:.1f}' if value >= 100 else f'{value:.2f}'


PHASE_ROW = '{:<6} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>6}'
GROUP_ROW = '{} {:<4} {:>9} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10}'
SHOWN = ('mean_ns', 'p50_ns', 'p90_ns', 'p99_ns', 'p99.9_ns', 'p99.99_ns', 'max_ns')


def phase_table(shown: dict[str, Any]) -> Iterator[str]:
    yield PHASE_ROW.format('phase', 'count', 'mean_us', *(name for name, _ in PERCENTILES), 'max',
                           'time%').rstrip()
    for name, values in shown['phases'].items():
        share = shown['budget'].get(name)
        yield PHASE_ROW.format(name, values['count'], *(us(values[key]) for key in SHOWN),
                               f"{share['share'] * 100:.1f}" if share else '-')
    if 'unseen' in shown['budget']:
        yield PHASE_ROW.format('unseen', *[''] * 8,
                               f"{shown['budget']['unseen']['share'] * 100:.1f}")


def process_name(group: dict[str, Any]) -> str:
    """With its number, which is what tells two of a name apart, in the column's width."""
    number = f" ({group['pid']})"
    return cut(printable(group['process']), 22 - len(number)) + number


def group_table(title: str, groups: Sequence[dict[str, Any]], name: Callable[[dict[str, Any]], Any]) -> Iterator[str]:
    yield ''
    yield GROUP_ROW.format(padded(title, 22, True), '', 'count', 'MB', 'mean_us', 'p50', 'p99', 'p99.9', 'max')
    for group in groups:
        first = padded(str(name(group)), 22, True), f"{group['bytes'] / 1e6:.1f}"
        for phase in ('Q2C', 'D2C'):
            values = group['phases'].get(phase)
            if values:
                yield GROUP_ROW.format(first[0], phase, values['count'], first[1], *(
                    us(values[key])
                    for key in ('mean_ns', 'p50_ns', 'p99_ns', 'p99.9_ns', 'max_ns')))
                first = ' ' * 22, ''


def depth_table(shown: dict[str, Any]) -> Iterator[str]:
    """A tenth of the time a row."""
    over = shown['over_time']
    yield ''
    yield f"{'time_s':>10} {'device':>10} {'max':>5} {'all':>10} {'max':>5}   queue depth"
    step = SLOTS // 10
    for begin in range(0, SLOTS, step):
        cells = []
        for name in ('device', 'queued'):
            series = over['depth'][name]
            cells += [f"{sum(series['mean'][begin:begin + step]) / step:.2f}",
                      max(series['max'][begin:begin + step])]
        yield '{:>10.3f} {:>10} {:>5} {:>10} {:>5}'.format(over['time_s'][begin], *cells)


def lines(shown: dict[str, Any], top: int) -> Iterator[str]:
    counts, merges = shown['counts'], shown['merges']
    yield f"{shown['device'] or 'device ' + shown['device_number']}: {shown['what']}"
    if shown['simulated']:
        yield f"simulated: {shown['simulated']}"
    yield (f"{shown['duration_s']:.3f} s, {shown['events']} events, {shown['finished_bios']} of "
           f"{counts['bios']} bios queued and completed")
    left = [f"{counts[key]} {text}" for key, text in (
        ('unknown_start', 'under way before it began'),
        ('unfinished', 'not completed when it ended'),
        ('merged_to_unknown', 'merged into a request that is not in it'),
        ('passthrough', 'events of passthrough commands')) if counts[key]]
    if left:
        yield 'left out: ' + ', '.join(left)
    yield ''
    yield from phase_table(shown)
    if shown['absent']:
        yield ('no event of this trace gives: ' + ', '.join(shown['absent']) +
               (' (no request was inserted anywhere: G2D instead)'
                if 'G2D' in shown['phases'] else ''))
    yield ''
    yield (f"merged bios: {merges['back']} at the back, {merges['front']} at the front, "
           f"{merges['share'] * 100:.1f} % of all; {merges['requests']} requests into requests")
    yield (f"splits: {counts['splits']}, requeues: {counts['requeues']}, "
           f"remaps: {counts['remaps']}, "
           f"completed in parts: {counts['partial']}")
    yield from group_table('operation', shown['by_operation'], lambda group: group['operation'])
    yield from group_table('size (at most)', shown['by_size'], lambda group: group['size'])
    processes = shown['by_process']
    yield from group_table('process', processes[:top], process_name)
    if len(processes) > top:
        yield f'(and {len(processes) - top} more: --top)'
    yield from group_table('CPU', shown['by_cpu'], lambda group: group['cpu'])
    yield from depth_table(shown)
