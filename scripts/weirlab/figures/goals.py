# SPDX-License-Identifier: GPL-2.0
"""Whether the elevator weir reaches its goals (tests/fio/goals): computed from the figures of a
bench directory."""

from __future__ import annotations

import collections
import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from weirlab.figures.goals_file import ABOUT, RIVALS, WORDS, Goal, all_goals, beside, like
from weirlab.places import SCENARIOS
from weirlab.shapes import Entries, Figures, Labels

if TYPE_CHECKING:
    from weirlab.figures.checks import Checks

ME = 'weir'
# Worst first.
VERDICTS = {False: 'missed', None: 'not measured', True: 'met'}
NOT_SCORED = 'gate failed: not scored'
# In the tables: what was lost first, what nobody knows last.
SHOWN = (VERDICTS[False], VERDICTS[True], NOT_SCORED, VERDICTS[None])
# Of sums and products of figures that are rounded.
ROUNDING = 1e-9


class Found(NamedTuple):
    """Of a goal in one case. OK: None where it cannot be told, for want of LACKS. FAR: 1 is just
    reached, more is further from it."""

    ok: bool | None
    value: Any = None
    want: Any = None
    rival: str | None = None
    of: Any = None
    far: float | None = None
    lacks: str | None = None


def planned(scenario: str) -> list[str]:
    """The profiles that the scenario is for, as its header says."""
    try:
        text = (SCENARIOS / (scenario + '.fio')).read_text(encoding='utf-8')
    except FileNotFoundError:
        return []
    found = re.search(r'^; weir profiles: (.*)$', text, re.M)
    return found[1].split() if found else ['nvme-tlc']


def comparable(summary: Entries, runs: Entries, asked: Sequence[str]) -> Figures:
    """{(scenario, profile, case, label): {figure: median}} of what ran with all seeds of weir's.
    {} stands for what ran, or was to (ASKED: schedulers), and has no figures with these."""
    figures, seeds = {}, {}
    for run in runs:
        if run.get('whole', True):
            for case, label in itertools.product(run['cases'], [run['label'], ME, *asked]):
                figures[run['scenario'], run['profile'], case['case'], label] = {}
    for entry in summary:
        if entry['label'] == ME:
            seeds.setdefault((entry['scenario'], entry['profile']), set()).update(entry['seed_list'])
    for entry in summary:
        key = entry['scenario'], entry['profile'], entry['case'], entry['label']
        if set(entry['seed_list']) == seeds.get(key[:2]):
            figures[key] = {name: value['median'] for name, value in entry['figures'].items() if value}
    return figures


def against_bounds(goal: Goal, value: float | None) -> Found:
    """A figure that has no rival."""
    low, high = {'<=': (0, goal.times), '>=': (goal.times, math.inf)}.get(goal.sign, goal.times)
    if value is None:
        return Found(None, lacks=ME)
    far = max(low / value, value / high) if value > 0 else math.inf
    ok = low < value < high if goal.sign == 'inside' else low <= value <= high
    return Found(ok, value, goal.times, far=far)


def against_rivals(goal: Goal, here: Labels, there: Labels) -> Found:
    """A figure beside the best of the rivals'. The best of all is of those that ran."""
    value = here.get(ME, {}).get(goal.figure)
    rivals = {label: there.get(label, {}).get(goal.figure) for label in goal.rivals
              if label in there or goal.rivals is not RIVALS}
    known = {label: found for label, found in rivals.items() if found}
    lacks = ', '.join(label for label in rivals if label not in known) or 'any rival'
    if value is None or not known:
        return Found(None, value, lacks=ME if value is None else lacks)
    more = goal.sign == '>='
    rival = (max if more else min)(known, key=known.get)
    want = float(goal.times) * known[rival]
    far = value / want if not more else want / value if value else math.inf
    ok = far < 1 if goal.sign == '<' else far <= 1 + ROUNDING
    # One without a figure might be better still.
    if ok and len(known) < len(rivals):
        return Found(None, value, lacks=lacks)
    return Found(ok, value, want, rival, known[rival], far)


def against_frontier(goal: Goal, here: Labels) -> Found:
    """Two figures, of which less and more is better, beside all settings of a rival: is one
    better in both? FAR of a setting is how much weir lacks in the figure it lacks less of."""
    def point(label: str) -> tuple[float, ...] | None:
        values = tuple(here.get(label, {}).get(name) for name in goal.figure)
        return None if None in values else values
    mine, rivals = point(ME), {label: point(label) for label in here if label.partition('(')[0] in goal.rivals}
    known = {label: values for label, values in rivals.items() if values}
    if mine is None or not known:
        return Found(None, mine, lacks=ME if mine is None else goal.rivals[0])
    far = {label: min(mine[0] / less, more / max(mine[1], ROUNDING)) for label, (less, more) in known.items()}
    rival = max(far, key=far.get)
    lacks = [label for label in rivals if label not in known] or ([] if len(known) > 1 else ['other settings'])
    if far[rival] <= 1 and lacks:
        return Found(None, mine, None, rival, known[rival], lacks=', '.join(lacks))
    return Found(far[rival] <= 1, mine, None, rival, known[rival], far[rival])


def judge(goal: Goal, checks: Checks, profile: str) -> list[tuple[str, Found]]:
    """Of all its cases, worst first: (case, what was found)."""
    def labels(case: str) -> Labels:
        return {key[3]: found for key, found in checks.figures.items() if key[:3] == (goal.scenario, profile, case)}

    def find(case: str) -> Found:
        here = labels(case)
        if goal.rivals is None:
            return against_bounds(goal, here.get(ME, {}).get(goal.figure))
        if goal.sign == 'frontier':
            return against_frontier(goal, here)
        return against_rivals(goal, here, labels(beside(case, goal.beside)))
    found = [(case, find(case)) for case in checks.cases(goal.scenario, profile) if like(case, goal.cases)]
    # One missed is a goal missed; else one not measured is a goal not measured.
    return sorted(found, key=lambda pair: (list(VERDICTS).index(pair[1].ok), -(pair[1].far or 0)))


def verdicts(checks: Checks, failed: Callable[[str, str], Any]) -> None:
    """Add those of each goal on each profile to CHECKS, whose figures are comparable ones.
    FAILED(scenario, profile): whether the gate failed."""
    ran = {key[:2] for key in checks.figures}
    real = 'device' in {profile for _, profile in ran}
    for goal in all_goals():
        profiles = ['device'] if real else planned(goal.scenario)
        profiles += sorted(profile for scenario, profile in ran
                           if scenario == goal.scenario and profile not in profiles)
        for profile in profiles:
            cases = judge(goal, checks, profile)
            case, worst = cases[0] if cases else ('', Found(None))
            absent = [label for label in RIVALS if cases and goal.rivals is RIVALS and not any(
                key[:2] == (goal.scenario, profile) and key[3] == label for key in checks.figures)]
            verdict = NOT_SCORED if cases and failed(goal.scenario, profile) else VERDICTS[worst.ok]
            checks.check(goal.scenario, profile, text(goal), worst.value, worst.want, worst.ok, word=goal.word, verdict=verdict,
                         sign=goal.sign, rival=worst.rival, of=worst.of, lacks=worst.lacks, case=case,
                         far=worst.far if worst.far is None or math.isfinite(worst.far) else None,
                         absent=absent, cases=len(cases), cases_missed=sum(found.ok is False for _, found in cases))


def who(goal: Goal) -> str:
    """Whom a figure is set beside."""
    rival = "the best rival's" if goal.rivals is RIVALS else \
        f"the best of {' and '.join(goal.rivals)}" if len(goal.rivals) > 1 else goal.rivals[0] + "'s"
    return rival + (f' with {goal.beside}' if goal.beside else '')


def text(goal: Goal) -> str:
    """What is wanted, in a line."""
    where = f'{goal.cases}: ' if goal.cases else ''
    if goal.sign == 'frontier':
        less, more = (WORDS[name] for name in goal.figure)
        return f'{where}no setting of {goal.rivals[0]} has both less {less} and more {more}'
    bound = wanted(goal.sign, goal.times, str)
    if goal.rivals:
        bound = f'{goal.sign} {who(goal)}' if goal.times == 1 else f'{bound} x {who(goal)}'
    return f'{where}{WORDS[goal.figure]} {bound}'


def wanted(sign: str, want: Any, number: Callable[[Any], str]) -> str:
    """A bound, or two."""
    if sign in ('in', 'inside'):
        return f"{'from' if sign == 'in' else 'above'} {want[0]} {'to' if sign == 'in' else 'and below'} {want[1]}"
    return f'{sign} {number(want)}'


def details(check: dict[str, Any], number: Callable[[Any], str]) -> str:
    """The figure reached, the one wanted, and whose it is measured against. NUMBER(value): its
    text."""
    def shown(value: Any) -> str:
        return ' at '.join(map(number, value)) if isinstance(value, tuple) else number(value)
    said = []
    if check['value'] is not None:
        said.append(shown(check['value']))
    if check['sign'] != 'frontier' and check['want'] is not None:
        said.append('wanted ' + wanted(check['sign'], check['want'], number))
    if check['rival']:
        said.append(f"{'nearest: ' if check['sign'] == 'frontier' else ''}{check['rival']} has {shown(check['of'])}")
    if check['verdict'] == VERDICTS[False] and check['far'] is not None:
        by = 100 * (check['far'] - 1)
        said.append(f"by {by:{'.2g' if by < 10 else '.0f'}} %")
    if check['lacks']:
        said.append(f"no figure of {check['lacks']}")
    if check['cases'] > 1:
        said.append(f"the worst of {check['cases']} cases, {check['case']}" +
                    (f"; {check['cases_missed']} missed" if check['verdict'] == VERDICTS[False] else ''))
    return '; '.join(said)


def losses_first(check: dict[str, Any]) -> tuple[int, float]:
    """A key: what was missed, by most first."""
    far = math.inf if check['far'] is None else check['far']
    return SHOWN.index(check['verdict']), -far if check['verdict'] == VERDICTS[False] else 0.0


def counted(checks: Entries) -> str:
    """How many of them are met, missed and so on."""
    count = collections.Counter(check['verdict'] for check in checks)
    return ', '.join(f'{count[verdict]} {verdict}' for verdict in (VERDICTS[True], VERDICTS[False], VERDICTS[None])) + (
        f', {count[NOT_SCORED]} not scored, as the gate failed' if count[NOT_SCORED] else '')


def by_word(checks: Entries) -> list[tuple[str, Entries]]:
    """(heading, checks) of each word: losses first, of the words and in each of them."""
    words = {word: sorted((check for check in checks if check['word'] == word), key=losses_first) for word in ABOUT}
    found = [(word, mine) for word, mine in words.items() if mine]
    found.sort(key=lambda pair: pair[1][0]['verdict'] != VERDICTS[False])
    return [(f'{ABOUT[word]}: {counted(mine)}', mine) for word, mine in found]


def profiles_of(checks: Entries) -> list[str]:
    """The columns of the tables."""
    return list(dict.fromkeys(check['profile'] for check in checks))


def grid(checks: Entries, profiles: Sequence[str], number: Callable[[Any], str]) -> list[list[Any]]:
    """Heading and rows of a table: a goal a row, a profile a column; cells of (verdict, details)."""
    rows = {}
    for check in checks:
        rows.setdefault((check['scenario'], check['text']), {})[check['profile']] = \
            check['verdict'], details(check, number)
    return [['scenario', 'goal', *profiles]] + [
        [*key, *(cells.get(profile, ('-', '')) for profile in profiles)] for key, cells in rows.items()]


def summing_up(checks: Entries) -> Iterator[str]:
    """Sentences below the table."""
    yield f'{len(checks)} verdicts, one a goal and profile that its scenario is for: {counted(checks)}.'
    yield ('A goal is met if it is met in every case that ran, or in those that it names; shown is the worst. '
           f"Rivals are {', '.join(RIVALS)}, as far as they ran with the same seeds.")
    absent = {}
    for check in checks:
        for label in check['absent']:
            absent.setdefault(label, {})[f"{check['scenario']} on {check['profile']}"] = None
    for label, where in absent.items():
        yield f"{label} is no rival in {', '.join(where)}: it did not run there, or with other seeds."
