# SPDX-License-Identifier: GPL-2.0
"""scripts/bench compare: the figures of two result folders beside each other, seed by seed.

Of each figure the ratio B / A is the geometric mean over the seeds, with Student's interval
of 95 % on the logarithm: paired where both have a figure of the same seeds, else Welch's.
One seed has no interval, and gives no verdict."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from weirlab.bench.say import Refused
from weirlab.files import read_json
from weirlab.names import label_key, natural
from weirlab.table import show_table
from weirlab.text import Trouble

# A change for the worse that is less than this is none.
REGRESSION = 0.02
# Of what nobody can say whether more or less of it is better, there is no verdict.
LESS_IS_BETTER = ('p50_us', 'p99_us', 'p999_us', 'max_us', 'mean_us', 'foreground_seconds', 'settled_p99',
                  'instructions_per_io')
MORE_IS_BETTER = ('foreground_iops', 'foreground_mbs', 'background_mbs', 'total_mbs', 'total_iops', 'write_mbs',
                  'read_mbs', 'jain', 'rate_back')

# (scenario, profile, case, label, figure): {seed: value}
Seeds = dict[int, float]
Found = dict[tuple[str, str, str, str, str], Seeds]


class Ratio(NamedTuple):
    """B / A, its interval (None without one), and what became of it."""

    ratio: float
    low: float | None
    high: float | None

    def verdict(self, less: bool) -> str:
        """LESS: whether less is better."""
        if self.low is None or self.high is None or self.low <= 1 <= self.high:
            return ''
        worse = self.ratio - 1 if less else 1 / self.ratio - 1
        return 'WORSE' if worse > REGRESSION else 'better' if worse < 0 else ''


def paired(a: Seeds, b: Seeds) -> tuple[float, float, float]:
    """Of figures of the same seeds: the logarithm's mean, its standard error, degrees of freedom."""
    logs = np.log([b[seed] / a[seed] for seed in sorted(a.keys() & b.keys())])
    return float(logs.mean()), float(stats.sem(logs)), len(logs) - 1


def welch(a: Seeds, b: Seeds) -> tuple[float, float, float]:
    """The same of figures of other seeds."""
    one, two = (np.log(list(values.values())) for values in (a, b))
    parts = [float(stats.sem(values)) ** 2 for values in (one, two)]
    squares = sum(part ** 2 / (len(values) - 1) for part, values in zip(parts, (one, two)))
    return float(two.mean() - one.mean()), math.sqrt(sum(parts)), sum(parts) ** 2 / squares if squares else 1


def ratio(a: Seeds, b: Seeds) -> Ratio:
    """Of figures above 0."""
    several = len(a.keys() & b.keys()) > 1
    if not several and min(len(a), len(b)) < 2:
        one, two = (float(np.log(list(values.values())).mean()) for values in (a, b))
        return Ratio(math.exp(two - one), None, None)
    middle, error, freedom = (paired if several else welch)(a, b)
    # All seeds changed alike, or not at all, but for the last digit.
    reach = float(stats.t.ppf(0.975, freedom)) * error if error > 1e-9 else 0.0
    return Ratio(*(math.exp(x) if abs(x) > 1e-9 else 1.0 for x in (middle, middle - reach, middle + reach)))


def read_figures(folder: str) -> Found:
    """Those of FOLDER/figures.json that a ratio can be made of."""
    path = os.path.join(folder, 'figures.json')
    try:
        document = read_json(path, None)
    except (OSError, Trouble) as error:
        raise Refused(str(error)) from None
    if not isinstance(document, dict) or not isinstance(document.get('rows'), list):
        raise Refused(f'{path}: not there, or not of scripts/bench-figures, which makes it of {folder}/runs')
    found: Found = {}
    for row in document['rows']:
        for name in LESS_IS_BETTER + MORE_IS_BETTER:
            value = row['figures'].get(name)
            if value is not None and value > 0:
                key = row['scenario'], row['profile'], row['case'], row['label'], name
                found.setdefault(key, {})[row['seed']] = value
    return found


def order(key: tuple[str, str, str, str, str]) -> tuple[Any, ...]:
    """As the tables of scripts/bench-figures have them."""
    return (*key[:2], natural(key[2]), label_key(key[3]), (LESS_IS_BETTER + MORE_IS_BETTER).index(key[4]))


def shown(value: Ratio) -> str:
    """With its interval."""
    return f'{value.ratio:.4f}' + ('' if value.low is None else f' ({value.low:.4f} to {value.high:.4f})')


def compare(a: Found, b: Found) -> int:
    """Print a table for each scenario and profile. Return: how many figures are worse."""
    rows: dict[tuple[str, str], list[list[str]]] = {}
    worse = alone = 0
    for key in sorted(a.keys() & b.keys(), key=order):
        found = ratio(a[key], b[key])
        verdict = found.verdict(key[4] in LESS_IS_BETTER)
        worse += verdict == 'WORSE'
        alone += found.low is None
        medians = [f'{np.median(list(values[key].values())):.6g}' for values in (a, b)]
        rows.setdefault(key[:2], []).append([verdict, *key[2:], *medians, shown(found)])
    for (scenario, profile), table in rows.items():
        print(f'{scenario}, {profile}\n')
        show_table([['', 'case', 'label', 'figure', 'A', 'B', 'B / A (95 %)'], *table], False, 4)
        print()
    both = sum(map(len, rows.values()))
    print(f'{both} figures are in both: {worse} of B are worse by more than {100 * REGRESSION:g} %')
    if alone:
        print(f'{alone} have one seed, and no interval: nothing is said of them')
    for name, only in (('A', a.keys() - b.keys()), ('B', b.keys() - a.keys())):
        if only:
            print(f'{len(only)} are in {name} alone')
    return worse


def main(given: Sequence[str]) -> int:
    """Return: the exit status."""
    parser = argparse.ArgumentParser(
        prog='scripts/bench compare', description='Set the figures of two result folders of scripts/bench beside each '
        'other: the ratio B / A of each, with its 95 % interval over the seeds.',
        epilog='exit status: 0 none is worse by more than 2 % with an interval that excludes no change, 1 some are, '
        '2 usage, or nothing to compare, 3 something is not installed')
    parser.add_argument('a', metavar='A', help='a folder with figures.json: before')
    parser.add_argument('b', metavar='B', help='the same: after')
    options = parser.parse_args(given)
    a, b = read_figures(options.a), read_figures(options.b)
    if not a.keys() & b.keys():
        raise Refused(f'{options.a} and {options.b} have no figure in common')
    return 1 if compare(a, b) else 0
