# SPDX-License-Identifier: GPL-2.0
"""weirlab.bench.compare: ratios with their intervals, and which of them are a regression."""

import json
import math
import random

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


def test_ratio_of_the_same_seeds():
    # Paired: seeds differ much, their ratios do not.
    found = ratio({1: 100, 2: 200, 3: 400}, {1: 110, 2: 222, 3: 436})
    assert found.ratio == pytest.approx(1.1, rel=2e-3) and 1.07 < found.low < found.high < 1.13
    # By hand: logs of 1.1 and 1.2, whose half difference is 0.0435; t of one degree is 12.706.
    middle, reach = math.log(1.32) / 2, 12.7062 * math.log(1.2 / 1.1) / 2
    assert ratio({1: 10, 2: 10}, {1: 11, 2: 12}) == pytest.approx(
        (math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)), rel=1e-5)


def test_ratio_of_other_seeds():
    # Welch's interval of two times two logarithms of the same spread: t of two degrees is 4.3027.
    found = ratio({1: 10, 2: 12}, {3: 20, 4: 24})
    reach = 4.30265 * math.sqrt(2) * math.log(1.2) / 2
    assert found == pytest.approx((2, 2 * math.exp(-reach), 2 * math.exp(reach)), rel=1e-5)
    assert ratio({1: 10}, {2: 20, 3: 20}) == Ratio(pytest.approx(2), None, None)
    # No spread at all is an interval as well.
    assert ratio({1: 10, 2: 10}, {3: 20, 4: 20}) == pytest.approx((2, 2, 2))


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
