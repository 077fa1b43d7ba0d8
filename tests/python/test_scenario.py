# SPDX-License-Identifier: GPL-2.0
"""weirlab.bench.scenario reads a job file's header: which settings and cases it means, and
what is wrong in one. weirlab.bench.options reads the command line."""

import argparse
import pathlib

import pytest

from weirlab.bench.options import seeds, whole
from weirlab.bench.say import Refused
from weirlab.bench.scenario import SWEEP, Scenario
from weirlab.places import SCENARIOS

JOB = """; weir summary: reads in two sizes
; weir profiles: nvme-tlc
; weir foreground: reads
; weir vary BS: 4k 16k
; weir quick BS: 4k
; weir destroys: no
[reads]
runtime=1s
"""
SWEPT = [setting.split('=')[1] for setting in SWEEP['kyber']]


@pytest.fixture(name='scenario')
def _scenario(tmp_path):
    """Of JOB with that in its header."""
    def make(header, job=JOB):
        path = tmp_path / 'labels.fio'
        path.write_text(job.replace('; weir vary', f'; weir {header}\n; weir vary'))
        return Scenario(path)
    return make


@pytest.mark.parametrize('header, quick, wanted', [
    ('size: 64', False, SWEPT),
    ('size: 64', True, []),
    # In addition, none of them twice.
    (f'sweep kyber: read_lat_nsec=7 {SWEPT[0]} 9', False, [*SWEPT, '7', '9']),
    ('sweep kyber: read_lat_nsec=7 9', True, ['7', '9']),
    ('quick kyber: read_lat_nsec=7', True, ['7']),
])
def test_settings(scenario, header, quick, wanted):
    labels = scenario(header).labels(['kyber'], quick)
    assert [value for _, found, _ in labels for value in found.values()] == wanted


@pytest.mark.parametrize('header, words', [
    ('at soon: speed=4', "labels.fio:4: at 'soon': want seconds, such as 1.5"),
    ('at 1: speed', "at 1: 'speed': want ATTRIBUTE=VALUE"),
    ('memory: much', "memory is 'much': want a whole number"),
    ('sighs: 64', "labels.fio:4: unknown key 'sighs'"),
    ('state: tired', "state is 'tired': want fresh or full or steady"),
    ('foreground: writes', "foreground has 'writes': want of reads"),
    ('size:', "'size:': want KEY: VALUE"),
    ('longer sata-ssd: 5\n; weir at 1: speed=4', "'longer' and 'at'"),
    ('longer floppy: 5', 'want longer PROFILE: TIMES'),
])
def test_refused(scenario, header, words):
    with pytest.raises(Refused) as refusal:
        scenario(header)
    assert words in str(refusal.value)


def test_time_that_cannot_be_longer(scenario):
    with pytest.raises(Refused) as refusal:
        scenario('longer sata-ssd: 5', JOB.replace('runtime=1s', 'runtime=${TIME}'))
    assert "'longer' and runtime=${TIME}: want a number and ms, s or m" in str(refusal.value)


def test_longer_on_that_profile_alone(tmp_path):
    path = tmp_path / 'labels.fio'
    path.write_text('; weir summary: s\n; weir longer sata-ssd: 5\n[global]\nruntime = 2s\n\nramp_time=500ms\n'
                    '[a]\nstartdelay=3\nrw=read\n')
    scenario = Scenario(path)
    assert [scenario.text(profile).split('\n', 3)[3] for profile in ('sata-ssd', 'nvme-tlc')] == [
        'runtime=10s\n\nramp_time=2500ms\n[a]\nstartdelay=15\nrw=read\n',
        'runtime = 2s\n\nramp_time=500ms\n[a]\nstartdelay=3\nrw=read\n']


def test_cases(scenario):
    made = scenario('vary DEPTH: 1 8\n; weir sections DEPTH=8: reads writes')
    assert [(name, sections) for name, _, sections in made.cases(False)] == [
        ('DEPTH=1,BS=4k', []), ('DEPTH=1,BS=16k', []),
        ('DEPTH=8,BS=4k', ['reads', 'writes']), ('DEPTH=8,BS=16k', ['reads', 'writes'])]
    assert [name for name, _, _ in made.cases(True)] == ['DEPTH=1,BS=4k', 'DEPTH=8,BS=4k']


def test_who_says_nothing_loses_what_is_there(scenario):
    silent = JOB.replace('; weir destroys: no\n', '')
    assert [scenario('size: 1', job).destroys for job in (JOB, silent)] == [False, True]
    assert scenario('mount: ext4').destroys


def test_all_scenarios_of_the_project_can_be_read():
    names = [Scenario(path).name for path in sorted(SCENARIOS.glob('*.fio'))]
    assert 'reads-vs-writes' in names and pathlib.Path(SCENARIOS / 'burst.fio').exists()


@pytest.mark.parametrize('text, wanted', [('3', [1, 2, 3]), ('101-103', [101, 102, 103]), ('7-7', [7])])
def test_seeds(text, wanted):
    assert seeds(text) == wanted


@pytest.mark.parametrize('text', ['0', '101', 'x', '3-2', '1-101', '999-1000', '1-', '-5', ''])
def test_no_seeds(text):
    with pytest.raises(argparse.ArgumentTypeError):
        seeds(text)


def test_whole():
    assert whole(1, 64)('64') == 64
    for text in ('0', '65', '1.5', '²'):
        with pytest.raises(argparse.ArgumentTypeError):
            whole(1, 64)(text)
