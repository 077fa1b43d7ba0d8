# SPDX-License-Identifier: GPL-2.0
"""weirlab.figures.again: the command below a table says what was run, so that it is run again;
scripts/bench itself reads it in the same way."""

import shlex
from types import SimpleNamespace

import pytest

from weirlab.bench.options import parse
from weirlab.figures.again import again, commands, everything, spans, trace_again
from weirlab.figures.folder import Row

KEY = ('reads-vs-writes', 'nvme-tlc')


def bench(asked, *rows):
    """Of (scenario, profile, label, seed)."""
    return SimpleNamespace(asked=asked, runs=[{'kernel': '6.12.1'}], rows=[
        Row(scenario, profile, 'all', label, seed, {'whole': '(' not in label}, {}, 'log', None, '')
        for scenario, profile, label, seed in rows])


def test_what_was_run():
    made = bench({'kernel': '6.1', 'quick': True, 'schedulers': ['none', 'weir'], 'ipns': 8},
                 *((*KEY, 'weir', seed) for seed in (101, 102)), (*KEY, 'none(wbt_lat_usec=0)', 101))
    line = 'scripts/bench reads-vs-writes --profile nvme-tlc --seeds 101-102 --kernel 6.1 --sched none,weir --ipns 8' \
        ' --quick --out out/again'
    assert commands(made, [KEY]) == [line]
    assert again(made, [KEY], ['scripts/report']) == line + ' && scripts/report out/again'


def test_scripts_bench_reads_it(monkeypatch):
    made = bench({'kernel': '6.12'}, (*KEY, 'weir', 1), ('burst', 'nvme-tlc', 'weir', 1))
    [line] = commands(made, everything(made))
    monkeypatch.setattr('sys.argv', shlex.split(line))
    options = parse()
    assert (options.scenario, options.profile, options.seeds, options.kernel, options.no_sweeps) == (
        ['reads-vs-writes', 'burst'], ['nvme-tlc'], [1], '6.12', True)


def test_as_few_commands_as_can_be():
    made = bench({}, *((scenario, profile, 'weir', seed) for scenario in ('a', 'b') for profile in ('x', 'y')
                       for seed in (1, 2)), ('c', 'x', 'weir', 1), ('c', 'x', 'weir', 3))
    assert commands(made, everything(made)) == [
        'scripts/bench a b --profile x y --seeds 1-2 --no-sweeps --out out/again',
        'scripts/bench c --profile x --seeds 1-1 --no-sweeps --out out/again',
        'scripts/bench c --profile x --seeds 3-3 --no-sweeps --out out/again']


def test_only_what_was_swept_is():
    made = bench({}, ('a', 'x', 'none', 1), ('a', 'x', 'none(wbt_lat_usec=0)', 1), ('a', 'y', 'none', 1))
    assert ['--no-sweeps' in line for line in commands(made, everything(made))] == [False, True]


def test_real_disk():
    made = bench({'device': '/dev/sda', 'kernel': '6.12', 'arguments': ['--device', 'sda', '--destroy', 'my own/scan.fio']},
                 ('scan', 'device', 'weir', 1))
    assert again(made, [('scan', 'device')]) == "sudo scripts/bench 'my own/scan.fio' --seeds 1-1 --device /dev/sda" \
        ' --destroy --no-sweeps --out out/again  # Linux 6.12.1'


@pytest.mark.parametrize('seeds, wanted', [([3, 1, 2, 2], ['1-3']), ([1, 101, 102], ['1-1', '101-102']), ([], [])])
def test_spans(seeds, wanted):
    assert spans(seeds) == wanted


def test_trace():
    assert trace_again({'device': 'sda', 'duration_s': 9.6, 'kernel': '6.1'}) == \
        'sudo scripts/trace sda --out out/again --seconds 10 && scripts/report out/again  # Linux 6.1'
    assert '-- fio \'a b\' &&' in trace_again({'device': 'sda', 'duration_s': 9, 'command': ['fio', 'a b']})
