# SPDX-License-Identifier: GPL-2.0
"""weirlab.figures: percentiles, rates, shares and what settles, of numbers with known answers.
What fio's files become is tests/lab/report.t's to prove."""

import math

import numpy as np
import pytest

from weirlab.figures.latencies import Latencies
from weirlab.figures.settling import during, settled_p99, speeds
from weirlab.figures.shares import device_seconds, idle_share, jain, rates, weight_ratio
from weirlab.figures.words import cell, columns_of, gate_lines, number, origin
from weirlab.statistics import intervals


def way(ios=0, size=4096, milliseconds=1000):
    """A direction of a job."""
    return {'io_bytes': ios * size, 'total_ios': ios, 'runtime': milliseconds if ios else 0, 'lat_ns': {'N': ios}}


def job(name, read=None, write=None, **options):
    """A job of fio's JSON."""
    return {'jobname': name, 'read': read or way(), 'write': write or way(), 'job options': options}


# --- latencies ---

@pytest.mark.parametrize('share, wanted', [(0.3, 1), (0.5, 2), (0.99, 3), (1, 3), (0, 1)])
def test_percentile_is_the_nearest_rank(share, wanted):
    assert Latencies([3, 1, 2], [1, 1, 1], '').percentile(share) == wanted


def test_percentile_where_the_share_is_whole():
    many = Latencies([10, 20], [99, 1], '')
    assert (many.percentile(0.99), many.percentile(0.999)) == (10, 20)
    # 0.07 * 100 is 7.000000000000001, and its rank 7.
    assert Latencies(range(1, 101), [1] * 100, '').percentile(0.07) == 7


def test_bins_are_no_slower_than_the_slowest():
    bins = Latencies([100, 250], [3, 1], 'lat bins', most=240, mean=130)
    assert (bins.most, bins.mean, bins.percentile(1)) == (240, 130, 240)
    assert (Latencies([100, 200], [3, 1], '').mean, Latencies([100, 200], [3, 1], '').most) == (125, 200)


# --- shares ---

def test_rates_are_over_the_longest_job():
    jobs = [job('a', way(1000)), job('b', write=way(500, 65536, 2000))]
    assert rates(jobs) == pytest.approx(((1000 * 4096 + 500 * 65536) / 2e6, 750, 2))
    assert rates([job('a')]) == (0, 0, 0)


def test_jain():
    def of(jobs, costs=None, groups=None):
        return jain({'jobs': jobs}, costs or {}, groups)
    assert of([job('a', way(5)), job('b', way(5))]) == (1, 'bytes')
    assert of([job('a', way(5)), job('b')]) == (0.5, 'bytes')
    assert of([job('a', way(300)), job('b', way(100))]) == (0.8, 'bytes')
    assert of([job('a-x', way(300)), job('b-x', way(100))], groups={'a': 300, 'b': 100}) == (1, 'bytes over weight')
    assert of([job('a', way(5))]) == (None, None)
    assert of([job('a'), job('b')]) == (None, None)


def test_device_seconds():
    costs = {'read 4096': 1000, 'read 131072': 63000}
    random = {'direct': '1', 'rw': 'randread'}
    assert device_seconds(job('a', way(1000)), random, costs) == pytest.approx(1e-3)
    middle = 1000 + 62000 * (65536 - 4096) / (131072 - 4096)
    assert device_seconds(job('a', way(1000, 65536)), random, costs) == pytest.approx(middle / 1e6)
    assert device_seconds(job('a', way(1, 262144)), random, costs) is None
    assert device_seconds(job('a', write=way(1)), random, costs) is None
    assert device_seconds(job('a', way(1)), {**random, 'rw': 'read'}, costs) is None
    assert device_seconds(job('a', way(1)), {**random, 'direct': '0'}, costs) is None


def test_weight_ratio_and_idle_share():
    jobs = [job('a-1', way(100)), job('b-1', way(300))]
    assert weight_ratio(jobs, {'a': 100, 'b': 300}) == pytest.approx(3)
    assert weight_ratio(jobs[1:], {'a': 100, 'b': 300}) is None
    assert weight_ratio(jobs, {'a': 100}) is None
    assert idle_share({'jobs': [job('x', way(97)), job('y', way(3), prioclass='3')]}) == 0.03
    assert idle_share({'jobs': [job('x', way(97))]}) is None


# --- what settles ---

def test_speeds():
    assert speeds({'events': [[1.5, 'speed=4'], [2, 'other=1']]}) == [(1500, 4)]
    assert speeds({}) == []


def test_during_has_its_begin_and_not_its_end():
    log = np.array([[0, 1], [5, 2], [9, 3], [10, 4]])
    assert list(during(log, 5, 10)) == [2, 3]


def test_settled():
    # 1000 ns before; from 1000 ms on 4 times as long, with half as much again until 1500.
    log = np.array([(ms, 1000 if ms < 1000 else 6000 if ms < 1500 else 4400) for ms in range(0, 2000, 5)])
    assert settled_p99(log, [(1000.0, 4.0)]) == pytest.approx(1.1)
    # Of several changes the worst.
    assert settled_p99(log, [(1000.0, 4.0), (1400.0, 2.0)]) is None
    assert settled_p99(log, []) is None and settled_p99(None, [(1000.0, 4.0)]) is None
    assert settled_p99(log, [(3000.0, 4.0)]) is None


# --- intervals ---

def test_intervals():
    found = intervals([{'a': 198, 'b': 5, 'c': None}, {'a': 200, 'b': 5, 'c': None}, {'a': 202, 'b': None, 'c': None}],
                      ['a', 'b', 'c'])
    assert found == {'a': {'median': 200, 'low': 198, 'high': 202}, 'b': {'median': 5, 'low': 5, 'high': 5}, 'c': None}


def test_interval_of_many_is_within_them_and_repeats():
    values = [{'a': float(value)} for value in range(100, 121)]
    first = intervals(values, ['a'])['a']
    assert first == intervals(values, ['a'])['a']
    # The sign test's interval of the median of 21 is from the 6th to the 16th.
    assert first['median'] == 110 and abs(first['low'] - 105) <= 1 and abs(first['high'] - 115) <= 1
    # What else there is changes nothing.
    assert intervals([{**value, 'b': math.pi} for value in values], ['a', 'b'])['a'] == first


# --- words ---

def test_words():
    assert [number(value, '.4g') for value in (0.012345, 999.96, 12345.6)] == ['0.01235', '1000', '12346']
    assert number(1234.5, '.2f') == '1234.50'
    assert cell(None, '.4g') == '-'
    assert cell({'median': 2, 'low': 2, 'high': 2}, '.4g') == '2'
    assert cell({'median': 2, 'low': 1, 'high': 3}, '.4g') == '2 (1 to 3)'
    # An interval that rounding closes is none.
    assert cell({'median': 20000, 'low': 19999.9, 'high': 20000.1}, '.4g') == '20000'


def test_origin_says_what_is_simulated():
    entry = {'simulated': True, 'profile': 'hdd', 'device': None, 'seed_list': [2, 1]}
    assert origin([entry]) == 'simulated (profile hdd, seeds 1 2)'
    assert origin([{**entry, 'simulated': False, 'device': '/dev/x', 'seed_list': [1]}]) == \
        'on /dev/x (profile hdd, seed 1)'


def test_columns_are_those_with_anything_in_them():
    entry = {'figures': dict.fromkeys(['p50_us', 'p99_us', 'p999_us', 'max_us', 'foreground_iops', 'foreground_mbs',
                                       'background_mbs', 'total_mbs', 'foreground_seconds', 'utilisation', 'jain',
                                       'weight_ratio', 'idle_share', 'settled_p99', 'rate_back', 'continuing',
                                       'instructions_per_io'])}
    entry['figures'].update(jain={'median': 1}, p99_us={'median': 1})
    assert [heading for heading, _, _ in columns_of([entry])] == ['p99 us', 'Jain']


def test_gate_lines():
    checks = [{'ok': ok, 'text': 't', 'scenario': None, 'value': 0.123456, 'want': 3} for ok in (True, False, None)]
    assert [row[0] for row in gate_lines(checks)] == ['', 'ok', 'FAILED', 'not checked']
    assert gate_lines(checks)[1][2:] == ['-', '0.1235', '3']
