# SPDX-License-Identifier: GPL-2.0
"""What scripts/bench-figures prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from weirlab.figures import goals
from weirlab.figures.again import again, everything
from weirlab.figures.words import cell, columns_of, figure_text, gate_lines, notes, origin, sweep_lines
from weirlab.table import show_table

if TYPE_CHECKING:
    from weirlab.figures.folder import Bench


def show_again(bench: Bench, keys: Iterable[tuple[str, str]], markdown: bool) -> None:
    """How to make the table above once more; on a terminal whoever reads it has just done so."""
    if markdown:
        print(f'- again: `{again(bench, keys)}`')


def show_goals(bench: Bench, markdown: bool) -> None:
    """A verdict a goal and profile, by what the goals are about, losses first; in plain text, where
    lines are short, only what has run."""
    checks = bench.verdicts()
    if not checks:
        return
    print(f"{'## ' if markdown else ''}Goals of weir\n")
    profiles = goals.profiles_of(checks)
    for said, mine in goals.by_word(checks):
        if markdown:
            print(f'### {said}\n')
            heading, *rows = goals.grid(mine, profiles, figure_text)
            show_table([heading] + [row[:2] + [': '.join(filter(None, cell)) for cell in row[2:]] for row in rows],
                       True, len(heading))
        else:
            print(f'{said}\n')
            rows = [[check['verdict'], check['scenario'], check['profile'], check['text'],
                     goals.details(check, figure_text)] for check in mine if check['cases']]
            if not rows:
                continue
            show_table([['', 'scenario', 'profile', 'goal', 'reached'], *rows], False, 5)
        print()
    for sentence in goals.summing_up(checks):
        print(('- ' if markdown else '  ') + sentence)
    show_again(bench, everything(bench), markdown)
    print()


def show(bench: Bench, markdown: bool) -> None:
    """Everything, the gate first, then the goals."""
    if bench.gate is not None:
        passed = sum(check['ok'] is True for check in bench.gate)
        print(f"{'## ' if markdown else ''}Validity gate: {passed} of {len(bench.gate)} checks ok\n")
        show_table(gate_lines(bench.gate), markdown, 3)
        print()
        if markdown:
            show_again(bench, everything(bench), markdown)
            print()
    show_goals(bench, markdown)
    tables = bench.tables()
    last = {key[:2]: key for key in tables}
    for key, entries in tables.items():
        scenario, profile, case = key
        print(f"{'### ' if markdown else ''}{scenario}, {profile}, {case}: {origin(entries)}\n")
        columns = columns_of(entries)
        rows = [['label'] + [heading for heading, _, _ in columns]]
        for entry in entries:
            label = entry['label']
            if entry['winner']:
                label = f'**{label}** (winner)' if markdown else '* ' + label
            elif not markdown:
                label = '  ' + label
            rows.append([label] + [cell(entry['figures'][name], form) for _, name, form in columns])
        show_table(rows, markdown)
        print()
        for note in notes(bench, key, entries):
            print(('- ' if markdown else '  ') + note)
        show_again(bench, [key[:2]], markdown)
        print()
        sweeps = sweep_lines(bench, scenario, profile) if last[key[:2]] == key else []
        if sweeps:
            print(f"{'### ' if markdown else ''}{scenario}, {profile}, best of each sweep: {origin(entries)}\n")
            show_table(sweeps, markdown, 2)
            print()
            if markdown:
                show_again(bench, [key[:2]], markdown)
                print()
    if bench.missing:
        print(f"{'## ' if markdown else ''}Missing: {len(bench.missing)}\n")
        for line in bench.missing:
            print('- ' + line)
