# SPDX-License-Identifier: GPL-2.0
"""The commands that make a table or a plot of a bench directory again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from weirlab.names import SCHEDULERS

if TYPE_CHECKING:
    from weirlab.figures.folder import Bench

# Elsewhere: what has been run is not run again.
OUT = 'out/again'
IPNS = 16


def spans(numbers: Iterable[int]) -> list[str]:
    """As --seeds takes them: '1-3' for 1, 2 and 3."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return [f'{span[0]}-{span[-1]}' for span in found]


def name_of(scenario: str, asked: dict[str, Any]) -> str:
    """As scripts/bench was told it: a job file of one's own is called by its path."""
    own = [word for word in asked.get('arguments', []) if re.search(rf'(^|/){re.escape(scenario)}\.fio$', word)]
    return own[0] if own else scenario


def options_of(asked: dict[str, Any]) -> list[str]:
    """What else was asked for, as far as it was not what comes by itself."""
    options = []
    if asked.get('device'):
        options += ['--device', asked['device']] + ['--destroy'] * ('--destroy' in asked.get('arguments', []))
    elif asked.get('kernel'):
        options += ['--kernel', asked['kernel']]
    if asked.get('schedulers', SCHEDULERS) != SCHEDULERS:
        options += ['--sched', ','.join(asked['schedulers'])]
    if asked.get('ipns', IPNS) != IPNS and not asked.get('device'):
        options += ['--ipns', str(asked['ipns'])]
    return options + ['--quick'] * bool(asked.get('quick'))


def commands(bench: Bench, keys: Iterable[tuple[str, str]]) -> list[str]:
    """Those that run these (scenario, profile) again: as few as have the same seeds, and the
    settings that were tried as well."""
    jobs: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for scenario, profile in dict.fromkeys(keys):
        rows = [row for row in bench.rows if row[:2] == (scenario, profile)]
        whole = [row.seed for row in rows if row.run.get('whole', True)]
        # Only the first of a call's profiles is swept.
        swept = [profile] * (len(whole) < len(rows))
        for seeds in spans(whole or [row.seed for row in rows]):
            jobs.setdefault((seeds, *swept), {}).setdefault(profile, []).append(scenario)
    calls: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
    for (seeds, *swept), profiles in jobs.items():
        for profile, scenarios in profiles.items():
            calls.setdefault((seeds, bool(swept), tuple(scenarios)), []).append(profile)
    first = ['sudo'] if bench.asked.get('device') else []
    return [shlex.join([
        *first, 'scripts/bench', *(name_of(scenario, bench.asked) for scenario in scenarios),
        *([] if first else ['--profile', *profiles]), '--seeds', seeds, *options_of(bench.asked),
        *([] if swept else ['--no-sweeps']), '--out', OUT])
        for (seeds, swept, scenarios), profiles in calls.items()]


def everything(bench: Bench) -> list[tuple[str, str]]:
    """All (scenario, profile) there are."""
    return list(dict.fromkeys(row[:2] for row in bench.rows))


def again(bench: Bench, keys: Iterable[tuple[str, str]], *more: Sequence[str]) -> str:
    """The line to call; MORE: commands that follow, of the folder that it leaves."""
    line = ' && '.join([*commands(bench, keys), *(shlex.join([*command, OUT]) for command in more)])
    # There no option chooses it.
    kernels = sorted({str(run.get('kernel')) for run in bench.runs}) if bench.asked.get('device') else []
    return line + (f"  # Linux {' '.join(kernels)}" if kernels else '')


def trace_again(trace: dict[str, Any]) -> str:
    """The same of a trace, as trace.json has it."""
    what = ['--', *trace['command']] if trace.get('command') else ['--seconds', str(max(1, round(trace['duration_s'])))]
    device = trace.get('device') or 'DEV'
    return shlex.join(['sudo', 'scripts/trace', device, '--out', OUT, *what]) + ' && ' + \
        shlex.join(['scripts/report', OUT]) + (f"  # Linux {trace['kernel']}" if trace.get('kernel') else '')
