# SPDX-License-Identifier: GPL-2.0
"""Before a real disk is touched: what will be done, how long it takes, what is lost."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weirlab.bench.run import Run
    from weirlab.bench.scenario import Scenario

UNITS = {'ms': 0.001, 's': 1, 'm': 60, '': 1}
# Of a case, beside fio's own time: the scheduler is set, fio begins and ends.
BESIDE = 2


def lsblk(path: str, *columns: str) -> list[dict[str, Any]]:
    """The disk and its parts, flat."""
    said = subprocess.run(['lsblk', '-Jbo', ','.join(columns), path], stdout=subprocess.PIPE, check=True).stdout
    todo, found = json.loads(said)['blockdevices'], []
    while todo:
        one = todo.pop(0)
        todo += one.pop('children', [])
        found.append(one)
    return found


def drive(path: str) -> dict[str, Any]:
    """What a result is of; without the serial number, which is nobody's business."""
    disk = lsblk(path, 'MODEL', 'SIZE', 'ROTA', 'TRAN', 'REV')[0]
    return {'model': (disk['model'] or 'unknown').strip(), 'size_bytes': disk['size'],
            'rotational': disk['rota'], 'transport': disk['tran'], 'firmware': disk['rev']}


def seconds_of(scenario: Scenario, quick: bool) -> float | None:
    """What its job file says that it takes, all cases; None where it ends when its I/O is done.

    Jobs run side by side, so that of each time the longest counts."""
    text, longest = scenario.text('device'), {}
    for name, value in scenario.TIMES.findall(text):
        time = scenario.TIME.fullmatch(value)
        if time is None:
            return None
        longest[name] = max(longest.get(name, 0), int(time[1]) * UNITS[time[2]])
    if 'runtime' not in longest:
        return None
    return (sum(longest.values()) + BESIDE) * len(list(scenario.cases(quick)))


def how_long(runs: list[Run]) -> str:
    """Of all runs together."""
    times = [seconds_of(run.scenario, run.quick) for run in runs]
    known = sum(time for time in times if time is not None)
    open_ended = sorted({run.scenario.name for run, time in zip(runs, times) if time is None})
    said = f'about {max(1, round(known / 60))} min' if known else 'a time that no job file says'
    return said + (f', and as long as the I/O of {" ".join(open_ended)} takes' if known and open_ended else '')


def on_it(parts: list[dict[str, Any]]) -> str:
    """What lsblk sees on a disk, in a line."""
    found = [f"{part['name']} ({' '.join(filter(None, (part['fstype'], part['label'])))})"
             for part in parts if part['fstype']]
    named = [part['name'] for part in parts[1:] if not part['fstype']]
    return ', '.join(found + named) or 'no partition and no file system that lsblk knows'


def announcement(options: argparse.Namespace, scenarios: list[Scenario]) -> list[str]:
    """A line each."""
    # Runs ask bench.disk, which has this said.
    from weirlab.bench.work import all_runs
    runs = all_runs(options, scenarios)
    todo = [run for run in runs if not (run.dir / 'run.json').exists()]
    one, writers = drive(options.device), [scenario.name for scenario in scenarios if scenario.destroys]
    lines = [f"{options.device}: {one['model']}, {one['size_bytes'] / 1e9:.4g} GB",
             f"will do: {len(runs)} runs of {' '.join(scenario.name for scenario in scenarios)}, under "
             f"{' '.join(options.schedulers)}, seeds {' '.join(map(str, options.seeds))}; scheduler, its settings and"
             ' wbt_lat_usec are set for each, and put back']
    if len(todo) < len(runs):
        lines.append(f'of these {len(runs) - len(todo)} are in {options.out}; they are only run again if what they'
                     ' depend on has changed')
    lines.append(f'will take: {how_long(todo)}')
    if writers:
        parts = lsblk(options.device, 'NAME', 'FSTYPE', 'LABEL')
        lines.append(f"IS LOST: all that is on {options.device}, to which {' '.join(writers)} write: {on_it(parts)}")
    else:
        lines.append('is lost: nothing; the jobs only read, and fio is told to refuse any write')
    return lines


def name_of(model: str) -> str:
    """A folder's: small letters, digits and dashes."""
    return re.sub(r'[^a-z0-9]+', '-', model.lower()).strip('-') or 'unknown'
