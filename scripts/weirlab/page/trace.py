# SPDX-License-Identifier: GPL-2.0
"""The page of a trace directory."""

from __future__ import annotations

import os

from weirlab.figures.again import trace_again
from weirlab.figures.words import number
from weirlab.files import read_json
from weirlab.page.html import Page, escaped
from weirlab.page.trace_plots import PHASES, draw_budget, draw_depth, draw_heat, size_of
from weirlab.shapes import Entries
from weirlab.text import Trouble


def micro(ns: float) -> str:
    """Of a table."""
    return number(ns / 1e3, '.4g')


def group_rows(page: Page, heading: str, groups: Entries) -> None:
    """A table of groups, Q2C and D2C side by side."""
    names = [('mean_ns', 'mean'), ('p50_ns', 'p50'), ('p99_ns', 'p99'), ('p99.9_ns', 'p99.9'), ('max_ns', 'max')]
    rows = [[heading, 'I/Os', 'MB'] + [f'{phase} {name} µs' for phase in ('Q2C', 'D2C') for _, name in names]]
    for group in groups:
        rows.append([size_of(group), str(group['bios']), f"{group['bytes'] / 1e6:.1f}"] +
                    [micro(group['phases'][phase][key]) if phase in group['phases'] else '-'
                     for phase in ('Q2C', 'D2C') for key, _ in names])
    page.table(rows, 1)


def trace_page(directory: str, out: str) -> tuple[Page, str]:
    """The page of a trace directory."""
    path = os.path.join(directory, 'trace.json')
    trace = read_json(path, None)
    if not isinstance(trace, dict) or 'phases' not in trace or 'over_time' not in trace:
        raise Trouble(f'{path}: not what scripts/trace writes')
    if trace.get('version') != 1:
        raise Trouble(f"{path}: its version is '{trace.get('version')}': want 1")
    device = trace.get('device') or f"device {trace.get('device_number')}"
    origin = f"simulated ({trace['simulated']})" if trace.get('simulated') else f'on {device}'
    title = f'{device}: {origin}' if trace.get('simulated') else origin
    page = Page(out, 3)
    try:
        page.heading(1, f'weir: trace of {device}')
        page.note(f"{origin}, {trace.get('what') or 'a block device'}: {trace['duration_s']:.3f} s, {trace['events']} "
                  f"events, {trace['finished_bios']} I/Os queued and completed in it.")
        lost = [f"{trace[key]} {words}" for key, words in (
            ('dropped', 'events dropped by the kernel'), ('missing_events', 'events missing in the files'))
                if trace.get(key)]
        if lost:
            page.note(' and '.join(lost) + ': I/Os they belong to are left out or wrong', 'failed')
        page.heading(2, 'How to read this', 'how')
        page.add('<ul>' + ''.join(f'<li>{escaped(text)}</li>' for text in (
            'An I/O (bio) is queued (Q), gets a request (G) or is merged into one (M), is inserted into the scheduler '
            '(I), dispatched to the driver (D) and completed (C). Q2G and so on are the times between.',
            'Much I2D: the scheduler or a full queue holds it. Much D2C: the device (and what is queued in it). Much '
            'Q2G: there were no free requests.',
            'Percentiles are of single I/Os, by nearest rank. MB are 10^6 bytes.')) + '</ul>')
        page.again = trace_again(trace)
        page.heading(2, 'Where the time went', 'budget')
        draw_budget(page, trace, title)
        names = [('mean_ns', 'mean'), ('p50_ns', 'p50'), ('p90_ns', 'p90'), ('p99_ns', 'p99'), ('p99.9_ns', 'p99.9'),
                 ('p99.99_ns', 'p99.99'), ('max_ns', 'max')]
        page.table([['phase', 'what', 'count'] + [f'{name} µs' for _, name in names] + ['% of time']] + [
            [name, PHASES[name][2] if name in PHASES else {'Q2Q': 'from one I/O to the next', 'Q2C': 'all of it'}[name],
             str(values['count'])] + [micro(values[key]) for key, _ in names] +
            [f"{100 * trace['budget'][name]['share']:.1f}" if name in trace['budget'] else '-']
            for name, values in trace['phases'].items()], 2)
        page.heading(2, 'Latency over time', 'heat')
        draw_heat(page, trace, title)
        page.heading(2, 'Queue depth', 'depth')
        draw_depth(page, trace, title)
        page.heading(2, f'Who and what: {origin}', 'groups')
        shown = trace['by_process'][:40]
        page.heading(3, 'By process')
        group_rows(page, 'process', shown)
        if len(shown) < len(trace['by_process']):
            page.note(f"and {len(trace['by_process']) - len(shown)} more")
        for name in ('operation', 'size', 'cpu'):
            page.heading(3, 'By ' + name.replace('cpu', 'CPU'))
            group_rows(page, {'size': 'at most'}.get(name, name), trace['by_' + name])
        page.again = ''
        page.heading(2, 'Machine, versions, parameters', 'machine')
        rows = [[name.replace('_', ' '), trace.get(name)] for name in (
            'device', 'disk', 'simulated', 'scheduler', 'kernel', 'machine', 'command', 'date', 'dropped',
            'missing_events')]
        rows += [['queue/' + name, value] for name, value in (trace.get('queue') or {}).items()]
        rows += [[name.replace('_', ' '), value] for name, value in trace['counts'].items()]
        page.table([['what', 'value']] + [[name, ' '.join(value) if isinstance(value, list) else
                                           '-' if value is None else str(value)] for name, value in rows], 2)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise Trouble(f'{path}: not what this version of scripts/trace writes: {error!r}') from error
    return page, f'weir: trace of {device}'
