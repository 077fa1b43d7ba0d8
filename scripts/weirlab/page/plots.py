# SPDX-License-Identifier: GPL-2.0
"""What the plots of a page have in common: axes, panels, colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

WIDTH = 10.0
# Okabe and Ito's colours: told apart by the colour-blind, and in grey by marker and line.
BAND, YELLOW = '#fbe7bd', '#f0e442'
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    '#000000', '#e69f00', '#56b4e9', '#009e73', '#0072b2', '#d55e00', '#cc79a7')


def set_up() -> None:
    """The same on every machine, whatever its matplotlibrc says."""
    matplotlib.rcdefaults()
    matplotlib.rcParams.update({
        'font.family': 'DejaVu Sans', 'font.size': 10, 'axes.titlesize': 10, 'axes.grid': True,
        'grid.color': '#d0d0d0', 'grid.linewidth': 0.6, 'axes.axisbelow': True, 'lines.linewidth': 1.6,
        'legend.frameon': False, 'legend.fontsize': 10, 'figure.facecolor': 'white', 'axes.spines.top': False,
        'axes.spines.right': False, 'xtick.labelsize': 9, 'ytick.labelsize': 9})
    # Whoever has $ in his name means no formula. (matplotlib 3.6 and later)
    if 'text.parse_math' in matplotlib.rcParams:
        matplotlib.rcParams['text.parse_math'] = False


def plain(value: float, _: Any = None) -> str:
    """A tick without an exponent."""
    return f'{value:,.0f}' if value >= 1 else f'{value:g}'


def log_axis(axis: Any, low: float, high: float) -> None:
    """Logarithmic, labelled in plain numbers, between numbers of that decade."""
    decades = math.log10(high / low) if low > 0 else 9
    axis.set_major_locator(LogLocator(subs=(1,) if decades > 2.5 else (1, 2, 5) if decades > 0.5 else range(1, 10)))
    axis.set_major_formatter(FuncFormatter(plain))
    axis.set_minor_formatter(NullFormatter())
    if decades < 1:
        axis.set_minor_locator(NullLocator())


def grid(count: int, title: str, handles: Sequence[Any] = (), panel_height: float = 2.5, columns: int | None = None,
         sharex: bool = True, sharey: bool = True) -> tuple[Any, list[Any], int]:
    """Panels with room for a title above and a legend below."""
    columns = columns or (1 if count == 1 else 2 if count in (2, 4) else 3)
    rows = math.ceil(count / columns)
    per_row = 4 if all(len(h.get_label()) < 24 for h in handles) else 3
    below = 0.62 + 0.24 * math.ceil(len(handles) / per_row)
    height = 0.75 + rows * panel_height + (rows - 1) * 0.4 + below
    figure, axes = pyplot.subplots(rows, columns, figsize=(WIDTH, height), squeeze=False, sharex=sharex, sharey=sharey)
    figure.subplots_adjust(left=0.09, right=0.98, top=1 - 0.75 / height, bottom=below / height,
                           hspace=0.4 / panel_height, wspace=0.1 if sharey else 0.28)
    figure.suptitle(title, y=1 - 0.12 / height, fontsize=12, fontweight='bold')
    axes = list(axes.flat)
    for axis in axes[count:]:
        axis.remove()
    for i, axis in enumerate(axes[:count]):
        # The lowest of each column has the numbers, also above a gap.
        if i + columns >= count:
            axis.xaxis.set_tick_params(labelbottom=True)
    if handles:
        figure.legend(handles=list(handles), loc='lower center', ncol=min(per_row, len(handles)),
                      bbox_to_anchor=(0.5, 0), handlelength=3)
    return figure, axes[:count], columns


def name_axes(axes: list[Any], columns: int, x: str, y: str) -> None:
    """Units, once a column and once a row."""
    for i, axis in enumerate(axes):
        if i + columns >= len(axes):
            axis.set_xlabel(x)
        if i % columns == 0:
            axis.set_ylabel(y)
