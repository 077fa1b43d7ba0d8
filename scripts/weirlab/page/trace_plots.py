# SPDX-License-Identifier: GPL-2.0
"""Plots of a trace: where the time went, latency and queue depth over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib import pyplot
from matplotlib.ticker import FuncFormatter

from weirlab.page.plots import (
    BAND, BLACK, BLUE, GREEN, ORANGE, PURPLE, RED, SKY, YELLOW, grid, log_axis, name_axes, plain)
from weirlab.text import printable

if TYPE_CHECKING:
    from weirlab.page.html import Page

# Of a bio's way, in its order: colour, hatch (for print), what happens.
PHASES = {'Q2G': (ORANGE, '', 'waits for a request'), 'G2I': (YELLOW, '..', 'plugged'),
          'Q2M': (GREEN, '\\\\', 'until merged'), 'I2D': (RED, '//', 'in the scheduler'),
          'M2D': (PURPLE, 'xx', 'merged, not yet issued'), 'G2D': (BAND, '', 'straight to the driver'),
          'Q2D': (BAND, '..', 'to the driver, no request seen'), 'D2C': (SKY, '', 'driver and device'),
          'unseen': ('#ffffff', '', 'unseen')}


def size_of(group: dict[str, Any]) -> str:
    """Who or what a group is."""
    for key in ('operation', 'size', 'cpu'):
        if key in group:
            return str(group[key])
    return f"{printable(group['process'])} ({group['pid']})"


def draw_budget(page: Page, trace: dict[str, Any], title: str) -> None:
    """A stacked bar of all, of each operation, and of the busiest processes."""
    bars = [('all', {name: part['sum_ns'] for name, part in trace['budget'].items()})]
    for kind in ('by_operation', 'by_process'):
        groups = trace[kind][:6]
        if kind == 'by_operation' or len(groups) > 1:
            bars += [(size_of(group), {name: values['sum_ns'] for name, values in group['phases'].items()
                                       if name in PHASES}) for group in groups]
    used = [name for name in PHASES if any(sums.get(name) for _, sums in bars)]
    handles = [pyplot.Rectangle((0, 0), 1, 1, facecolor=PHASES[name][0], hatch=PHASES[name][1], edgecolor='black',
                                linewidth=0.6, label=f'{name}: {PHASES[name][2]}') for name in used]
    figure, (axis,), _ = grid(1, f'Where the time went\n{title}', handles, panel_height=0.45 * len(bars) + 0.4)
    for i, (_, sums) in enumerate(bars):
        total, left = sum(sums.values()) or 1, 0
        for name in used:
            share = 100 * sums.get(name, 0) / total
            axis.barh(i, share, 0.7, left, color=PHASES[name][0], hatch=PHASES[name][1], edgecolor='black',
                      linewidth=0.6)
            if share >= 6:
                axis.text(left + share / 2, i, f'{share:.0f} %', ha='center', va='center', fontsize=9,
                          bbox={'facecolor': 'white', 'edgecolor': 'none', 'pad': 1})
            left += share
    axis.set_yticks(range(len(bars)))
    axis.set_yticklabels([name for name, _ in bars])
    axis.set_ylim(len(bars) - 0.4, -0.6)
    axis.set_xlim(0, 100)
    axis.set_xlabel('share of the time from queueing to completion, %')
    axis.grid(axis='y', visible=False)
    figure.subplots_adjust(left=min(0.4, 0.04 + 0.0085 * max(len(name) for name, _ in bars)))
    page.figure(figure, 'trace-budget', 'The phase budget: of all time that I/Os took, which part went where; '
                'of everything, by operation, and of the busiest processes.')


def draw_heat(page: Page, trace: dict[str, Any], title: str) -> None:
    """Latency over time, how many by colour."""
    over = trace['over_time']
    names = [name for name in ('Q2C', 'D2C') if np.sum(over[name])]
    words = {'Q2C': 'Q2C: queueing to completion', 'D2C': 'D2C: driver and device'}
    edges = np.array(over['latency_edges_ns']) / 1e3
    times = np.append(over['time_s'], over['time_s'][-1] + over['slot_s'])
    counts = {name: np.array(over[name], dtype=float).T for name in names}
    used = np.flatnonzero(sum(counts[name].sum(axis=1) for name in names))
    figure, axes, columns = grid(len(names), f'Latency over time\n{title}', panel_height=3.6, columns=1)
    norm = matplotlib.colors.LogNorm(1, max(max(count.max() for count in counts.values()), 2))
    for axis, name in zip(axes, names):
        mesh = axis.pcolormesh(times, edges, np.ma.masked_equal(counts[name], 0), norm=norm, cmap='cividis_r')
        axis.set_yscale('log')
        axis.set_ylim(edges[used[0]], edges[used[-1] + 1])
        axis.set_title(words[name])
        log_axis(axis.yaxis, edges[used[0]], edges[used[-1] + 1])
    name_axes(axes, columns, 'time, s', 'latency, µs')
    figure.subplots_adjust(right=0.86)
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.88, 0.25, 0.02, 0.5)), format=FuncFormatter(plain))
    bar.set_label(f"I/Os that ended in {over['slot_s'] * 1e3:.3g} ms")
    page.figure(figure, 'trace-heat', 'Heat map of latency over time: darker is more I/Os; '
                'where none ended it is white.')


def draw_depth(page: Page, trace: dict[str, Any], title: str) -> None:
    """Queue depth over time, in the device and in all."""
    over = trace['over_time']
    handles = [pyplot.Line2D([], [], color=BLUE, label='mean of a slot'),
               pyplot.Line2D([], [], color=BLACK, marker='.', linestyle='none', label='most in a slot')]
    names = [('device', 'in the driver and the device'), ('queued', 'queued and not completed')]
    figure, axes, columns = grid(2, f'Queue depth over time\n{title}', handles, sharey=False, columns=1,
                                 panel_height=2.1)
    middle = np.array(over['time_s']) + over['slot_s'] / 2
    for axis, (name, words) in zip(axes, names):
        series = over['depth'][name]
        axis.plot(middle, series['mean'], color=BLUE)
        axis.plot(middle, series['max'], color=BLACK, marker='.', markersize=3, linestyle='none')
        axis.set_title(f"{words}: mean {series['overall_mean']:.2f}, most {series['overall_max']}")
        axis.set_ylim(0, max(series['overall_max'], 1) * 1.08)
        axis.set_xlim(over['time_s'][0], over['time_s'][-1] + over['slot_s'])
    name_axes(axes, columns, 'time, s', 'I/Os')
    page.figure(figure, 'trace-depth', 'Queue depth over time: how many I/Os the device had, '
                'and how many there were in all.')
