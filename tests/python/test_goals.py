# SPDX-License-Identifier: GPL-2.0
"""weirlab.figures.goals judges each goal of the elevator by the figures: met at the
very edge, missed by a hair, not measured where a figure is not there, not scored where the
gate failed; of several cases the worst; beside those rivals that ran with the same seeds.
On figures with known answers."""

import pytest

from weirlab.figures import goals
from weirlab.figures.checks import Checks

STOCK = ('none', 'mq-deadline', 'kyber', 'bfq')
ALL = (*STOCK, 'none(wbt_lat_usec=0)')


def same(got, wanted, name):
    """As a whole, or NAME says what does not hold."""
    assert got == wanted, name


def holds(condition, name, shown=''):
    """The same of a condition."""
    assert condition, f'{name}\n{shown}'


def best(figure, value, whose, labels=ALL, less=True):
    """Of these rivals one has that, and the others are twice as far from it."""
    return {label: {figure: value if label == whose else value * 2 if less else value / 2} for label in labels}


def judged(worlds, failed=(), asked=STOCK, drop=()):
    """Verdicts of {(scenario, profile): {case: {label: figures}}}. Figures may be (seeds, whole,
    figures). DROP: (case, label) with a run, and no figures."""
    summary, runs = [], []
    for (scenario, profile), cases in worlds.items():
        where = {'scenario': scenario, 'profile': profile}
        for label in dict.fromkeys(label for labels in cases.values() for label in labels):
            whole = all(not isinstance(labels.get(label), tuple) or labels[label][1] for labels in cases.values())
            runs.append({**where, 'label': label, 'whole': whole,
                         'cases': [{'case': case} for case, labels in cases.items() if label in labels]})
        for case, labels in cases.items():
            for label, found in labels.items():
                seeds, whole, figures = found if isinstance(found, tuple) else ([1], True, found)
                if (case, label) not in drop:
                    summary.append({**where, 'case': case, 'label': label, 'seed_list': seeds, 'whole': whole,
                                    'figures': {name: None if value is None else {'median': value}
                                                for name, value in figures.items()}})
    checks = Checks(goals.comparable(summary, runs, asked))
    goals.verdicts(checks, lambda scenario, _: scenario in failed)
    return checks.checks


def one(checks, scenario, text, profile=None):
    """The verdict on that goal."""
    found = [check for check in checks if (check['scenario'], check['text']) == (scenario, text)
             and profile in (None, check['profile'])]
    return found[0] if found else {'verdict': 'no such goal'}


def number(value):
    return f'{value:g}'


# Scenario, profile, goal, figures of the rivals; then of weir: case, figure, what is just
# enough, what is not; and who it is that it is measured against.
ALONE, STARTED = {'foreground_seconds': 0.03}, 'foreground_seconds'
EDGES = [
    *(('startup', 'nvme-tlc', f"BEFORE={before},LOAD={load}: run s <= 2 x none's with LOAD=alone",
       {f'BEFORE={before},LOAD=alone': {'none': ALONE, 'bfq': {STARTED: 0.02}}},
       f'BEFORE={before},LOAD={load}', STARTED, 0.06, 0.06001, 'none')
      for before in ('500ms', '4s') for load in ('readers', 'mixed')),
    *(('startup', 'sata-ssd', f"LOAD={load}: bg MB/s >= 0.9 x none's",
       {f'BEFORE=4s,LOAD={load}': {'none': {'background_mbs': 500}, 'bfq': {'background_mbs': 900}}},
       f'BEFORE=4s,LOAD={load}', 'background_mbs', 450, 449.99, 'none') for load in ('readers', 'mixed')),
    ('small-vs-large-reads', 'nvme-tlc', "p99 us <= 1/3 x the best rival's",
     {'DEPTH=1,READERS=4': best('p99_us', 300, 'kyber')}, 'DEPTH=1,READERS=4', 'p99_us', 100, 100.001, 'kyber'),
    ('small-vs-large-reads', 'nvme-tlc', "total MB/s >= 0.97 x none's",
     {'DEPTH=1,READERS=4': best('total_mbs', 1000, 'none', STOCK)}, 'DEPTH=1,READERS=4', 'total_mbs', 970, 969.99,
     'none'),
    ('reads-vs-writes', 'nvme-tlc', "p99 us <= 1.05 x the best rival's",
     {'BS=4k': best('p99_us', 600, 'bfq')}, 'BS=4k', 'p99_us', 630, 630.01, 'bfq'),
    ('reads-vs-writes', 'nvme-tlc', "p99.9 us < the best rival's",
     {'BS=4k': best('p999_us', 4000, 'none(wbt_lat_usec=0)')}, 'BS=4k', 'p999_us', 3999.99, 4000,
     'none(wbt_lat_usec=0)'),
    ('reads-vs-writes', 'nvme-tlc', "bg MB/s >= 0.95 x kyber's",
     {'BS=4k': {'kyber': {'background_mbs': 400}, 'bfq': {'background_mbs': 500}}},
     'BS=4k', 'background_mbs', 380, 379.99, 'kyber'),
    ('reads-vs-writeback', 'sata-ssd', "p99 us <= the best rival's",
     {'all': best('p99_us', 500, 'mq-deadline')}, 'all', 'p99_us', 500, 500.01, 'mq-deadline'),
    ('reads-vs-writeback', 'sata-ssd', "p99.9 us <= 0.5 x the best rival's",
     {'all': best('p999_us', 500, 'none')}, 'all', 'p999_us', 250, 250.01, 'none'),
    ('reads-vs-writeback', 'sata-ssd', "MB/s written >= 0.9 x none's",
     {'all': best('write_mbs', 100, 'none', STOCK)}, 'all', 'write_mbs', 90, 89.99, 'none'),
    ('fsync-vs-writeback', 'sata-ssd', "p99 us < the best rival's",
     {'all': best('p99_us', 500, 'bfq')}, 'all', 'p99_us', 499.99, 500, 'bfq'),
    ('fsync-flood', 'nvme-tlc', "p99 us < the best rival's",
     {'FLOODERS=4': best('p99_us', 500, 'kyber')}, 'FLOODERS=4', 'p99_us', 499.99, 500, 'kyber'),
    *(('two-groups', 'nvme-tlc', f'KIND={kind}: heavy over light from 2.7 to 3.3', {}, f'KIND={kind}',
       'weight_ratio', enough, hair, None)
      for kind in ('direct', 'buffered') for enough, hair in ((2.7, 2.699), (3.3, 3.301))),
    ('two-groups', 'nvme-tlc', "total MB/s >= 0.95 x none's",
     {'KIND=direct': best('total_mbs', 100, 'none', STOCK)}, 'KIND=direct', 'total_mbs', 95, 94.99, 'none'),
    ('priorities', 'nvme-tlc', "LOAD=all: p99 us <= 1.2 x none's with LOAD=alone",
     {'LOAD=alone': best('p99_us', 1000, 'none', STOCK), 'LOAD=all': {'none': {'p99_us': 9}}}, 'LOAD=all', 'p99_us',
     1200, 1200.1, 'none'),
    *(('priorities', 'nvme-tlc', "LOAD=all: idle's share above 0 and below 0.05", {}, 'LOAD=all', 'idle_share',
       enough, hair, None) for enough, hair in ((0.0499, 0.05), (0.0001, 0))),
    ('throughput', 'nvme-tlc', "fg MB/s >= 0.98 x the best rival's",
     {'DEPTH=32': best('foreground_mbs', 1000, 'mq-deadline', less=False)}, 'DEPTH=32', 'foreground_mbs', 980, 979.9,
     'mq-deadline'),
    ('throughput', 'nvme-tlc', "DEPTH=1: mean us <= 1.03 x none's",
     {'LOAD=read,DEPTH=1': best('mean_us', 100, 'none', STOCK)}, 'LOAD=read,DEPTH=1', 'mean_us', 103, 103.01, 'none'),
    ('burst', 'nvme-tlc', 'p99 0.5 s later over that before <= 1.2', {}, 'all', 'settled_p99', 1.2, 1.2001, None),
    ('burst', 'nvme-tlc', 'rate 1 s later over that before >= 0.95', {}, 'all', 'rate_back', 0.95, 0.9499, None),
    *((scenario, profile, 'total MB/s >= the best of mq-deadline and bfq',
       {'all': {'none': {'total_mbs': 200}, 'mq-deadline': {'total_mbs': 80}, 'bfq': {'total_mbs': 100}}},
       'all', 'total_mbs', 100, 99.99, 'bfq') for scenario, profile in (('disk', 'hdd'), ('large-io', 'sata-ssd'))),
    *((scenario, profile, 'p99 us < the best of mq-deadline and bfq',
       {'all': {'none': {'p99_us': 20}, 'mq-deadline': {'p99_us': 80}, 'bfq': {'p99_us': 100}}},
       'all', 'p99_us', 79.99, 80, 'mq-deadline') for scenario, profile in (('disk', 'hdd'), ('large-io', 'hdd'))),
]
FRONTIER = 'no setting of kyber has both less p99 us and more bg MB/s'


def test_no_goal_is_left_out():
    same({(scenario, text) for scenario, _, text, *_ in EDGES} | {('target-sweep', FRONTIER)},
         {(goal.scenario, goals.text(goal)) for goal in goals.all_goals()}, 'no goal was left out')


@pytest.mark.parametrize('scenario, profile, text, rivals, case, figure, enough, hair, whose', EDGES,
                         ids=[f'{edge[0]}: {edge[2]}, {edge[7]}' for edge in EDGES])
def test_edge(scenario, profile, text, rivals, case, figure, enough, hair, whose):
    """A goal, whose rivals have what they have."""
    def world(value):
        here = {name: dict(labels) for name, labels in rivals.items()}
        here.setdefault(case, {})['weir'] = {} if value is None else {figure: value}
        return {(scenario, profile): here}

    def verdict(value, **more):
        return one(judged(world(value), **more), scenario, text, profile)
    met, missed = verdict(enough), verdict(hair)
    same((met['verdict'], met.get('value'), met.get('rival')), ('met', enough, whose), f'{scenario}: {text}: met')
    same((missed['verdict'], missed.get('value')), ('missed', hair), '  missed by a hair')
    same((verdict(None)['verdict'], verdict(enough, drop=[(case, 'weir')])['verdict']), ('not measured',) * 2,
         '  not measured without a figure of weir')
    same([found['ok'] for found in (met, missed, verdict(None))], [True, False, None], '  as a check: true, false, null')
    same((verdict(enough, failed=[scenario])['verdict'], verdict(hair, failed=[scenario])['verdict']),
         ('gate failed: not scored',) * 2, '  not scored where the gate failed')
    if whose:
        where = next(name for name, labels in rivals.items() if figure in labels.get(whose, {}))
        gone = verdict(enough, drop=[(where, whose)])
        same((gone['verdict'], whose in gone['lacks']), ('not measured', True), '  nor without one of the rival')


def kyber(**points):
    """Figures of target-sweep: weir, and kyber at some settings; {name: (p99, MB/s)}."""
    labels = {'default': 'kyber', 'weir': 'weir'}
    return {('target-sweep', 'nvme-tlc'): {'all': {
        labels.get(name, f'kyber(read_lat_nsec={name})'): {'p99_us': p99, 'background_mbs': rate}
        for name, (p99, rate) in points.items()}}}


def test_frontier():
    def verdict(world, **more):
        return one(judged(world, **more), 'target-sweep', FRONTIER)
    found = verdict(kyber(weir=(600, 380), default=(650, 400), tight=(500, 340)))
    same((found['verdict'], found['rival']), ('met', 'kyber'), 'between two settings, each worse in one figure')
    same(verdict(kyber(weir=(600, 380), default=(650, 400), tight=(600, 390)))['verdict'], 'met',
         'one as quick, with a higher rate, is on no better frontier')
    found = verdict(kyber(weir=(600, 380), default=(650, 400), tight=(599.9, 380.1), loose=(200, 380)))
    same((found['verdict'], found['rival'], goals.details(found, number)),
         ('missed', 'kyber(read_lat_nsec=tight)',
          '600 at 380; nearest: kyber(read_lat_nsec=tight) has 599.9 at 380.1; by 0.017 %'),
         'one better in both by a hair: missed, and it is named')
    same(verdict(kyber(weir=(600, 380), default=(650, 400)))['verdict'], 'not measured', 'one setting is no frontier')
    same(verdict(kyber(weir=(600, 380), default=(550, 400)))['verdict'], 'missed', 'but if better, it is')
    world = kyber(weir=(600, 380), default=(650, 400), tight=(500, 340), loose=(700, 410))
    for label in ('kyber', 'kyber(read_lat_nsec=loose)', 'weir'):
        same(verdict(world, drop=[('all', label)])['verdict'], 'not measured', f'without figures of {label}')
    same(verdict(world, failed=['target-sweep'])['verdict'], 'gate failed: not scored', 'the gate failed')
    same(verdict(kyber(weir=(600, 0), default=(500, 400), tight=(500, 340)))['verdict'], 'missed',
         'no rate at all is no crash')


def test_cases():
    """Of several cases."""
    text = "p99 us <= 1.05 x the best rival's"

    def verdict(values, **more):
        world = {f'WRITERS={i}': {**best('p99_us', 100, 'bfq'), 'weir': {'p99_us': value}}
                 for i, value in enumerate(values)}
        return one(judged({('reads-vs-writes', 'nvme-tlc'): world}, **more), 'reads-vs-writes', text)
    found = verdict([90, 104, 100])
    same((found['verdict'], found['case'], found['value'], goals.details(found, number)),
         ('met', 'WRITERS=1', 104, '104; wanted <= 105; bfq has 100; the worst of 3 cases, WRITERS=1'),
         'all are met: the worst is shown')
    same([f'; by {by} %;' in goals.details(verdict([90, value]), number)
          for value, by in ((331, 215), (209.7, 100), (111.3, 6))], [True] * 3, 'by how much, in plain numbers')
    holds(goals.details(verdict([90, 100]), number).endswith('the worst of 2 cases, WRITERS=1'), 'of two as well')
    holds(goals.details(verdict([100]), number).endswith('bfq has 100'), 'one is not the worst of anything')
    found = verdict([90, 126, 110, None])
    same((found['verdict'], goals.details(found, number)),
         ('missed', '126; wanted <= 105; bfq has 100; by 20 %; the worst of 4 cases, WRITERS=1; 2 missed'),
         'one is missed: so is the goal')
    found = verdict([90, 100, None])
    same((found['verdict'], goals.details(found, number)),
         ('not measured', 'no figure of weir; the worst of 3 cases, WRITERS=2'), 'one is not measured: nor is the goal')
    world = {('throughput', 'nvme-tlc'): {
        f'LOAD=read,DEPTH={depth}': {'none': {'mean_us': 10}, 'weir': {'mean_us': 10 * depth}} for depth in (1, 128)}}
    found = one(judged(world), 'throughput', "DEPTH=1: mean us <= 1.03 x none's")
    same((found['verdict'], found['cases']), ('met', 1), 'DEPTH=1 is not DEPTH=128')


def test_rivals():
    """Who is one."""
    text = "p99 us <= 1.05 x the best rival's"

    def verdict(labels, **more):
        return one(judged({('reads-vs-writes', 'nvme-tlc'): {'BS=4k': labels}}, **more), 'reads-vs-writes', text)
    three = ([1, 2, 3], True, {'p99_us': 100})
    stock = {label: three for label in STOCK}
    mine = {'weir': ([1, 2, 3], True, {'p99_us': 101})}
    found = verdict({**stock, **mine, 'none(wbt_lat_usec=0)': ([1], False, {'p99_us': 7})})
    same((found['verdict'], found['absent']), ('met', ['none(wbt_lat_usec=0)']),
         'settings tried with one seed are none')
    holds(any('none(wbt_lat_usec=0) is no rival in reads-vs-writes on nvme-tlc: ' in line
              for line in goals.summing_up([found])), 'and that is said')
    found = verdict({**stock, **mine, 'bfq': ([1, 2], True, {'p99_us': 7})})
    same((found['verdict'], found['lacks']), ('not measured', 'bfq'), 'one with fewer seeds might be better')
    found = verdict({**stock, 'weir': ([1, 2, 3], True, {'p99_us': 106}), 'bfq': ([1, 2], True, {'p99_us': 7})})
    same(found['verdict'], 'missed', 'which another that is better does not excuse')
    found = judged({('reads-vs-writes', 'nvme-tlc'): {case: {
        **{label: three for label in STOCK}, 'weir': ([1, 2, 3][:count], True, {'p99_us': 101})}
        for case, count in (('BS=4k', 3), ('BS=64k', 2))}})
    found = one(found, 'reads-vs-writes', text)
    same((found['lacks'], found['case']), ('weir', 'BS=64k'), 'nor is it measured where weir itself lacks a seed')
    some = {label: three for label in ('none', 'kyber')}
    same(verdict({**some, **mine})['lacks'], 'mq-deadline, bfq', 'what was to run has to')
    same((verdict({**some, **mine}, asked=['none', 'kyber', 'weir'])['verdict'],
          verdict(mine, asked=['weir'])['verdict']), ('met', 'not measured'),
         'and what was not to does not; but one has')
    same(verdict({**stock, **mine, 'kyber(read_lat_nsec=7)': ([1, 2, 3], True, {'p99_us': 7}),
                  'weir(read_lat_nsec=7)': ([1, 2, 3], True, {'p99_us': 7})})['value'], 101,
         'weir is weir as it comes, and so are rivals')
    same(one(judged({('disk', 'hdd'): {'all': {'mq-deadline': {'p99_us': 9}, 'weir': {'p99_us': 8}}}}, asked=[]),
             'disk', 'p99 us < the best of mq-deadline and bfq')['lacks'], 'bfq', 'those with a name have to be there')
    same(verdict({'none': {'p99_us': 100}, 'weir': {'p99_us': 0}}, asked=[])['verdict'], 'met', 'zero is a figure')
    found = one(judged({('reads-vs-writes', 'nvme-tlc'): {'BS=4k': {
        'kyber': {'background_mbs': 100}, 'weir': {'background_mbs': 0}}}}),
                'reads-vs-writes', "bg MB/s >= 0.95 x kyber's")
    same((found['verdict'], found['far'], goals.details(found, number)),
         ('missed', None, '0; wanted >= 95; kyber has 100'), 'of a rate as well')


def test_table():
    """What is where."""
    world = {('reads-vs-writes', profile): {'BS=4k': {**best('p99_us', 100, 'bfq'), 'weir': {'p99_us': 126}}}
             for profile in ('nvme-tlc', 'optane')}
    checks = judged(world, failed=['disk'])
    rows = goals.grid(checks, goals.profiles_of(checks), number)
    same(rows[0], ['scenario', 'goal', 'nvme-tlc', 'sata-ssd', 'optane', 'hdd'],
         'a column a profile, one that ran beside the plan as well')
    text = "p99 us <= 1.05 x the best rival's"
    row = dict(zip(rows[0], next(row for row in rows if row[:2] == ['reads-vs-writes', text])))
    same((row['nvme-tlc'], row['optane'], row['sata-ssd'], row['hdd']),
         (('missed', '126; wanted <= 105; bfq has 100; by 20 %'),) * 2 + (('not measured', ''), ('-', '')),
         'a verdict each; none where the scenario is not for that profile')
    same(len(rows) - 1, len(goals.all_goals()), 'a row a goal')
    same({(check['scenario'], *check['absent']) for check in judged(
        {('reads-vs-writes', 'nvme-tlc'): {'BS=4k': {'weir': {}, 'kyber': {}}}}, asked=[]) if check['absent']},
         {('reads-vs-writes', 'none', 'none(wbt_lat_usec=0)', 'mq-deadline', 'bfq')},
         'who is no rival is said where there might be some, and of what ran')
    same({check['text'].split()[0] for check in checks if check['absent']}, set(), 'and not where all are')
    same([(check['verdict'], check['cases']) for check in checks if check['scenario'] == 'disk'],
         [('not measured', 0)] * 2, 'what did not run is not measured, and no matter of the gate')
    words = list(goals.summing_up(checks))[0]
    missed = sum(check['verdict'] == 'missed' for check in checks)
    same(words, f'{len(checks)} verdicts, one a goal and profile that its scenario is for: 0 met, {missed} missed, '
         f'{len(checks) - missed} not measured.', 'counted')
    words = list(goals.summing_up(judged(world, failed=['reads-vs-writes'])))[0]
    holds(words.endswith('0 missed, 54 not measured, 6 not scored, as the gate failed.'), 'so is what is not scored',
          words)
    device = judged({('disk', 'device'): {'all': {'mq-deadline': {'p99_us': 9}, 'bfq': {'p99_us': 9},
                                                  'weir': {'p99_us': 8}}}})
    same(({check['profile'] for check in device}, len(device), sum(check['verdict'] == 'met' for check in device)),
         ({'device'}, len(goals.all_goals()), 1), 'a real disk is the only one')


def test_losses_first_by_word():
    def world(p99, rate, weights, started):
        return {('reads-vs-writes', 'nvme-tlc'): {'BS=4k': {**best('p99_us', 100, 'bfq'), 'weir': {'p99_us': p99}}},
                ('small-vs-large-reads', 'nvme-tlc'): {'all': {
                    **best('total_mbs', 100, 'none', STOCK), 'weir': {'total_mbs': rate}}},
                ('two-groups', 'nvme-tlc'): {'KIND=direct': {'weir': {'weight_ratio': weights}}},
                ('startup', 'nvme-tlc'): {'BEFORE=4s,LOAD=alone': {'none': ALONE}, 'BEFORE=4s,LOAD=mixed': {
                    'weir': {STARTED: started}}}}

    def shown(found):
        return [(said.partition(':')[0], [(check['scenario'], check['verdict']) for check in mine if check['cases']
                                          and check['value'] is not None]) for said, mine in goals.by_word(found)]
    met = ('reads-vs-writes', 'met'), ('small-vs-large-reads', 'met')
    same(shown(judged(world(90, 100, 3, 0.05))), [
        ('overhead', []), ('fairness', [('two-groups', 'met')]), ('priority against utilisation', [met[1], met[0]]),
        ('burst', [('startup', 'met')])], 'without a loss in the order of the file')
    found = judged(world(126, 90, 3, 0.07))
    same(shown(found), [
        ('priority against utilisation', [('reads-vs-writes', 'missed'), ('small-vs-large-reads', 'missed')]),
        ('burst', [('startup', 'missed')]), ('overhead', []), ('fairness', [('two-groups', 'met')])],
         'words with a loss first, and in them what was missed by most')
    same(shown(judged(world(106, 50, 3, 0.05)))[0][1], [('small-vs-large-reads', 'missed'), ('reads-vs-writes', 'missed')],
         'by most, not by the place in the file')
    said = [said for said, _ in goals.by_word(judged(world(90, 100, 3, 0.05), failed=['two-groups']))]
    holds(any(line.startswith('fairness: 0 met, 0 missed, ') and line.endswith(', 1 not scored, as the gate failed')
              for line in said), 'counted, a word', said)
    same(sum(len(mine) for _, mine in goals.by_word(found)), len(found), 'no check is lost')
    grid = [goals.grid(mine, goals.profiles_of(found), number) for _, mine in goals.by_word(found)]
    same({tuple(rows[0]) for rows in grid}, {('scenario', 'goal', *goals.profiles_of(found))}, 'all tables have all columns')
