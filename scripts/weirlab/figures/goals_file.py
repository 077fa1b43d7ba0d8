# SPDX-License-Identifier: GPL-2.0
"""The file of goals, tests/fio/goals: reads it, and says what is wrong in which line.

A line is WORD SCENARIO CASES FIGURE CONDITION, with blanks between them; # begins a comment.
docs/lab.md, "Goals", has the format."""

from __future__ import annotations

import collections
import functools
import pathlib
import re
from fractions import Fraction
from typing import Any

from weirlab.bench.say import Refused
from weirlab.bench.scenario import Scenario
from weirlab.places import SCENARIOS
from weirlab.text import Trouble

# Left alone; the same without writeback throttling; and the kernel's own schedulers.
RIVALS = ('none', 'none(wbt_lat_usec=0)', 'mq-deadline', 'kyber', 'bfq')
# Of ABOUT; the scenario; what its cases have in common; the figure; how it has to stand to TIMES the
# best of RIVALS, or to TIMES itself where there are none ('in' and 'inside': two bounds);
# BESIDE: in what the rivals' case differs from weir's.
Goal = collections.namedtuple('Goal', 'word scenario cases figure sign times rivals beside', defaults=(None, None))
# isol-bench's four words, and what the tables call them.
ABOUT = {'overhead': 'overhead', 'fairness': 'fairness', 'priority': 'priority against utilisation', 'burst': 'burst'}
WORDS = {'foreground_seconds': 'run s', 'foreground_mbs': 'fg MB/s', 'background_mbs': 'bg MB/s',
         'total_mbs': 'total MB/s', 'write_mbs': 'MB/s written', 'p99_us': 'p99 us', 'p999_us': 'p99.9 us',
         'mean_us': 'mean us', 'weight_ratio': 'heavy over light', 'idle_share': "idle's share",
         'settled_p99': 'p99 0.5 s later over that before', 'rate_back': 'rate 1 s later over that before'}
CONDITIONS = ('"<= NUMBER", ">= NUMBER", "from LOW to HIGH", "above LOW below HIGH", or "<=", ">=" or "<" and'
              ' "[NUMBER x] RIVALS [with CASE]"')


def pairs(case: str) -> dict[str, str]:
    """{variable: value} of a case's name."""
    return dict(pair.split('=', 1) for pair in case.split(',') if '=' in pair)


def like(case: str, some: str) -> bool:
    """Whether the case has all that these have."""
    return pairs(some).items() <= pairs(case).items()


def beside(case: str, other: str | None) -> str:
    """The case that differs from this in that."""
    return ','.join(f'{name}={value}' for name, value in {**pairs(case), **pairs(other)}.items()) if other else case


def number(text: str) -> int | float | Fraction:
    """As it is written: 2, 0.9 or 1/3."""
    try:
        if not re.fullmatch(r'\d+(\.\d+|/\d+)?', text):
            raise ValueError
        return Fraction(text) if '/' in text else float(text) if '.' in text else int(text)
    except (ValueError, ZeroDivisionError):
        raise Trouble(f"'{text}': want a number such as 2, 0.9 or 1/3") from None


def bound(text: str) -> int | float | Fraction:
    """The same of what has no rival, and is no part of anything."""
    if not re.fullmatch(r'\d+(\.\d+)?', text):
        raise Trouble(f"'{text}': want a number such as 2 or 0.9")
    return number(text)


def some_rivals(text: str) -> tuple[str, ...]:
    """'best', or labels with commas between them."""
    if text == 'best':
        return RIVALS
    for name in text.split(','):
        if name not in RIVALS:
            raise Trouble(f"rival '{name}': want best, or some of {' '.join(RIVALS)}, with commas between them")
    return tuple(text.split(','))


def known_figure(name: str) -> str:
    """NAME, if there is such a figure."""
    if name not in WORDS:
        raise Trouble(f"figure '{name}': want of {' '.join(WORDS)}")
    return name


def condition(words: list[str]) -> dict[str, Any]:
    """Figure, sign, times, rivals and beside of what is wanted."""
    if words[2:3] == ['frontier'] and len(words) == 4:
        if len(some_rivals(words[3])) > 1:
            raise Trouble(f"frontier '{words[3]}': want one rival, whose settings are tried")
        return {'figure': (known_figure(words[0]), known_figure(words[1])), 'sign': 'frontier', 'times': 1,
                'rivals': some_rivals(words[3])}
    figure, rest = known_figure(words[0]), words[1:]
    for sign, low, high in (('in', 'from', 'to'), ('inside', 'above', 'below')):
        if len(rest) == 4 and (rest[0], rest[2]) == (low, high):
            two = bound(rest[1]), bound(rest[3])
            if two[0] >= two[1]:
                raise Trouble(f"'{' '.join(rest)}': want the lower bound first")
            return {'figure': figure, 'sign': sign, 'times': two}
    if rest[:1] in (['<='], ['>=']) and len(rest) == 2 and rest[1][0].isdigit():
        return {'figure': figure, 'sign': rest[0], 'times': bound(rest[1])}
    times: int | float | Fraction = 1
    other, left = None, rest[1:]
    if left[1:2] == ['x']:
        times, left = number(left[0]), left[2:]
    if left[1:2] == ['with'] and len(left) == 3:
        other, left = left[2], left[:1]
    if rest[:1] not in (['<='], ['>='], ['<']) or len(left) != 1:
        raise Trouble(f"'{' '.join(rest)}': want {CONDITIONS}")
    return {'figure': figure, 'sign': rest[0], 'times': times, 'rivals': some_rivals(left[0]), 'beside': other}


def check_cases(scenario: str, cases: str, other: str | None) -> None:
    """A goal that no case can have would never be measured."""
    path = SCENARIOS / (scenario + '.fio')
    if not path.exists():
        raise Trouble(f"scenario '{scenario}': want of {' '.join(sorted(p.stem for p in SCENARIOS.glob('*.fio')))}")
    try:
        known = [name for name, _, _ in Scenario(path).cases(False)]
    except Refused as refused:
        raise Trouble(refused) from None
    mine = [case for case in known if like(case, cases)]
    if cases and not (pairs(cases) and mine):
        raise Trouble(f"cases '{cases}': want all, or VARIABLE=VALUE, with commas between them, of {' '.join(known)}")
    if other and not any(pairs(other) and beside(case, other) in known for case in mine):
        raise Trouble(f"with '{other}': want VARIABLE=VALUE of {' '.join(known)}")


def read_goal(line: str) -> Goal:
    """Of one line."""
    words = line.split()
    if len(words) < 5:
        raise Trouble(f"'{line.strip()}': want WORD SCENARIO CASES FIGURE CONDITION")
    if words[0] not in ABOUT:
        raise Trouble(f"word '{words[0]}': want of {' '.join(ABOUT)}")
    cases = '' if words[2] == 'all' else words[2]
    goal = Goal(words[0], words[1], cases, **{'rivals': None, 'beside': None, **condition(words[3:])})
    check_cases(goal.scenario, cases, goal.beside)
    return goal


def read_goals(path: pathlib.Path) -> tuple[Goal, ...]:
    """Of a file; Trouble names file and line."""
    found: dict[Goal, int] = {}
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f'{path}: the goals cannot be read: {error}') from None
    for count, line in enumerate(lines, 1):
        line = line.partition('#')[0]
        if not line.strip():
            continue
        try:
            goal = read_goal(line)
            same = [number for known, number in found.items() if known[1:] == goal[1:]]
            if same:
                raise Trouble(f'the same as line {same[0]}')
        except Trouble as trouble:
            raise Trouble(f'{path}:{count}: {trouble}') from None
        found[goal] = count
    if not found:
        raise Trouble(f'{path}: no goal in it: want WORD SCENARIO CASES FIGURE CONDITION, a goal a line')
    return tuple(found)


@functools.lru_cache(maxsize=None)
def all_goals() -> tuple[Goal, ...]:
    """The project's own, read when they are first wanted."""
    return read_goals(SCENARIOS / 'goals')
