# SPDX-License-Identifier: GPL-2.0
"""Figures as the tables and the page say them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from weirlab.shapes import Entries, Figure

if TYPE_CHECKING:
    from weirlab.figures.folder import Bench

# Of the tables: heading, figure, format.
COLUMNS = [('p50 us', 'p50_us', '.4g'), ('p99 us', 'p99_us', '.4g'), ('p99.9 us', 'p999_us', '.4g'),
           ('max us', 'max_us', '.4g'), ('fg IOPS', 'foreground_iops', '.4g'),
           ('fg MB/s', 'foreground_mbs', '.4g'), ('bg MB/s', 'background_mbs', '.4g'),
           ('total MB/s', 'total_mbs', '.4g'), ('run s', 'foreground_seconds', '.4g'),
           ('util', 'utilisation', '.2f'), ('Jain', 'jain', '.3f'), ('weights', 'weight_ratio', '.3g'),
           ('idle', 'idle_share', '.4f'), ('settled', 'settled_p99', '.3g'), ('back', 'rate_back', '.3g'),
           ('cont.', 'continuing', '.3f'),
           ('instr/IO', 'instructions_per_io', '.5g')]
WORDS = {'p99_us': 'p99 us', 'foreground_seconds': 'run s', 'foreground_mbs': 'fg MB/s'}


def number(value: float, form: str) -> str:
    """Of a figure; large ones without an exponent."""
    return f'{value:.0f}' if form.endswith('g') and abs(value) >= 1000 else f'{value:{form}}'


def cell(figure: Figure | None, form: str) -> str:
    """A median with its interval."""
    if figure is None:
        return '-'
    text, low, high = (number(figure[name], form) for name in ('median', 'low', 'high'))
    return text if low == high else f'{text} ({low} to {high})'


def seeds_of(entries: Entries) -> str:
    """'seed 1' or 'seeds 1 2 3'."""
    seeds = sorted({seed for entry in entries for seed in entry['seed_list']})
    return ('seed ' if len(seeds) == 1 else 'seeds ') + ' '.join(map(str, seeds))


def origin(entries: Entries) -> str:
    """Where figures come from: said on everything that is shown."""
    entry = entries[0]
    if entry['simulated']:
        return f"simulated (profile {entry['profile']}, {seeds_of(entries)})"
    return f"on {entry['device'] or 'a disk of this machine'} (profile {entry['profile']}, {seeds_of(entries)})"


def notes(bench: Bench, key: tuple[str, str, str], entries: Entries) -> Iterator[str]:
    """Sentences below a table."""
    measure = entries[0]['measure']
    what = {'latency': 'lowest p99', 'time': 'least run time', 'throughput': 'highest foreground MB/s'}[measure]
    failed = bench.failed_checks(*key[:2])
    if failed:
        yield 'gate failed: not scored (' + '; '.join(str(c.get('text') or c.get('check')) for c in failed) + ')'
    elif len(entries) > 1:
        winners = [entry['label'] for entry in entries if entry['winner']]
        several = ' (cannot be told apart)' if len(winners) > 1 else ''
        yield f"winner by {what}: {', '.join(winners) or 'nobody'}{several}"
    if any(entry['seeds'] > 1 for entry in entries):
        yield 'medians over seeds, with 95 % bootstrap intervals where seeds differ'
    tried = [entry for entry in entries if not entry['whole']]
    if tried and max(entry['seeds'] for entry in entries) > max(entry['seeds'] for entry in tried):
        yield f"{', '.join(entry['label'] for entry in tried)}: {seeds_of(tried)} only, and no winner"
    by = sorted({by for entry in entries for by in entry['jain_by']})
    if by:
        yield "Jain's index over all jobs, by " + ' or '.join(by)
    source = {s for entry in entries for s in entry['latency_from']}
    words = {'log': 'of every I/O', 'lat bins': "of fio's bins", 'sync bins': "of fsync, fio's bins",
             'clat bins': "of fio's completion bins"}
    yield 'latency: ' + ', '.join(words[s] for s in sorted(source))


def columns_of(entries: Entries) -> list[tuple[str, str, str]]:
    """Those with anything in them."""
    return [column for column in COLUMNS if any(entry['figures'][column[1]] for entry in entries)]


def gate_lines(gate: Entries) -> list[list[str]]:
    """Heading and rows of the gate's table."""
    def text(value: Any) -> str:
        return f'{value:.4g}' if isinstance(value, float) else '-' if value is None else str(value)

    def verdict(ok: bool | None) -> str:
        return 'ok' if ok is True else 'FAILED' if ok is False else 'not checked'
    rows = [['', 'check', 'scenario', 'value', 'want']]
    for check in gate:
        rows.append([verdict(check['ok']), str(check.get('text') or check.get('check')),
                     text(check.get('scenario')), text(check.get('value')), text(check.get('want'))])
    return rows


def figure_text(value: float) -> str:
    """Of a goal."""
    return number(value, '.4g')


def sweep_lines(bench: Bench, scenario: str, profile: str) -> list[list[str]]:
    """Heading and rows of the table of what settings can do; none if none were tried."""
    found = [best for best in bench.best if (best['scenario'], best['profile']) == (scenario, profile)]
    if not found:
        return []
    what = WORDS[found[0]['figure']] + (', mean of the cases' if found[0]['cases'] > 1 else '')
    return [['scheduler', 'best of its sweep', f'as it comes: {what}', 'at its best', 'settings tried']] + [
        [best['scheduler'], best['best'] if best['best'] != best['scheduler'] else 'as it comes',
         number(best['default'], '.4g'), number(best['best_value'], '.4g'), str(best['settings'])]
        for best in found]
