# SPDX-License-Identifier: GPL-2.0
"""Plots of a bench: the slow tail of latencies, and latency over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import pyplot
from matplotlib.ticker import NullLocator

from weirlab.figures.words import origin
from weirlab.page.kept import SLOTS
from weirlab.page.labels import MOST_PANELS, chosen, handle, spread, styles_of
from weirlab.page.plots import BAND, BLACK, BLUE, ORANGE, RED, grid, log_axis, name_axes
from weirlab.shapes import Entries

if TYPE_CHECKING:
    from weirlab.page.html import Page
    from weirlab.page.kept import Kept


def seed_title(entries: Entries, seed: int) -> str:
    """As origin(), of one seed."""
    return origin([{**entries[0], 'seed_list': [seed]}])


def draw_tails(page: Page, key: tuple[str, str], tables: dict[str, Entries], kept: Kept, name: str) -> None:
    """1 - CDF, both axes logarithmic."""
    cases = spread(list(tables), MOST_PANELS)
    entries = [entry for case in cases for entry in tables[case]]
    styles, labels = styles_of(entries), chosen(entries)
    seeds = sorted({kept.tails[(*key, entry['case'], entry['label'])][0] for entry in entries
                    if entry['label'] in labels})
    title = f'{key[0]}: latency of the foreground, the slow tail below\n{seed_title(entries, seeds[0])}'
    figure, axes, columns = grid(len(cases), title, [handle(label, styles[label]) for label in labels],
                                 panel_height=4 if len(cases) == 1 else 2.5)
    low, high, least = np.inf, 0, 1
    for axis, case in zip(axes, cases):
        for label in labels:
            if (*key, case, label) not in kept.tails:
                continue
            _, values, tail = kept.tails[(*key, case, label)]
            colour, marker, line = styles[label]
            # Markers along the way down, at the same shares for all.
            at = np.unique([int(np.argmin(np.abs(np.log10(tail) - x))) for x in (-0.3, -1, -2, -3, -4)])
            axis.plot(values, tail, color=colour, linestyle=line, marker=marker, markevery=list(at),
                      markersize=9 if marker == '*' else 6,
                      markerfacecolor='white' if '(' in label else colour, drawstyle='steps-pre')
            low, high, least = min(low, values[0]), max(high, values[-1]), min(least, tail[-1])
        axis.set_xscale('log')
        axis.set_yscale('log')
        if len(cases) > 1 or case != 'all':
            axis.set_title(case)
    shares = [(1, 'all'), (0.5, 'p50'), (0.1, 'p90'), (0.01, 'p99'), (1e-3, 'p99.9'),
              (1e-4, 'p99.99'), (1e-5, 'p99.999')]
    shares = [(y, f'{y:g} = {text}' if text != 'all' else '1') for y, text in shares if y >= least * 0.9]
    for axis in axes:
        log_axis(axis.xaxis, low, high)
        axis.set_yticks([y for y, _ in shares])
        axis.set_yticklabels([text for _, text in shares])
        axis.yaxis.set_minor_locator(NullLocator())
        axis.set_ylim(least * 0.8, 1.2)
    figure.subplots_adjust(left=0.16)
    name_axes(axes, columns, 'latency of the foreground, µs', 'share of I/Os\nthat took so long')
    more = f' {len(cases)} of {len(tables)} cases; all are in the tables.' if len(cases) < len(tables) else ''
    page.figure(figure, name, f'Latency of the foreground: the share of I/Os that took at least so long. Further left '
                f'is better.{more}')


def events_of(runs: Entries, key: tuple[str, str]) -> list[tuple[float, str]]:
    """What happened to the disk while fio ran: (seconds, attribute=value)."""
    return sorted({(when, what) for run in runs if (run['scenario'], run['profile']) == tuple(key)
                   for when, what in run.get('events', [])})


def draw_time(page: Page, key: tuple[str, str], tables: dict[str, Entries], kept: Kept, runs: Entries,
              name: str) -> None:
    """Latency over time, a panel per scheduler, of the last case."""
    case = list(tables)[-1]
    entries = tables[case]
    labels = [label for label in chosen(entries) if kept.slots.get((*key, case, label), (0, None))[1] is not None]
    if not labels:
        page.note('Latency over time: fio kept no log of every I/O of this foreground.')
        return
    handles = [pyplot.Line2D([], [], color=BLUE, label='p50 of a slot'),
               pyplot.Rectangle((0, 0), 1, 1, facecolor=BAND, edgecolor=ORANGE, label='up to p99 of a slot'),
               pyplot.Line2D([], [], color=BLACK, marker='.', linestyle='none', label='slowest of a slot')]
    events = events_of(runs, key)
    if events:
        handles.append(pyplot.Line2D([], [], color=RED, linestyle=(0, (4, 2)), label='the disk is changed'))
    seed = kept.slots[(*key, case, labels[0])][0]
    of_case = '' if case == 'all' else f', {case}'
    figure, axes, columns = grid(
        len(labels), f'{key[0]}{of_case}: latency of the foreground over time\n{seed_title(entries, seed)}',
        handles, panel_height=4 if len(labels) == 1 else 1.9)
    low, high = np.inf, 0
    for axis, label in zip(axes, labels):
        at, p50, p99, most = kept.slots[(*key, case, label)][1].T
        axis.fill_between(at, p50, p99, facecolor=BAND, edgecolor=ORANGE, linewidth=0.8)
        axis.plot(at, p50, color=BLUE, linewidth=1.5)
        axis.plot(at, most, color=BLACK, marker='.', markersize=3, linestyle='none')
        for when, what in events:
            axis.axvline(when, color=RED, linestyle=(0, (4, 2)), linewidth=1.2)
            axis.text(when, 1, f' {what}', transform=axis.get_xaxis_transform(), va='top', fontsize=8.5, color=RED)
        axis.set_yscale('log')
        axis.set_title(label)
        low, high = min(low, p50.min()), max(high, most.max())
    for axis in axes:
        log_axis(axis.yaxis, low, high)
    name_axes(axes, columns, 'time, s', 'latency, µs')
    page.figure(figure, name, f'Latency of the foreground over time{of_case}: in each of up to {SLOTS} slots of time '
                'the median, the 99th percentile and the slowest I/O.' + ''.join(
                    f' At {when:g} s: {what}.' for when, what in events), 24)
