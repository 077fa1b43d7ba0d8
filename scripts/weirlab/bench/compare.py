# SPDX-License-Identifier: GPL-2.0
"""scripts/bench compare: the figures of two result folders beside each other, seed by seed.

Of each figure the ratio B / A is the geometric mean over the seeds, with Student's interval
of 95 % on the logarithm: paired where both have a figure of the same seeds, else Welch's.
One seed has no interval, and gives no verdict.

A folder has hundreds of figures, and of those intervals one in twenty excludes 1 by chance. So
a verdict wants more: that with chance alone the share CHANCE of comparisons, at most, had such a
change in any of their figures (Bonferroni)."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from weirlab.bench.keep import kept_rows
from weirlab.bench.say import Refused
from weirlab.files import read_json
from weirlab.names import label_key, natural
from weirlab.table import show_table
from weirlab.text import Trouble

# A change for the worse that is less than this is none.
REGRESSION = 0.02
# Of a false alarm anywhere in a comparison: 5 % in 20 of them.
CHANCE = 0.05 / 20
# Of logarithms: less is nothing but rounding, more is as good as everything.
SAME, MOST = 1e-9, math.log(1000)
# fio's bins are 64 an octave; run times are in whole milliseconds.
BIN, MILLISECOND = 1 / 64, 0.001
PERCENTILES = ('p50_us', 'p99_us', 'p999_us')
TIMED = ('foreground_seconds', 'foreground_iops', 'foreground_mbs', 'background_mbs', 'total_mbs', 'total_iops',
         'write_mbs', 'read_mbs')
# Of what nobody can say whether more or less of it is better, there is no verdict.
LESS_IS_BETTER = ('p50_us', 'p99_us', 'p999_us', 'max_us', 'mean_us', 'foreground_seconds', 'settled_p99',
                  'instructions_per_io')
MORE_IS_BETTER = ('foreground_iops', 'foreground_mbs', 'background_mbs', 'total_mbs', 'total_iops', 'write_mbs',
                  'read_mbs', 'jain', 'rate_back')

# (scenario, profile, case, label, figure): {seed: value}
Key = tuple[str, str, str, str, str]
Seeds = dict[int, float]
Found = dict[Key, Seeds]


class Ratio(NamedTuple):
    """B / A and its interval (None without one); of the logarithm the standard error with its
    degrees of freedom, and by how much figures may be off all alike."""

    ratio: float
    low: float | None
    high: float | None
    error: float = 0.0
    freedom: float = 1.0
    grain: float = 0.0

    def chance(self) -> float:
        """How likely chance alone gives so great a change in that direction."""
        far = max(abs(math.log(self.ratio)) - self.grain, 0.0)
        if self.error > SAME:
            return float(special.stdtr(self.freedom, -far / self.error))
        return 0.0 if far > SAME else 1.0

    def least(self, figures: int) -> float:
        """How great a change would have to be for a verdict."""
        times = -special.stdtrit(self.freedom, CHANCE / figures) if self.error > SAME else 0.0
        # Of two seeds it may be any number.
        return max(math.expm1(min(float(times) * self.error + self.grain, MOST)), REGRESSION)

    def verdict(self, less: bool, figures: int = 1) -> str:
        """LESS: whether less is better; FIGURES: how many there are, any of which might have been
        the one to raise an alarm."""
        if self.low is None or self.chance() * figures >= CHANCE:
            return ''
        worse = self.ratio - 1 if less else 1 / self.ratio - 1
        return 'WORSE' if worse > REGRESSION else 'better' if worse < 0 else ''


def error_of(values: np.ndarray) -> float:
    """The standard error of their mean."""
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def paired(a: Seeds, b: Seeds) -> tuple[float, float, float]:
    """Of figures of the same seeds: the logarithm's mean, its standard error, degrees of freedom."""
    logs = np.log([b[seed] / a[seed] for seed in sorted(a.keys() & b.keys())])
    return float(logs.mean()), error_of(logs), len(logs) - 1


def welch(a: Seeds, b: Seeds) -> tuple[float, float, float]:
    """The same of figures of other seeds."""
    one, two = (np.log(list(values.values())) for values in (a, b))
    parts = [error_of(values) ** 2 for values in (one, two)]
    squares = sum(part ** 2 / (len(values) - 1) for part, values in zip(parts, (one, two)))
    return float(two.mean() - one.mean()), math.sqrt(sum(parts)), sum(parts) ** 2 / squares if squares else 1


def ratio(a: Seeds, b: Seeds, grain: float = 0.0) -> Ratio:
    """Of figures above 0, each of which may be off by the share GRAIN."""
    several = len(a.keys() & b.keys()) > 1
    if not several and min(len(a), len(b)) < 2:
        one, two = (float(np.log(list(values.values())).mean()) for values in (a, b))
        return Ratio(math.exp(two - one), None, None)
    middle, error, freedom = (paired if several else welch)(a, b)
    # All seeds changed alike, or not at all, but for the last digit.
    reach = float(special.stdtrit(freedom, 0.975)) * error if error > SAME else 0.0
    reach += grain if abs(middle) > SAME else 0.0
    found, low, high = (math.exp(x) if abs(x) > SAME else 1.0 for x in (middle, middle - reach, middle + reach))
    return Ratio(found, low, high, error, freedom, grain)


def grain_of(row: dict[str, Any], name: str) -> float:
    """How fine a figure is, as a share of it: seeds that all fall into one bin, or one millisecond,
    do not show that they differ."""
    if name in PERCENTILES and row.get('latency_from', 'log') != 'log':
        return BIN
    seconds = row['figures'].get('foreground_seconds')
    return MILLISECOND / seconds if name in TIMED and seconds else 0.0


def read_figures(folder: str) -> tuple[Found, dict[Key, float]]:
    """Those that a ratio can be made of, and how fine they are: of FOLDER/figures.json, or of
    results that were kept."""
    path = os.path.join(folder, 'figures.json')
    rows = None if os.path.exists(path) else kept_rows(folder)
    if rows is None:
        try:
            document = read_json(path, None)
        except (OSError, Trouble) as error:
            raise Refused(str(error)) from None
        if not isinstance(document, dict) or not isinstance(document.get('rows'), list):
            raise Refused(f'{path}: not there, or not of scripts/bench-figures, which makes it of {folder}/runs')
        rows = document['rows']
    found: Found = {}
    grains: dict[Key, float] = {}
    for row in rows:
        for name in LESS_IS_BETTER + MORE_IS_BETTER:
            value = row['figures'].get(name)
            if value is not None and value > 0:
                key = row['scenario'], row['profile'], row['case'], row['label'], name
                found.setdefault(key, {})[row['seed']] = value
                grains[key] = max(grains.get(key, 0.0), grain_of(row, name))
    return found, grains


def order(key: Key) -> tuple[Any, ...]:
    """As the tables of scripts/bench-figures have them."""
    return (*key[:2], natural(key[2]), label_key(key[3]), (LESS_IS_BETTER + MORE_IS_BETTER).index(key[4]))


def shown(value: Ratio) -> str:
    """With its interval."""
    return f'{value.ratio:.4f}' + ('' if value.low is None else f' ({value.low:.4f} to {value.high:.4f})')


def compare(a: Found, b: Found, grains: dict[Key, float]) -> int:
    """Print a table for each scenario and profile. Return: how many figures are worse."""
    rows: dict[tuple[str, str], list[list[str]]] = {}
    keys = sorted(a.keys() & b.keys(), key=order)
    ratios = {key: ratio(a[key], b[key], grains.get(key, 0.0)) for key in keys}
    judged = sum(found.low is not None for found in ratios.values())
    worse = 0
    for key, found in ratios.items():
        verdict = found.verdict(key[4] in LESS_IS_BETTER, judged)
        worse += verdict == 'WORSE'
        medians = [f'{np.median(list(values[key].values())):.6g}' for values in (a, b)]
        rows.setdefault(key[:2], []).append([verdict, *key[2:], *medians, shown(found)])
    for (scenario, profile), table in rows.items():
        print(f'{scenario}, {profile}\n')
        show_table([['', 'case', 'label', 'figure', 'A', 'B', 'B / A (95 %)'], *table], False, 4)
        print()
    print(f'{len(keys)} figures are in both: {worse} of B are worse by more than {100 * REGRESSION:g} %')
    if judged:
        least = np.median([found.least(judged) for found in ratios.values() if found.low is not None])
        print(f'half of them would have shown a change of {100 * least:.2g} %, the others only a greater one')
    if judged < len(keys):
        print(f'{len(keys) - judged} have one seed, and no interval: nothing is said of them')
    for name, only in (('A', a.keys() - b.keys()), ('B', b.keys() - a.keys())):
        if only:
            print(f'{len(only)} are in {name} alone')
    return worse


def main(given: Sequence[str]) -> int:
    """Return: the exit status."""
    parser = argparse.ArgumentParser(
        prog='scripts/bench compare', description='Set the figures of two result folders of scripts/bench beside each '
        'other: the ratio B / A of each, with its 95 % interval over the seeds.',
        epilog='exit status: 0 none is worse by more than 2 %, 1 some are, and not by chance (docs/lab.md), '
        '2 usage, or nothing to compare, 3 something is not installed')
    parser.add_argument('a', metavar='A', help='before: a folder with figures.json, or kept results of a drive, a file or a folder of them')
    parser.add_argument('b', metavar='B', help='the same: after')
    options = parser.parse_args(given)
    (a, grains), (b, more) = read_figures(options.a), read_figures(options.b)
    if not a.keys() & b.keys():
        raise Refused(f'{options.a} and {options.b} have no figure in common')
    return 1 if compare(a, b, {key: max(grains[key], more[key]) for key in a.keys() & b.keys()}) else 0
