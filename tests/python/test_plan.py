# SPDX-License-Identifier: GPL-2.0
"""weirlab.bench.plan: what a machine is told of a scenario, line by line; weirlab.bench.work:
which machines there are."""

import argparse

import pytest

from weirlab.bench.origin import digest
from weirlab.bench.plan import carried, job, machine, plan
from weirlab.bench.run import Run, instructions_per_io
from weirlab.bench.scenario import Scenario
from weirlab.bench.work import all_runs

JOB = """; weir summary: reads beside writes
; weir profiles: nvme-tlc hdd
; weir foreground: reads
; weir vary BS: 4k 16k
; weir quick BS: 4k
; weir sections BS=16k: reads writes
; weir size: 64
; weir disk: poll_queues=1
; weir group slow: 50
; weir at 1.5: speed=4
; weir cpus: 2
; weir file LOG: log.txt
[reads]
runtime=1s
rate_iops=5
[writes]
"""


@pytest.fixture(name='run')
def _run(tmp_path):
    """A run of JOB, changed by SUBSTITUTIONS, on what is said."""
    def make(profile='nvme-tlc', scheduler='kyber', device=None, substitutions=(), quick=False, **more):
        text = JOB
        for old, new in substitutions:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / 'tiny.fio').write_text(text)
        (tmp_path / 'log.txt').write_text('0 1\n')
        options = argparse.Namespace(device=device, quick=quick, ipns=16, kernel='6.12', out=tmp_path,
                                     common={'elevator': 'e', 'sources': 's'})
        return Run(options, Scenario(tmp_path / 'tiny.fio'), profile, scheduler, more.pop('settings', {}), 7, **more)
    return make


def lines(run):
    """Of the plan, blanks for tabs."""
    return plan(run).replace('\t', ' ').splitlines()


def test_plan_of_a_machine(run):
    assert lines(run(settings={'read_lat_nsec': '5'})) == [
        'ipns 16',
        'disk profile=nvme-tlc size=64 memory_backed=0 submit_queues=4 hw_queue_depth=1023 poll_queues=1',
        'state fresh', 'at 1.5 speed=4', 'scheduler kyber read_lat_nsec=5', 'group slow 50', 'seed 7', 'job job.fio',
        'file LOG log.txt', 'case BS=4k BS=4k -', 'case BS=16k BS=16k reads writes']


def test_plan_of_other_machines(run):
    assert 'state fresh' not in lines(run('hdd'))
    assert 'disk profile=hdd size=64 memory_backed=0 submit_queues=1 hw_queue_depth=32 poll_queues=1' in lines(run('hdd'))
    mounted = lines(run(substitutions=[('size: 64', 'mount: ext4')]))
    assert 'mount ext4' in mounted and any('size=1024 memory_backed=1' in line for line in mounted)
    traced = [('size: 64', 'trace: yes')]
    assert ('trace' in lines(run(substitutions=traced)), 'trace' in lines(run(substitutions=traced, empty=True))) == (
        True, False)
    assert [line for line in lines(run(quick=True)) if line.startswith('case')] == ['case BS=4k BS=4k -']
    assert lines(run(whole=False)) == lines(run(quick=True))


def test_plan_of_a_real_disk(run):
    reader = [('size: 64', 'destroys: no')]
    assert lines(run(device='/dev/x', substitutions=reader))[:3] == ['device /dev/x', 'readonly', 'scheduler kyber']
    assert lines(run(device='/dev/x'))[:2] == ['device /dev/x', 'scheduler kyber']


def test_job_of_the_empty_device_is_short(run):
    assert job(run(empty=True)).splitlines()[-3:] == ['[reads]', 'runtime=30ms', '[writes]']
    assert job(run()) == JOB
    assert set(carried(run())) == {'job.fio', 'plan', 'log.txt'}


def test_job_of_a_real_disk_wants_no_cpu_that_is_not_there(run, monkeypatch):
    monkeypatch.setattr('os.sched_getaffinity', lambda _: {0, 2, 3})
    assert 'cpus_allowed=0,2\n' in job(run(device='/dev/x', substitutions=[('rate_iops=5', 'cpus_allowed=0-2')]))
    assert 'cpus_allowed' not in job(run(device='/dev/x', substitutions=[('rate_iops=5', 'cpus_allowed=1,7')]))


def test_machine(run):
    assert machine(run()) == ['--icount', '--memory-root', '--smp', '2', '--mem', '1536', '--kernel', '6.12']
    assert machine(run(device='/dev/x')) == []


def test_what_a_result_depends_on(run):
    assert set(run().depends()) == {'sources', 'plan', 'job file'}
    assert set(run(scheduler='weir').depends()) == {'sources', 'elevator', 'plan', 'job file'}
    assert run().depends() == run().depends()
    changed = run(substitutions=[('rate_iops=5', 'rate_iops=6')]).depends()
    assert [what for what, now in run().depends().items() if changed[what] != now] == ['job file']
    assert digest({'a': b'bc'}) != digest({'ab': b'c'})


def test_which_runs_there_are(run):
    scenario = run().scenario
    options = run().options
    vars(options).update(seeds=[1, 2], profile=None, schedulers=['none', 'kyber'], no_sweeps=False)
    runs = all_runs(options, [scenario])
    assert [str(one) for one in runs if one.empty] == ['tiny empty device']
    assert {str(one) for one in runs if one.whole and not one.empty} == {
        f'tiny {profile} {label} seed {seed}' for profile in ('nvme-tlc', 'hdd') for label in ('none', 'kyber')
        for seed in (1, 2)}
    swept = [one for one in runs if not one.whole]
    assert {(one.profile, one.seed) for one in swept} == {('nvme-tlc', 1)} and len(swept) == 5
    # What a scheduler might be set to as well comes last of its seed.
    assert [one.whole for one in runs if one.seed == 1] == [True] * 5 + [False] * 5
    options.no_sweeps = True
    assert all(one.whole for one in all_runs(options, [scenario]))


def test_instructions_per_io(tmp_path):
    samples = tmp_path / 'samples.txt'
    assert instructions_per_io(samples) is None
    # Of the intervals in which I/O flows: 100, 200 and 300 instructions an I/O.
    samples.write_text('0 0\n1000 10\n1999 10\n3999 20\n6999 30\n9999 31\n')
    assert instructions_per_io(samples) == 200
