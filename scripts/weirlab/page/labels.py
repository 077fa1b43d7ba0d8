# SPDX-License-Identifier: GPL-2.0
"""How schedulers and their settings are told apart in the plots of a bench."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot

from weirlab.figures.folder import DECIDES
from weirlab.names import label_key, natural
from weirlab.page.plots import BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY
from weirlab.shapes import Entries

# Colour, marker, line.
Style = tuple[str, str, Any]

MOST_PANELS, MOST_LINES = 12, 9
STYLES = {'none': (BLACK, 'o', '-'), 'none(wbt_lat_usec=0)': (PURPLE, 'X', (0, (5, 1))), 'mq-deadline': (ORANGE, 's', (0, (1, 1))),
          'kyber': (SKY, '^', '-'), 'bfq': (GREEN, 'D', (0, (4, 1, 1, 1))), 'weir': (RED, '*', '-')}
OTHER_STYLE = (BLUE, 'v', '-')
SWEPT_LINES = [(0, (2, 2)), (0, (6, 2)), (0, (3, 1, 1, 1, 1, 1))]


def base_of(entry: dict[str, Any]) -> str:
    """The scheduler, or what it is called."""
    base = entry['label'].partition('(')[0]
    return base if base in STYLES else entry['scheduler']


def styles_of(entries: Entries) -> dict[str, Style]:
    """{label: (colour, marker, line)}: of a scheduler all settings have its colour."""
    styles, swept = {}, {}
    for label in sorted({entry['label'] for entry in entries}, key=label_key):
        base = base_of(next(entry for entry in entries if entry['label'] == label))
        colour, marker, line = STYLES.get(label) or STYLES.get(base, OTHER_STYLE)
        if '(' in label and label not in STYLES:
            line = SWEPT_LINES[swept.setdefault(base, 0) % len(SWEPT_LINES)]
            swept[base] += 1
        styles[label] = colour, marker, line
    return styles


def handle(label: str, style: Style, marker: bool = True, line: bool = True) -> Any:
    """Of a legend."""
    return pyplot.Line2D([], [], color=style[0], marker=style[1] if marker else None,
                         markersize=11 if style[1] == '*' else 8, linestyle=style[2] if line else 'none', label=label,
                         markerfacecolor='white' if '(' in label else style[0])


def decides(entries: Entries) -> tuple[str, bool]:
    """(figure, whether less is better) of the scenario."""
    return DECIDES[entries[0]['measure']]


def chosen(entries: Entries) -> list[str]:
    """Labels to draw lines of: each scheduler as it comes, and the best of its settings."""
    labels = sorted({entry['label'] for entry in entries}, key=label_key)
    if len(labels) <= 6:
        return labels
    name, less = decides(entries)
    best, plain_ones = {}, [label for label in labels if '(' not in label]
    for label in labels:
        if '(' in label:
            mine = [entry for entry in entries if entry['label'] == label and entry['figures'][name]]
            if mine:
                score = float(np.mean([math.log(max(e['figures'][name]['median'], 1e-9)) for e in mine]))
                best.setdefault(base_of(mine[0]), []).append((score if less else -score, label))
    both = plain_ones + [min(found)[1] for found in best.values()]
    return sorted(both, key=label_key)[:MOST_LINES]


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def sweeps(entries: Entries, runs: Entries) -> dict[tuple[Any, ...], Entries]:
    """Lists of entries of one scheduler that differ in the value of one setting, sorted by it."""
    settings = {run['label']: run.get('settings') or {} for run in runs}
    groups = {}
    for entry in entries:
        mine = settings.get(entry['label'], {})
        for name in mine:
            rest = tuple(sorted((n, v) for n, v in mine.items() if n != name))
            groups.setdefault((base_of(entry), name, rest), []).append((natural(mine[name]), entry))
    return {key: [entry for _, entry in sorted(found, key=lambda pair: pair[0])]
            for key, found in groups.items() if len(found) > 1}


def short_setting(label: str) -> str:
    """What is in the brackets, without the names of what is set if there is but one."""
    inside = label.partition('(')[2].rstrip(')')
    if inside.count('=') != 1:
        return inside
    setting, _, value = inside.partition('=')
    if setting.endswith('_nsec') and value.isdigit():
        return f'{int(value) / 1e3:g} µs'
    return f'{value} µs' if setting.endswith('_usec') else inside
