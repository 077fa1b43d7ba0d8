# SPDX-License-Identifier: GPL-2.0
"""Plots of a bench: schedulers beside each other, with what is paid for their latency."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from weirlab.figures.words import origin
from weirlab.names import label_key
from weirlab.page.labels import (
    MOST_PANELS, OTHER_STYLE, STYLES, chosen, decides, handle, short_setting, spread, styles_of, sweeps)
from weirlab.page.plots import grid, log_axis, name_axes
from weirlab.shapes import Entries

if TYPE_CHECKING:
    from weirlab.page.html import Page


def put_labels(figure: Any, axis: Any, points: list[tuple[float, float, str]]) -> None:
    """Texts beside points, where the least is in their way."""
    renderer = figure.canvas.get_renderer()
    frame = axis.get_window_extent(renderer)
    places = axis.transData.transform([(x, y) for x, y, _ in points])
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y in places]
    for x, y, text in points:
        options = []
        for rank, (dx, dy, ha, va) in enumerate(((8, 0, 'left', 'center'), (-8, 0, 'right', 'center'),
                                                 (0, 8, 'center', 'bottom'), (0, -8, 'center', 'top'),
                                                 (7, 7, 'left', 'bottom'), (7, -7, 'left', 'top'),
                                                 (-7, 7, 'right', 'bottom'), (-7, -7, 'right', 'top'),
                                                 (0, 20, 'center', 'bottom'), (0, -20, 'center', 'top'))):
            note = axis.annotate(text, (x, y), (dx, dy), 'data', 'offset points', ha=ha, va=va, fontsize=8.5,
                                 zorder=5)
            box = note.get_window_extent(renderer)
            note.remove()
            overlap = sum(max(0, min(box.x1, b[2]) - max(box.x0, b[0])) * max(0, min(box.y1, b[3]) - max(box.y0, b[1]))
                          for b in taken)
            outside = max(0, frame.x0 - box.x0) + max(0, box.x1 - frame.x1) + max(0, box.y1 - frame.y1 - 10)
            options.append((overlap + 20 * outside + rank, rank, dx, dy, ha, va, box))
        _, _, dx, dy, ha, va, box = min(options, key=lambda option: option[:2])
        axis.annotate(text, (x, y), (dx, dy), 'data', 'offset points', ha=ha, va=va, fontsize=8.5,
                      zorder=5)
        taken.append((box.x0, box.y0, box.x1, box.y1))


def draw_tradeoff(page: Page, key: tuple[str, str], tables: dict[str, Entries], runs: Entries, name: str) -> None:
    """The deciding latency against the throughput paid for it."""
    cases = spread(list(tables), MOST_PANELS)
    entries = [entry for case in cases for entry in tables[case]]
    styles = styles_of(entries)
    decider = 'foreground_seconds' if entries[0]['measure'] == 'time' else 'p99_us'
    paid = 'background_mbs' if any(e['figures']['background_mbs'] for e in entries) else 'total_mbs'
    bases = {}
    for label in sorted(styles, key=label_key):
        bases.setdefault(label if label in STYLES else label.partition('(')[0], styles[label])
    title = f'{key[0]}: latency, and the throughput paid for it\n{origin(entries)}'
    handles = [handle(base, style, line=False) for base, style in bases.items()]
    figure, axes, columns = grid(len(cases), title, handles,
                                 panel_height=4 if len(cases) == 1 else 2.8, sharex=False, sharey=False)
    few = len(cases) <= 4
    todo = []
    for axis, case in zip(axes, cases):
        rows = [e for e in tables[case] if e['figures'][decider] and e['figures'][paid]]
        points = []
        for (base, _, _), line in sweeps(rows, runs).items():
            axis.plot([e['figures'][paid]['median'] for e in line], [e['figures'][decider]['median'] for e in line],
                      color=STYLES.get(base, OTHER_STYLE)[0], linestyle='-', linewidth=1.2, zorder=1)
        for entry in rows:
            colour, marker, _ = styles[entry['label']]
            x, y = entry['figures'][paid], entry['figures'][decider]
            swept = '(' in entry['label']
            axis.errorbar(x['median'], y['median'],
                          [[y['median'] - y['low']], [y['high'] - y['median']]],
                          [[x['median'] - x['low']], [x['high'] - x['median']]],
                          color=colour, marker=marker, markersize=6 if swept else 10 if marker != '*' else 14,
                          markerfacecolor='white' if swept else colour, elinewidth=0.8, zorder=2 if swept else 3)
            if few:
                points.append((x['median'], y['median'],
                               short_setting(entry['label']) if swept else entry['label']))
        values = [e['figures'][decider][b] for e in rows for b in ('low', 'high')] or [1, 10]
        across = [e['figures'][paid][b] for e in rows for b in ('low', 'high')] or [0, 1]
        if min(values) > 0:
            axis.set_yscale('log')
            axis.set_ylim(min(values) / 1.4, max(values) * 1.4)
            log_axis(axis.yaxis, *axis.get_ylim())
        room = (max(across) - min(across)) * 0.15 or max(across) * 0.1 or 1
        axis.set_xlim(max(min(across) - room, 0), max(across) + room)
        if len(cases) > 1 or case != 'all':
            axis.set_title(case)
        todo.append((axis, points))
    figure.subplots_adjust(hspace=0.4)
    name_axes(axes, columns, ('background' if paid == 'background_mbs' else 'total') + ' throughput, MB/s',
              'run time of the foreground, s' if decider == 'foreground_seconds' else 'p99 of the foreground, µs')
    figure.canvas.draw()
    for axis, points in todo:
        if points:
            put_labels(figure, axis, points)
    page.figure(figure, name, 'Latency against the throughput paid for it: to the lower right is better. Hollow '
                'markers are settings other than the defaults; a line joins those of one sweep. '
                'Bars are 95 % intervals.')


def draw_cases(page: Page, key: tuple[str, str], tables: dict[str, Entries], name: str) -> None:
    """What decides, a row per case, beside the throughput paid for it."""
    cases = list(tables)
    entries = [entry for case in cases for entry in tables[case]]
    decider, less = decides(entries)
    styles, labels = styles_of(entries), chosen(entries)
    words = {'p99_us': 'p99 of the foreground, µs', 'foreground_seconds': 'run time of the foreground, s',
             'foreground_mbs': 'throughput of the foreground, MB/s', 'background_mbs': 'background, MB/s',
             'total_mbs': 'total, MB/s'}
    beside = any(e['figures']['background_mbs'] for e in entries)
    shown = [decider] + (['background_mbs'] if beside else ['total_mbs'] if less else [])
    title = f'{key[0]}: what decides, by case\n{origin(entries)}'
    figure, axes, _ = grid(len(shown), title, [handle(label, styles[label], line=False) for label in labels],
                           panel_height=max(1.5, 0.04 * len(cases) * (len(labels) + 3)), columns=len(shown),
                           sharex=False)
    for axis, what in zip(axes, shown):
        seen = []
        for (i, case), (j, label) in itertools.product(enumerate(cases), enumerate(labels)):
            found = [e['figures'][what] for e in tables[case] if e['label'] == label and e['figures'][what]]
            if not found or found[0]['median'] <= 0:
                continue
            middle, low, high = (found[0][n] for n in ('median', 'low', 'high'))
            colour, marker, _ = styles[label]
            axis.errorbar(middle, i + 0.7 * ((j + 0.5) / len(labels) - 0.5), xerr=[[middle - low], [high - middle]],
                          color=colour, marker=marker, markersize=10 if marker == '*' else 7,
                          markerfacecolor='white' if '(' in label else colour, elinewidth=0.8)
            seen += [low or middle, high]
        axis.set_xscale('log')
        if seen:
            axis.set_xlim(min(seen) / 1.25, max(seen) * 1.25)
            log_axis(axis.xaxis, *axis.get_xlim())
        axis.set_xlabel(words[what])
        axis.grid(axis='y', visible=False)
        for i in range(1, len(cases)):
            axis.axhline(i - 0.5, color='#999999', linewidth=0.6)
    axes[0].set_yticks(range(len(cases)))
    axes[0].set_yticklabels(cases)
    axes[0].set_ylim(len(cases) - 0.5, -0.5)
    figure.subplots_adjust(left=min(0.45, 0.03 + 0.0085 * max(len(case) for case in cases)))
    page.figure(figure, name, f"What decides, by case: further {'left' if less else 'right'} is better" +
                ('; beside it the throughput, where further right is better.' if len(shown) > 1 else '.'))
