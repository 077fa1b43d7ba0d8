# SPDX-License-Identifier: GPL-2.0
"""A real disk: weirlab.bench.announce says what will be done, how long and what is lost;
weirlab.bench.keep writes results that bench compare reads, and refuses what breaks the schema."""

import argparse
import json
from types import SimpleNamespace

import pytest

from weirlab.bench import announce
from weirlab.bench.compare import main
from weirlab.bench.keep import keep, read_kept
from weirlab.bench.say import Refused
from weirlab.bench.scenario import Scenario
from weirlab.figures.folder import Row

JOB = """; weir summary: s
; weir vary BS: 4k 16k
{}[global]
ramp_time=500ms
[a]
runtime=28s
[b]
startdelay=500ms
runtime=9s
"""


@pytest.fixture(name='said')
def _said(tmp_path, monkeypatch):
    """What is announced for a job file."""
    parts = [{'name': 'sdx', 'fstype': None, 'label': None}, {'name': 'sdx1', 'fstype': 'ext4', 'label': 'home'},
             {'name': 'sdx2', 'fstype': None, 'label': None}]
    whole = [{'model': 'Fast One ', 'size': 10 ** 12, 'rota': False, 'tran': 'nvme', 'rev': '1'}]
    monkeypatch.setattr(announce, 'lsblk', lambda _, *columns: whole if 'MODEL' in columns else parts)

    def make(job, done=()):
        (tmp_path / 'tiny.fio').write_text(job)
        for label in done:
            folder = tmp_path / 'runs/tiny/device' / label / '1'
            folder.mkdir(parents=True)
            (folder / 'run.json').write_text('{}')
        options = argparse.Namespace(device='/dev/sdx', seeds=[1, 2], profile=None, schedulers=['none', 'bfq'],
                                     no_sweeps=True, quick=False, out=tmp_path, jobs=1)
        return announce.announcement(options, [Scenario(tmp_path / 'tiny.fio')])
    return make


def test_what_how_long_and_what_is_lost(said):
    lines = said(JOB.format(''))
    assert lines[0] == '/dev/sdx: Fast One, 1000 GB'
    assert lines[1].startswith('will do: 4 runs of tiny, under none bfq, seeds 1 2; ')
    # 4 runs of 2 cases: 28 + 0.5 + 0.5 s, and 2 s beside.
    assert lines[2] == 'will take: about 4 min'
    assert lines[3] == 'IS LOST: all that is on /dev/sdx, to which tiny write: sdx1 (ext4 home), sdx2'


def test_who_only_reads_loses_nothing(said):
    assert said(JOB.format('; weir destroys: no\n'))[-1].startswith('is lost: nothing')


def test_what_is_there_takes_no_time(said):
    lines = said(JOB.format(''), done=['none', 'bfq'])
    assert lines[2].startswith('of these 2 are in ') and lines[3] == 'will take: about 2 min'


def test_no_time_is_said_that_nobody_knows(said):
    assert said(JOB.format('').replace('runtime', 'io_size'))[2] == 'will take: a time that no job file says'


def kept(path, p99=100.0, day='1', **more):
    """A file of four seeds, in a folder."""
    rows = [{'scenario': 's', 'profile': 'device', 'case': 'all', 'label': 'weir', 'seed': seed, 'latency_from': 'log',
             'figures': {'p99_us': p99 + seed / 10}} for seed in (1, 2, 3, 4)]
    path.mkdir(exist_ok=True)
    document = {'version': 1, 'drive': {'model': 'Fast One'}, 'kernel': '6.12.1', 'fio': 'fio-3.33', 'revision': 'r',
                'arguments': [], 'date': '2026-11-28', 'rows': rows, **more}
    (path / f'{day}.json').write_text(json.dumps(document))
    return str(path)


def test_compared(tmp_path, capsys):
    a, b = kept(tmp_path / 'a'), kept(tmp_path / 'b', 120)
    assert (main([a, a]), main([a, b]), main([b, a]), main([a + '/1.json', b])) == (0, 1, 0, 1)
    assert 'a/1.json: Fast One, Linux 6.12.1, 2026-11-28' in capsys.readouterr().out


def test_several_files_are_more_seeds(tmp_path, capsys):
    a, b = kept(tmp_path / 'a'), kept(tmp_path / 'b', 110)
    kept(tmp_path / 'b', 130, day='2')
    main([a, b])
    # Of 110.1 to 110.4 and 130.1 to 130.4.
    assert ' 120.25 ' in next(line for line in capsys.readouterr().out.splitlines() if 'p99_us' in line)


@pytest.mark.parametrize('more, words', [
    ({'version': 2}, 'its version is 2: want 1'), ({'drive': {}}, 'drive: model is None: want str'),
    ({'rows': [[]]}, 'row 1: want an object with scenario'), ({'kernel': 6}, 'the file: kernel is 6: want str'),
    ({'rows': [{'scenario': 's', 'profile': 'p', 'case': 'c', 'label': 'l', 'seed': 1, 'latency_from': 'log',
                'figures': {'p99_us': 'fast'}}]}, 'row 1: p99_us: want a number')])
def test_what_breaks_the_schema_is_refused(tmp_path, more, words):
    path = kept(tmp_path / 'a', **more) + '/1.json'
    with pytest.raises(Refused) as refused:
        read_kept(path)
    assert f'{path}: {words}' in str(refused.value)


def test_what_is_written_can_be_read(tmp_path):
    bench = SimpleNamespace(runs=[{'kernel': '6.12.1', 'fio': 'fio-3.33'}], asked={
        'drive': {'model': 'Fast One/2'}, 'revision': 'r', 'arguments': ['--device', '/dev/sdx']},
        rows=[Row('s', 'device', 'all', 'weir', 1, {}, {'p99_us': 1.5, 'jain': None}, 'log', None, '')])
    path = keep(bench, tmp_path)
    assert path.parent == tmp_path / 'results/fast-one-2' and path.name.endswith('-6.12.1.json')
    assert read_kept(str(path))['rows'][0]['figures'] == {'p99_us': 1.5}
