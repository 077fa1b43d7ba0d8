# SPDX-License-Identifier: GPL-2.0
"""A bench directory: its runs, their figures, and who is best."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from statistics import geometric_mean
from typing import TYPE_CHECKING, Any

from weirlab.figures import goals
from weirlab.figures.case import FIGURES, case_figures
from weirlab.figures.checks import Checks
from weirlab.files import folders, read_json, write_whole
from weirlab.fio import done, read_fio
from weirlab.names import label_key, natural
from weirlab.shapes import Entries
from weirlab.statistics import intervals
from weirlab.text import Trouble

if TYPE_CHECKING:
    from weirlab.figures.latencies import Latencies

VERSION = 1
# What decides, by the scenario's measure: the figure, and whether less is better.
DECIDES = {'latency': ('p99_us', True), 'time': ('foreground_seconds', True),
           'throughput': ('foreground_mbs', False)}
Row = namedtuple('Row', 'scenario profile case label seed run figures source jain_by path')


class Bench:
    """A bench directory: rows, what is missing, the gate."""

    def __init__(self, directory: str, keep: Callable[[Row, Latencies], None] | None = None) -> None:
        """KEEP(row, latencies) is told of each as it is read."""
        self.directory, self.rows, self.missing, self.runs = directory, [], [], []
        self.keep = keep
        if not os.path.isdir(directory):
            raise Trouble(f"{directory}: not a directory: want one that scripts/bench has made")
        self.gate = self.load_gate()
        self.asked = read_json(os.path.join(directory, 'bench.json'), {})
        self.costs = self.read_costs()
        top = os.path.join(directory, 'runs')
        runs = [(s, p, l, seed) for s in folders(top) for p in folders(os.path.join(top, s))
                for l in sorted(folders(os.path.join(top, s, p)), key=label_key)
                for seed in folders(os.path.join(top, s, p, l))]
        if not runs:
            raise Trouble(f"{top}: no runs there: want runs/SCENARIO/PROFILE/LABEL/SEED")
        said = time.monotonic()
        for i, run in enumerate(runs):
            self.read_run(*run)
            if time.monotonic() - said > 3:
                said = time.monotonic()
                print(f'{os.path.basename(sys.argv[0])}: read {i + 1} of {len(runs)} runs', file=sys.stderr)
        if not self.rows:
            raise Trouble(f"{top}: no run has ended well:\n  " + '\n  '.join(self.missing[:10]))
        self.find_holes()
        self.summary = self.summarise()
        self.best = self.best_of_sweeps()
        self.mark_winners()

    def load_gate(self) -> Entries | None:
        """The checks; None if it has not been run."""
        path = os.path.join(self.directory, 'gate.json')
        gate = read_json(path, None)
        if isinstance(gate, dict):
            gate = gate.get('checks')
        if gate is not None and not (isinstance(gate, list) and
                                     all(isinstance(c, dict) and 'ok' in c for c in gate)):
            raise Trouble(f"{path}: not a list of checks")
        return gate

    def read_costs(self) -> dict[str, dict[str, float]]:
        """{profile: {'read 4096': ns, ...}}: the disk's time for an I/O when it has as many
        as it can take, of the first seed of the scenario 'costs'."""
        costs, top = {}, os.path.join(self.directory, 'runs', 'costs')
        for profile in folders(top):
            path = os.path.join(top, profile, 'none', '1')
            if self.run_json(path)[1]:
                continue
            for case in folders(path):
                try:
                    fio = read_fio(os.path.join(path, case))
                except (OSError, ValueError):
                    continue
                for job in fio['jobs']:
                    for way in ('read', 'write'):
                        ios = done(job[way])
                        if ios:
                            size = round(job[way]['io_bytes'] / ios)
                            costs.setdefault(profile, {})[f'{way} {size}'] = 1e6 * job[way]['runtime'] / ios
        return costs

    def read_gate(self) -> None:
        """Made since, of these figures: it says who is scored."""
        self.gate = self.load_gate()
        self.mark_winners()

    def run_json(self, path: str) -> tuple[dict[str, Any] | None, str | None]:
        """What a machine has left in that folder, and why it does not count, if so."""
        try:
            run = read_json(os.path.join(path, 'run.json'), None)
        except Trouble:
            run = {}
        if run is None:
            return None, 'run.json (not finished)'
        if not isinstance(run, dict) or not isinstance(run.get('cases'), list):
            return None, 'run.json is not whole'
        # A clone of today has nothing to say of the results of yesterday's.
        other = [what for what, now in self.asked.get('of', {}).items() if run.get('of', {}).get(what) != now
                 and (what != 'elevator' or run.get('scheduler') == 'weir')]
        return run, f"of another {', '.join(other)}: run it again" if other else None

    def read_run(self, scenario: str, profile: str, label: str, seed: str) -> None:
        """All cases of one machine."""
        path = os.path.join(self.directory, 'runs', scenario, profile, label, seed)
        name = '/'.join((scenario, profile, label, seed))
        run, why = self.run_json(path)
        if not why and not seed.isdigit():
            why = 'its folder is no seed'
        if why:
            self.missing.append(f'{name}: {why}')
            return
        run = {**run, 'scenario': scenario, 'profile': profile, 'label': label, 'seed': int(seed)}
        self.runs.append(run)
        for case in run['cases']:
            directory = os.path.join(path, case['case'])
            try:
                figures, source, by, times = case_figures(directory, run, case, self.costs)
            except (OSError, ValueError, KeyError, TypeError, Trouble) as error:
                reason = 'no fio.json' if isinstance(error, FileNotFoundError) else \
                    str(error) if isinstance(error, Trouble) else f'cannot be read: {error!r}'
                self.missing.append(f"{name}/{case['case']}: {reason}")
                continue
            row = Row(scenario, profile, case['case'], label, int(seed), run, figures, source, by, directory)
            self.rows.append(row)
            if self.keep:
                self.keep(row, times)

    def find_holes(self) -> None:
        """What others of the same scenario and profile have. Settings that are tried as well
        need neither all cases nor all seeds; what their runs lack has been said."""
        have = {row[:5] for row in self.rows}
        said = {line.split(': ')[0] for line in self.missing}
        for scenario, profile in sorted({row[:2] for row in self.rows}):
            mine = [row for row in self.rows
                    if row[:2] == (scenario, profile) and row.run.get('whole', True)]
            for label in sorted({row.label for row in mine}, key=label_key):
                for seed in sorted({row.seed for row in mine}):
                    run = f'{scenario}/{profile}/{label}/{seed}'
                    for case in sorted({row.case for row in mine}, key=natural):
                        if (scenario, profile, case, label, seed) not in have and \
                                run not in said and f'{run}/{case}' not in said:
                            self.missing.append(f'{run}/{case}: not there')

    def summarise(self) -> Entries:
        """Medians over seeds, in the order of the tables."""
        groups = {}
        for row in self.rows:
            groups.setdefault((row.scenario, row.profile, row.case, row.label), []).append(row)
        return [{'scenario': key[0], 'profile': key[1], 'case': key[2], 'label': key[3],
                 'scheduler': rows[0].run.get('scheduler'), 'defaults': rows[0].run.get('defaults'),
                 'whole': rows[0].run.get('whole', True), 'simulated': rows[0].run.get('simulated'), 'device': rows[0].run.get('device'),
                 'measure': rows[0].run.get('measure', 'latency'),
                 'seeds': len(rows), 'seed_list': sorted(row.seed for row in rows),
                 'latency_from': sorted({row.source for row in rows}),
                 'jain_by': sorted({row.jain_by for row in rows if row.jain_by}),
                 'figures': intervals([row.figures for row in rows], FIGURES)}
                for key, rows in sorted(groups.items(), key=lambda item: (
                    item[0][0], item[0][1], natural(item[0][2]), label_key(item[0][3])))]

    def failed_checks(self, scenario: str, profile: str) -> Entries:
        """Those of the gate that this scenario does not pass on that profile; ones of no
        scenario are everyone's, ones of no profile all profiles'."""
        return [check for check in self.gate or []
                if check['ok'] is False and check.get('scenario') in (None, '', 'all', scenario)
                and check.get('profile') in (None, profile)]

    def verdicts(self) -> Entries:
        """Checks of weir against its goals; none if no scenario of one has run."""
        checks = Checks(goals.comparable(self.summary, self.runs, self.asked.get('schedulers', [])))
        goals.verdicts(checks, self.failed_checks)
        return checks.checks if any(check['cases'] for check in checks.checks) else []

    def tables(self) -> dict[tuple[str, str, str], Entries]:
        """(scenario, profile, case): entries of the summary."""
        tables = {}
        for entry in self.summary:
            tables.setdefault((entry['scenario'], entry['profile'], entry['case']), []).append(entry)
        return tables

    def best_of_sweeps(self) -> Entries:
        """Of each scheduler that has run at several settings, the one setting that does best
        in a scenario on a profile: by the figure that decides, the geometric mean over the
        cases and seeds in which settings were tried. Of the same, the default."""
        groups, result = {}, []
        for row in self.rows:
            name, less = DECIDES.get(row.run.get('measure', 'latency'), (None, None))
            if name:
                groups.setdefault((row.scenario, row.profile, row.label.partition('(')[0], name, less), {}) \
                    .setdefault(row.label, {})[row.case, row.seed] = row.figures[name]
        for (scenario, profile, scheduler, name, less), labels in groups.items():
            default = labels.get(scheduler)
            if default is None or len(labels) < 2:
                continue
            others = [found for label, found in labels.items() if label != scheduler]
            # Some have more seeds than others.
            seeds = set.intersection(*({seed for _, seed in found} for found in others))
            tried = sorted(which for which in set(default).intersection(itertools.chain(*others))
                           if which[1] in seeds)
            means = {}
            for label in sorted(labels, key=label_key):
                values = [labels[label].get(which) for which in tried]
                # What lacks a case, or did nothing in one, is not compared.
                if values and all(values) and min(values) > 0:
                    means[label] = geometric_mean(values)
            if scheduler in means:
                best = (min if less else max)(means, key=means.get)
                result.append({'scenario': scenario, 'profile': profile, 'scheduler': scheduler,
                               'figure': name, 'cases': len({case for case, _ in tried}),
                               'seeds': sorted({seed for _, seed in tried}), 'settings': len(labels) - 1,
                               'default': round(means[scheduler], 6), 'best': best,
                               'best_value': round(means[best], 6)})
        return result

    def mark_winners(self) -> None:
        """The best, and all that cannot be told from it."""
        for (scenario, profile, _), entries in self.tables().items():
            measure = entries[0]['measure']
            if measure not in DECIDES:
                raise Trouble(f"{scenario}: its measure is '{measure}': want {', '.join(sorted(DECIDES))}")
            name, less = DECIDES[measure]
            scored = not self.failed_checks(scenario, profile)
            # One lucky seed does not win from the median of three.
            seeds = max(entry['seeds'] for entry in entries)
            rivals = [e for e in entries if e['figures'][name] and (e['whole'] or e['seeds'] == seeds)]
            best = (min if less else max)((e['figures'][name]['median'] for e in rivals), default=None)
            champions = [e['figures'][name] for e in rivals if e['figures'][name]['median'] == best]
            for entry in entries:
                figure = entry['figures'][name]
                entry['scored'] = scored
                entry['winner'] = bool(scored and entry in rivals and len(rivals) > 1 and any(
                    figure['low'] <= c['high'] and c['low'] <= figure['high'] for c in champions))

    def save(self) -> None:
        """figures.json, whole or not at all."""
        document = {
            'version': VERSION,
            'rows': [{'scenario': row.scenario, 'profile': row.profile, 'case': row.case, 'label': row.label,
                      'scheduler': row.run.get('scheduler'), 'defaults': row.run.get('defaults'),
                      'seed': row.seed, 'latency_from': row.source, 'jain_by': row.jain_by,
                      'figures': row.figures} for row in self.rows],
            'summary': self.summary, 'best_of_sweeps': self.best, 'goals': self.verdicts(),
            'missing': self.missing}
        write_whole(os.path.join(self.directory, 'figures.json'),
                    (json.dumps(document, indent=1) + '\n').encode())
