# SPDX-License-Identifier: GPL-2.0
"""weirlab.model: distribution functions, the distances from them, and the figures of a log."""

import math

import pytest

from weirlab.model.arithmetic import cdf_of, ceiling, fixed_ns, ks_distance, ks_of_samples
from weirlab.model.logs import Log, bend, figures, rate, read_logs, steady
from weirlab.model.plan import PROFILES, plan
from weirlab.model.report import Report


@pytest.mark.parametrize('text, points', [
    ('uniform 20%', [(0.7, 0), (0.8, 0), (1, 0.5), (1.1, 0.75), (1.3, 1)]),
    ('normal 10%', [(1, 0.5), (1.1, 0.841345), (0.9, 0.158655)]),
    ('normal 0.1', [(1.1, 0.841345)]),
    # Its mean is 1: the median is exp(-sigma^2 / 2).
    ('lognormal 40%', [(1 / math.sqrt(1.16), 0.5), (0, 0)]),
    ('pareto 2.5', [(0.6, 0), (0.5, 0), (1.2, 1 - 0.5 ** 2.5)]),
    # The mean is 1000: half of them from 500 to 1000, half from 1000 to 1500.
    ('table 0:500 500000:1000 1000000:1500', [(0.4, 0), (0.75, 0.25), (1, 0.5), (1.25, 0.75), (2, 1)]),
])
def test_distribution_functions(text, points):
    for x, wanted in points:
        assert float(cdf_of(text)(x)) == pytest.approx(wanted, abs=1e-6)


def test_no_distribution_function():
    with pytest.raises(ValueError):
        cdf_of('zipf 2')


def test_kolmogorov_smirnov():
    uniform = cdf_of('uniform 100%')
    # The best that four values can do is the middle of each quarter of 0 to 2.
    assert ks_distance([0.25, 0.75, 1.25, 1.75], uniform) == pytest.approx(1 / 8)
    assert ks_distance([2, 2, 2], uniform) == pytest.approx(1)
    assert ks_of_samples([1, 2, 3], [4, 5]) == pytest.approx(1)
    assert ks_of_samples([1, 2, 3, 4], [3, 4, 1, 2]) == pytest.approx(0)
    assert ks_of_samples([1, 2], [2.5, 1.5, 3, 4]) == pytest.approx(0.75)


NUMBERS = {'speed': '1', 'command_ns': '1000', 'bus_mbps': '4096', 'channel_mbps': '1024', 'read_ns': '50000',
           'channels': '8', 'dies': '8', 'cap_iops': '0'}


def test_what_the_numbers_of_a_drive_say():
    assert fixed_ns(NUMBERS) == 1000 + 1000 + 4000
    assert ceiling(NUMBERS) == (1e6, 'controller')
    assert ceiling({**NUMBERS, 'command_ns': '0', 'bus_mbps': '0'}) == (1.28e6, 'dies')
    assert ceiling({**NUMBERS, 'cap_iops': '5000'}) == (5000, 'cap')


def log_of(ends, latency=1000):
    """A log of commands that ended then."""
    log = Log()
    log.end, log.latency, log.numbers = list(ends), [latency] * len(ends), dict(NUMBERS)
    return log


def test_figures_of_a_log():
    even = log_of(range(1000, 1001000, 1000), 4000)
    assert rate(even) == pytest.approx(1e6) and rate(even, 0.5) == pytest.approx(1e6)
    assert steady(even, 4) == pytest.approx((4000, 1e6))
    assert dict(figures('x/qd1/read', even)) == pytest.approx({'latency, us': 4})
    even.numbers['speed'] = '10'
    assert dict(figures('x/depth/4', even)) == pytest.approx({'latency, us': 0.4, 'I/Os a second': 1e7})


def test_bend_is_where_it_gets_slower():
    log = log_of([*range(1, 501), *range(510, 5510, 10)])
    assert bend(log, (0.1, 0.4), (0.6, 1)) == pytest.approx(500, abs=1)


def test_logs_are_read(tmp_path):
    path = tmp_path / 'log'
    path.write_text('scenario a/qd1/read\nnumbers\tspeed=2\tread_ns=5\nmedia 3 4\n10 5\n20 6\nscenario a/qd1/read\n')
    first, second = read_logs(path)['a/qd1/read']
    assert (first.end, first.latency, first.media, first.numbers) == ([10, 20], [5, 6], (3, 4),
                                                                      {'speed': '2', 'read_ns': '5'})
    assert second.end == []


def test_plan(capsys):
    plan(['optane'], True)
    lines = [line.split('\t') for line in capsys.readouterr().out.splitlines()]
    assert {len(line) for line in lines} == {6} and lines[0][:2] == ['optane/qd1/read', 'optane']
    assert [line[0] for line in lines if line[0].startswith('optane/dies')] == [f'optane/dies/{n}' for n in (1, 4, 16)]
    plan(PROFILES, False)
    names = [line.split('\t')[0] for line in capsys.readouterr().out.splitlines()]
    assert len(names) == len(set(names)) and {name.split('/')[0] for name in names} == set(PROFILES)


@pytest.mark.parametrize('markdown, wanted', [
    (False, ['', 'Head', '  name  what  ratio', '  a     b        12  0.9900  ok']),
    (True, ['', '### Head', '', '| name | what |', '|---|---|', '| a | b |'])])
def test_report(capsys, markdown, wanted):
    report = Report(markdown)
    if markdown:
        report.title('Head', 'name', 'what')
        report.row('a', 'b')
    else:
        report.title('Head', 'name', 'what', 'ratio', '', '')
        report.row('a', 'b', 12.0, *report.ratio(99, 100)[2:])
    report.flush()
    said = capsys.readouterr().out.splitlines()
    assert [' '.join(line.split()) for line in said] == [' '.join(line.split()) for line in wanted]
    assert report.missed == 0 and report.verdict(False) == 'MISSED' and report.missed == 1
