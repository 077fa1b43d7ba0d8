# SPDX-License-Identifier: GPL-2.0
"""The page of a bench directory."""

from __future__ import annotations

import itertools
import json

from weirlab.figures import goals
from weirlab.figures.again import again, everything
from weirlab.figures.folder import Bench
from weirlab.figures.words import cell, columns_of, figure_text, gate_lines, notes, origin, sweep_lines
from weirlab.names import label_key
from weirlab.page.compared_plots import draw_cases, draw_tradeoff
from weirlab.page.html import Page, escaped
from weirlab.page.kept import Kept
from weirlab.page.latency_plots import draw_tails, draw_time
from weirlab.shapes import Entries, Figure


def bench_cell(figure: Figure | None, form: str) -> str | tuple[str, str]:
    """(median, interval) of a table."""
    text = cell(figure, form)
    middle, _, rest = text.partition(' (')
    return (middle, rest.rstrip(')').replace(' to ', ' – ')) if rest else middle


def bench_tables(page: Page, bench: Bench, key: tuple[str, str], tables: dict[str, Entries]) -> None:
    """One per case, the winner marked."""
    for case, entries in tables.items():
        page.heading(3, f"{key[0]}, {case}: {origin(entries)}" if case != 'all' else
                     f'{key[0]}: {origin(entries)}')
        columns = columns_of(entries)
        rows = [['scheduler'] + [heading for heading, _, _ in columns]]
        for entry in entries:
            rows.append([('★ ' if entry['winner'] else '') + entry['label']] +
                        [bench_cell(entry['figures'][figure], form) for _, figure, form in columns])
        page.table(rows, 1, ['winner' if entry['winner'] else '' for entry in entries])
        for note in notes(bench, (*key, case), entries):
            page.note(note, 'failed' if note.startswith('gate failed') else 'note')
    sweeps = sweep_lines(bench, *key)
    if sweeps:
        page.heading(3, f'{key[0]}, best of each sweep: {origin(entries)}')
        page.table(sweeps, 2)


def runs_section(page: Page, bench: Bench) -> None:
    """Machine, versions, parameters."""
    page.heading(2, 'Machine, versions, parameters', 'machine')
    names = ['scenario', 'profile', 'simulated', 'device', 'kernel', 'fio', 'qemu', 'instructions_per_ns', 'speed',
             'cpus', 'measure', 'foreground']
    rows = {}
    for run in bench.runs:
        values = [run.get(name) for name in names]
        values = [' '.join(v) if isinstance(v, list) else '-' if v is None else
                  {True: 'yes', False: 'no'}[v] if isinstance(v, bool) else str(v) for v in values]
        rows.setdefault(tuple(values), set()).add(run['seed'])
    page.table([[name.replace('_', ' ') for name in names] + ['seeds']] +
               [[*values, ' '.join(map(str, sorted(seeds)))] for values, seeds in sorted(rows.items())], 4)
    labels = {}
    for run in bench.runs:
        wbt = labels.setdefault(run['label'], (run, set()))[1]
        wbt.update(str(case['wbt_enabled']) for case in run['cases'] if case.get('wbt_enabled') is not None)
    page.table([['label', 'scheduler', 'settings', 'as it comes', 'wbt enabled']] +
               [[label, run.get('scheduler'),
                 ' '.join(f'{k}={v}' for k, v in (run.get('settings') or {}).items()) or '-',
                 'yes' if run.get('defaults') else 'no', ' and '.join(sorted(wbt)) or '-']
                for label, (run, wbt) in sorted(labels.items(), key=lambda item: label_key(item[0]))], 5)
    if bench.asked:
        page.heading(3, 'bench.json: what was asked for')
        page.add(f'<pre>{escaped(json.dumps(bench.asked, indent=1, sort_keys=True))}</pre>')


def goals_section(page: Page, bench: Bench) -> None:
    """What the elevator was to reach, and whether it does."""
    checks = bench.verdicts()
    if not checks:
        return
    page.heading(2, 'Goals of weir', 'goals')
    profiles = goals.profiles_of(checks)
    for said, mine in goals.by_word(checks):
        page.heading(3, said)
        rows = goals.grid(mine, profiles, figure_text)
        page.table(rows, len(rows[0]), ['goal'] * (len(rows) - 1))
    for sentence in goals.summing_up(checks):
        page.note(sentence)


def bench_page(directory: str, out: str) -> tuple[Page, str]:
    """The page of a bench directory."""
    kept = Kept()
    bench = Bench(directory, kept.keep)
    bench.save()
    groups = {}
    for (scenario, profile, case), entries in bench.tables().items():
        groups.setdefault((scenario, profile), {})[case] = entries
    page = Page(out, 4 * len(groups))
    page.heading(1, 'weir: benchmark of I/O schedulers')
    simulated = {entry['simulated'] for entry in bench.summary}
    if True in simulated:
        page.note('Figures marked “simulated” are of weir-blk, a model of a drive, in a virtual machine that '
                  'counts instructions as time. They are those of no real drive and no real processor.')
    page.again = again(bench, everything(bench), ['scripts/report'])
    page.heading(2, 'Validity gate', 'gate')
    if bench.gate is None:
        page.note('No gate.json: the gate has not been run, so nothing here has been held against real drives.',
                  'failed')
    else:
        failed = sum(check['ok'] is False for check in bench.gate)
        page.note('Does the simulation show what real drives show? ' +
                  (f'{failed} of {len(bench.gate)} checks FAILED: their scenarios are not scored.' if failed else
                   f"{sum(check['ok'] is True for check in bench.gate)} of {len(bench.gate)} checks are ok."),
                  'failed' if failed else 'note')
        page.table(gate_lines(bench.gate), 3,
                   ['bad' if check['ok'] is False else '' for check in bench.gate])
    goals_section(page, bench)
    page.heading(2, 'How to read this', 'how')
    page.add('<ul>' + ''.join(f'<li>{escaped(text)}</li>' for text in (
        'The foreground is who waits: its latency (fio: submission to completion, µs) is the result. The background '
        '(bg) is what it competes with. MB/s are 10^6 bytes a second.',
        'A scheduler can buy latency by starving the background: read each p99 together with bg MB/s or total MB/s.',
        '★ marks the best by what the scenario measures, and everybody whose 95 % interval overlaps with it: those '
        'cannot be told apart. A scheduler with settings in brackets is not as it comes.',
        'Small numbers below a median are its 95 % bootstrap interval over seeds. With one seed there is none.',
        'util: how busy the disk was. Jain: 1 if all jobs got the same, 1/n if one of n got all. instr/IO: '
        'instructions of the whole machine per I/O.',
        'In the tail figures 0.01 = p99: one I/O in a hundred took at least so long.')) + '</ul>')
    page.add('<nav><ul>' + ''.join(f'<li><a href="#s{i}">{escaped(f"{s}, {p}")}</a></li>'
                                   for i, (s, p) in enumerate(groups)) + '</ul></nav>')
    for i, (key, tables) in enumerate(groups.items()):
        entries = list(itertools.chain(*tables.values()))
        page.heading(2, f'{key[0]}, {origin(entries)}', f's{i}')
        name = '-'.join(key)
        page.again = again(bench, [key], ['scripts/report'])
        bench_tables(page, bench, key, tables)
        if len(tables) > 1 or entries[0]['measure'] != 'latency':
            draw_cases(page, key, tables, name + '-cases')
        draw_tails(page, key, tables, kept, name + '-tail')
        draw_tradeoff(page, key, tables, bench.runs, name + '-paid')
        draw_time(page, key, tables, kept, bench.runs, name + '-time')
    if bench.missing:
        page.heading(2, f'Missing: {len(bench.missing)}', 'missing')
        page.add('<ul>' + ''.join(f'<li>{escaped(line)}</li>' for line in bench.missing) + '</ul>')
    page.again = ''
    runs_section(page, bench)
    return page, 'weir: benchmark of I/O schedulers'
