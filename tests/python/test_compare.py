# SPDX-License-Identifier: GPL-2.0
"""weirlab.bench.compare: ratios with their intervals, and which of them are a regression."""

import itertools
import json
import math
import random
import re

import pytest

from weirlab.bench.compare import Ratio, main, ratio
from weirlab.bench.say import Refused


def folder(path, change=1.0, seeds=(1, 2, 3, 4), noise=0.01, **more):
    """With a figures.json: p99_us of noisy seeds times CHANGE, and a rate that does not change."""
    chance = random.Random(7)
    rows = [{'scenario': 's', 'profile': 'nvme-tlc', 'case': case, 'label': 'weir', 'seed': seed, 'figures': {
        'p99_us': 100 * (1 + noise * chance.random()) * change, 'total_mbs': 500.0 + seed, 'jain': None,
        'utilisation': change, **more}} for case in ('BS=4k', 'BS=16k') for seed in seeds]
    path.mkdir()
    (path / 'figures.json').write_text(json.dumps({'rows': rows}))
    return str(path)


def test_a_folder_beside_itself_has_no_regression(tmp_path, capsys):
    a = folder(tmp_path / 'a', noise=0.5)
    assert main([a, a]) == 0
    said = capsys.readouterr().out
    assert '4 figures are in both: 0 of B are worse' in said and 'WORSE' not in said and 'better' not in said
    assert said.count('1.0000 (1.0000 to 1.0000)') == 4


@pytest.mark.parametrize('change, status, words', [
    (1.05, 1, 'WORSE'), (1.021, 1, 'WORSE'), (1.019, 0, ''), (0.9, 0, 'better')])
def test_regression(tmp_path, capsys, change, status, words):
    assert main([folder(tmp_path / 'a'), folder(tmp_path / 'b', change)]) == status
    rows = [line for line in capsys.readouterr().out.splitlines() if 'p99_us' in line]
    assert len(rows) == 2 and all(f'{change:.4f}' in row and row.split()[0] == (words or row.split()[0]) for row in rows)
    assert words or not any(row.startswith(('WORSE', 'better')) for row in rows)


def test_what_chance_explains_is_no_regression(tmp_path):
    b = folder(tmp_path / 'b', noise=0)
    rows = json.loads((tmp_path / 'b/figures.json').read_text())['rows']
    # 8 % worse in the mean, but one seed of four has all of it.
    for row in rows:
        row['figures']['p99_us'] *= 1.36 if row['seed'] == 2 else 1
    (tmp_path / 'b/figures.json').write_text(json.dumps({'rows': rows}))
    assert main([folder(tmp_path / 'a', noise=0), b]) == 0


def test_less_of_a_rate_is_worse(tmp_path, capsys):
    assert main([folder(tmp_path / 'a'), folder(tmp_path / 'b', total_mbs=400.0)]) == 1
    assert all(line.startswith('WORSE') for line in capsys.readouterr().out.splitlines() if 'total_mbs' in line)


def test_one_seed_has_no_verdict(tmp_path, capsys):
    assert main([folder(tmp_path / 'a', seeds=[1]), folder(tmp_path / 'b', 2.0, seeds=[1])]) == 0
    assert '4 have one seed, and no interval' in capsys.readouterr().out


# By how much a figure differs from seed to seed, as a share of it.
NOISE = {'p50_us': 0.005, 'p99_us': 0.005, 'p999_us': 0.05, 'max_us': 0.2, 'mean_us': 0.01, 'total_mbs': 0.003,
         'background_mbs': 0.03, 'instructions_per_io': 0.001}


def drawn(path, chance, seeds, slower=1.0):
    """A folder with figures of one distribution; p99 of one case times SLOWER. Run times are short, and in
    whole milliseconds, as fio has them; percentiles of a case are of fio's bins."""
    rows = []
    for case, label, seed in itertools.product(('1', '2', '3', '4', '5', '6'), ('none', 'weir'), seeds):
        figures = {name: 100 * math.exp(chance.gauss(0, noise)) for name, noise in NOISE.items()}
        milliseconds = int(30.5 + chance.gauss(0, 0.3))
        figures.update(foreground_seconds=milliseconds / 1000, foreground_mbs=36 / milliseconds)
        if case == '1' and label == 'weir':
            figures['p99_us'] *= slower
        if case == '2':
            figures['p99_us'] = 64 * 2 ** (int(64 * math.log2(figures['p99_us'] / 64)) / 64)
        rows.append({'scenario': 's', 'profile': 'p', 'case': case, 'label': label, 'seed': seed,
                     'latency_from': 'lat bins' if case == '2' else 'log', 'figures': figures})
    path.mkdir()
    (path / 'figures.json').write_text(json.dumps({'rows': rows}))
    return str(path)


@pytest.mark.parametrize('seeds, others', [(2, False), (3, False), (5, False), (10, False), (3, True), (10, True)])
def test_no_false_alarm_in_20_comparisons_of_a_thing_with_itself(tmp_path, seeds, others):
    chance = random.Random(seeds + 100 * others)
    first = seeds if others else 0
    assert [main([drawn(tmp_path / f'a{i}', chance, range(1, seeds + 1)),
                  drawn(tmp_path / f'b{i}', chance, range(first + 1, first + seeds + 1))]) for i in range(20)] == [0] * 20


def test_a_loss_of_3_percent_is_found(tmp_path, capsys):
    chance = random.Random(1)
    for i in range(5):
        status = main([drawn(tmp_path / f'a{i}', chance, range(1, 11)), drawn(tmp_path / f'b{i}', chance, range(1, 11), 1.03)])
        worse = [line.split()[:4] for line in capsys.readouterr().out.splitlines() if line.startswith('WORSE')]
        assert (status, worse) == (1, [['WORSE', '1', 'weir', 'p99_us']])


def test_few_seeds_say_how_little_they_show(tmp_path, capsys):
    # Three seeds have two degrees of freedom: t of such a chance is some hundred.
    said = []
    for seeds in (3, 10):
        main([drawn(tmp_path / f'a{seeds}', random.Random(1), range(seeds)),
              drawn(tmp_path / f'b{seeds}', random.Random(2), range(seeds))])
        said.append(float(re.search(r'half of them would have shown a change of (\S+) %', capsys.readouterr().out)[1]))
    assert said[0] > 50 and 2 <= said[1] < 15


def test_one_millisecond_is_no_change(tmp_path):
    # Of 30 it is 3.3 %, in all seeds alike; three are a change, and so are ten of 300.
    def times(name, milliseconds):
        return folder(tmp_path / name, foreground_seconds=milliseconds / 1000, foreground_mbs=36 / milliseconds)
    assert main([times('a', 30), times('b', 31)]) == 0
    assert main([str(tmp_path / 'a'), times('c', 33)]) == 1
    assert main([times('d', 300), times('e', 310)]) == 1
    assert ratio({1: 30, 2: 30}, {1: 33, 2: 33}, 1 / 30).low < 1.1 < ratio({1: 30, 2: 30}, {1: 33, 2: 33}, 1 / 30).high


@pytest.mark.parametrize('source, words', [('log', 'better'), ('lat bins', '')])
def test_one_bin_is_no_change(tmp_path, capsys, source, words):
    # All seeds are 1 % quicker; bins are 1.6 % wide.
    for name, change in (('a', 1), ('b', 0.99)):
        folder(tmp_path / name, change)
        path = tmp_path / name / 'figures.json'
        path.write_text(path.read_text().replace('"figures"', f'"latency_from": "{source}", "figures"'))
    main([str(tmp_path / 'a'), str(tmp_path / 'b')])
    rows = [line for line in capsys.readouterr().out.splitlines() if 'p99_us' in line]
    assert len(rows) == 2 and all(row.startswith('better') == bool(words) for row in rows)


def test_ratio_of_the_same_seeds():
    # Paired: seeds differ much, their ratios do not.
    found = ratio({1: 100, 2: 200, 3: 400}, {1: 110, 2: 222, 3: 436})
    assert found.ratio == pytest.approx(1.1, rel=2e-3) and 1.07 < found.low < found.high < 1.13
    # By hand: logs of 1.1 and 1.2, whose half difference is 0.0435; t of one degree is 12.706.
    middle, reach = math.log(1.32) / 2, 12.7062 * math.log(1.2 / 1.1) / 2
    assert ratio({1: 10, 2: 10}, {1: 11, 2: 12})[:3] == pytest.approx(
        (math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)), rel=1e-5)


def test_ratio_of_other_seeds():
    # Welch's interval of two times two logarithms of the same spread: t of two degrees is 4.3027.
    found = ratio({1: 10, 2: 12}, {3: 20, 4: 24})
    reach = 4.30265 * math.sqrt(2) * math.log(1.2) / 2
    assert found[:3] == pytest.approx((2, 2 * math.exp(-reach), 2 * math.exp(reach)), rel=1e-5)
    assert ratio({1: 10}, {2: 20, 3: 20}) == Ratio(pytest.approx(2), None, None)
    # No spread at all is an interval as well.
    assert ratio({1: 10, 2: 10}, {3: 20, 4: 20})[:3] == pytest.approx((2, 2, 2))


def test_what_is_in_one_alone_is_counted(tmp_path, capsys):
    assert main([folder(tmp_path / 'a', mean_us=5.0), folder(tmp_path / 'b')]) == 0
    assert '2 are in A alone' in capsys.readouterr().out


def test_refused(tmp_path):
    a = folder(tmp_path / 'a')
    with pytest.raises(Refused):
        main([a, str(tmp_path / 'nowhere')])
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'empty/figures.json').write_text('{"rows": []}')
    with pytest.raises(Refused) as refusal:
        main([a, str(tmp_path / 'empty')])
    assert 'no figure in common' in str(refusal.value)
    (tmp_path / 'empty/figures.json').write_text('{')
    with pytest.raises(Refused):
        main([a, str(tmp_path / 'empty')])
    with pytest.raises(SystemExit) as usage:
        main([a])
    assert usage.value.code == 2
