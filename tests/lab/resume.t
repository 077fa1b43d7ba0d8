#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Proves that scripts/bench runs nothing again that it has run, and runs again what is
of another plan, job file, kernel, machine or source. In a copy of the project whose
virtual machine is a few lines that know how often they were called. Needs
matplotlib (scripts/setup demo), no machine and no root."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from tap import SCRIPTS, end, holds, same  # noqa: E402
from weirlab.bench.scenario import SWEEP  # noqa: E402

try:
    import numpy  # noqa: F401
except ImportError as error:
    print(f'1..0 # SKIP no {error.name}: scripts/setup demo installs it')
    sys.exit(0)

work = pathlib.Path(tempfile.mkdtemp())
copy = work / 'project'

JOB = """; weir summary: reads in two sizes
; weir profiles: nvme-tlc
; weir foreground: reads
; weir vary BS: 4k 16k
; weir quick BS: 4k
; weir file LOG: tiny.log
; weir destroys: no
[reads]
runtime=1s
"""

# What stands in for scripts/vm: one I/O of 1 ms in each case that the plan has.
MACHINE = '''#!/usr/bin/python3
import json, pathlib, sys
job, out = (pathlib.Path(sys.argv[sys.argv.index(o) + 1]) for o in ('--in', '--out'))
lat = {'N': 1, 'min': 1e6, 'max': 1e6, 'mean': 1e6, 'bins': {'1000000': 1}}
none = {'io_bytes': 0, 'total_ios': 0, 'runtime': 0, 'lat_ns': {'N': 0}}
read = {'io_bytes': 4096, 'total_ios': 1, 'runtime': 1, 'lat_ns': lat, 'clat_ns': lat}
for line in (job / 'plan').read_text().splitlines():
    if line.startswith('case\\t'):
        case = out / line.split('\\t')[1]
        case.mkdir()
        (case / 'machine.txt').write_text('')
        (case / 'fio.json').write_text(json.dumps({'jobs': [
            {'jobname': 'reads', 'error': 0, 'read': read, 'write': none, 'trim': none}]}))
(out / 'versions').write_text('6.12.1 fio-3.33')
with open(pathlib.Path(__file__).parent / 'calls', 'a') as calls:
    calls.write(' '.join(sys.argv) + '\\n')
'''


def put(path, text):
    path = copy / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if text.startswith('#!'):
        path.chmod(path.stat().st_mode | stat.S_IXUSR)


def make_copy():
    for name in ('bench', 'bench-figures', 'bench-gate', 'guest/bench'):
        (copy / 'scripts' / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(SCRIPTS, name), copy / 'scripts' / name)
    shutil.copytree(os.path.join(SCRIPTS, 'weirlab'), copy / 'scripts/weirlab')
    for name in ('Kbuild', 'scripts/elevator', 'src/blk/main.c', 'include/trace/weir.h', 'vmlinuz',
                 'root.cpio', 'scripts/vm-modules.sh', 'scripts/vm-drives.sh', 'scripts/vm-verdict.sh',
                 'scripts/guest/memory-init', 'scripts/guest/init-common',
                 'tests/fio/tiny.log'):
        put(name, f'{name}\n')
    put('tests/fio/tiny.fio', JOB)
    put('tests/fio/goals', 'overhead tiny all mean_us <= 1.03 x none\n')
    put('scripts/vm', MACHINE)
    put('scripts/memory-root', f'#!/bin/sh\necho {copy}/root.cpio\n')
    put('scripts/kernel', f'#!/bin/sh\necho KVER=6.12.1\necho VMLINUZ={copy}/vmlinuz\n')
    put('bin/qemu-system-x86_64', '#!/bin/sh\necho QEMU emulator version 7.2\n')


def bench(*options):
    """(how many machines, what was said)"""
    calls = copy / 'scripts/calls'
    calls.write_text('')
    done = subprocess.run(
        [copy / 'scripts/bench', 'tiny', '--sched', 'none,kyber', '--seeds', '1', '--out', work / 'out',
         *options], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, 'PATH': f"{copy}/bin:{os.environ['PATH']}"})
    if done.returncode:
        same((done.returncode, done.stderr), (0, ''), 'scripts/bench runs')
    return len(calls.read_text().splitlines()), done.stderr


def change(path):
    with open(copy / path, 'a', encoding='utf-8') as file:
        file.write('# changed\n')


try:
    make_copy()
    first, said = bench()
    # none with 3 other settings, kyber with 2, and the empty device.
    same((first, 'are there' in said), (8, False), 'a new directory: everything is run')
    results = (work / 'out/results.md').read_text()
    holds('## Validity gate: 0 of 1 checks ok' in results and '### tiny, nvme-tlc, BS=16k: sim' in results,
          'the tables, with what the gate says of these figures', results)
    shutil.rmtree(work / 'out')
    # Without sweeps: none, none(wbt_lat_usec=0), kyber, empty.
    same(bench('--quick')[0], 4, 'and with --quick')
    count, said = bench('--quick')
    same((count, '4 of 4 runs are there already' in said), (0, True), 'nothing is run twice')
    gone = work / 'out/runs/tiny/nvme-tlc/kyber/1'
    shutil.rmtree(gone)
    count, said = bench('--quick')
    same((count, '3 of 4 runs are there already' in said), (1, True), 'what is not there is run alone')
    (gone / 'run.json').unlink()
    same(bench('--quick')[0], 1, 'so is what was not finished')
    (gone / 'run.json').write_text('{')
    count, said = bench('--quick')
    same((count, '1 of 4 runs are there, but are run again' in said), (1, True), 'and what cannot be read')
    run = json.loads((gone / 'run.json').read_text())
    del run['of']
    (gone / 'run.json').write_text(json.dumps(run))
    same(bench('--quick')[0], 1, 'and what does not say what it is of')

    count, said = bench()
    same((count, '3 of 8 runs are there, but are run again: they are of another plan\n' in said,
          [case['case'] for case in json.loads((gone / 'run.json').read_text())['cases']]),
         (7, True, ['BS=4k', 'BS=16k']), 'without --quick: other cases, but for other settings')
    for what, path in (('job file', 'tests/fio/tiny.fio'), ('job file', 'tests/fio/tiny.log'),
                       ('kernel', 'vmlinuz'), ('machine', 'root.cpio'), ('machine', 'scripts/guest/bench'),
                       ('machine', 'scripts/vm'), ('machine', 'scripts/vm-drives.sh'), ('machine', 'scripts/guest/memory-init'),
                       ('machine', 'scripts/guest/init-common'),
                       ('machine', 'bin/qemu-system-x86_64'), ('sources', 'src/blk/main.c'),
                       ('sources', 'include/trace/weir.h'), ('sources', 'scripts/elevator'),
                       ('sources', 'scripts/weirlab/elevator/header.py')):
        if path == 'bin/qemu-system-x86_64':
            put(path, '#!/bin/sh\necho QEMU emulator version 7.3\n')
        else:
            change(path)
        count, said = bench()
        same((count, f'8 of 8 runs are there, but are run again: they are of another {what}\n' in said,
              bench()[0]), (8, True, 0), f'{path} changed: all again, once')
    put('src/new.c', 'new\n')
    same(bench()[0], 8, 'a new source file')
    bench('--sched', 'weir')
    put('src/iosched/new.c', 'new\n')
    same(bench()[0], 0, 'the elevator says nothing of its rivals')
    count, said = bench('--sched', 'weir')
    holds(count == 1 and 'of another elevator\n' in said, 'but of itself', (count, said))
    put('src/blk/main.o', 'built\n')
    put('src/blk/.main.o.cmd', 'built\n')
    same(bench()[0], 0, 'what was built is no source')
    same(bench('--ipns', '8')[0], 8, 'another --ipns')
    same(bench('--ipns', '8', '--jobs', '1')[0], 0, '--jobs changes nothing')
    change('scripts/bench')
    same(bench('--ipns', '8')[0], 0, 'nor do words in scripts/bench itself')
    put('tests/fio/tiny.fio', JOB.replace('destroys: no', 'destroys: no\n; weir memory: 512'))
    count, said = bench('--ipns', '8')
    holds(count == 8 and 'another job file, plan\n' in said, 'another machine: both are named', said)
    put('tests/fio/tiny.fio', JOB.replace('destroys: no', 'destroys: no\n; weir at 0.5: speed=4'))
    bench('--ipns', '8')
    same([json.loads(path.read_text())['events'] for path in (
        gone / 'run.json', work / 'out/empty/tiny/none/none/1/run.json')], [[[0.5, 'speed=4']], []],
         'run.json says what happens to the disk while fio runs')

    # --- how much is run ---
    job = JOB.replace('nvme-tlc', 'nvme-tlc sata-ssd')

    def made(*options):
        """The runs of a new directory."""
        shutil.rmtree(work / 'out')
        bench(*options)
        return {'/'.join(path.parts[-4:-1]): json.loads(path.read_text())
                for path in (work / 'out/runs').glob('*/*/*/*/run.json')}

    put('tests/fio/tiny.fio', job)
    runs = made('--seeds', '2')
    whole = {f'{profile}/{label}/{seed}' for profile in ('nvme-tlc', 'sata-ssd')
             for label in ('none', 'kyber') for seed in (1, 2)}
    same({name for name, run in runs.items() if run['whole']}, whole, 'all seeds and profiles of each scheduler')
    same({name for name, run in runs.items() if not run['whole']},
         {f'nvme-tlc/{scheduler}({setting})/1' for scheduler in ('none', 'kyber')
          for setting in SWEEP[scheduler]}, 'one of what else it may be set to')
    same({len(run['cases']) for name, run in runs.items() if name in whole}, {2}, 'all cases')
    same({len(run['cases']) for name, run in runs.items() if name not in whole}, {1}, 'and those of --quick')
    same(set(made('--seeds', '2', '--no-sweeps')), whole, '--no-sweeps')
    same({name.rpartition('/')[2] for name in made('--seeds', '101-103')}, {'101', '102', '103'}, 'seeds from 101 on')
    same({name.rpartition('/')[2] for name in made('--seeds', '101-103') if '(' in name}, {'101'},
         'settings with the first of them')
    put('tests/fio/tiny.fio', job.replace('destroys: no', 'destroys: no\n; weir sweeps: no'))
    same(set(made('--seeds', '2')), whole, 'sweeps: no')
    put('tests/fio/tiny.fio', job.replace('destroys: no', 'destroys: no\n; weir seeds: 1'))
    same(set(made('--seeds', '2', '--no-sweeps')), {name for name in whole if name.endswith('/1')}, 'seeds: 1')
    put('tests/fio/tiny.fio', job.replace('destroys: no', 'destroys: no\n; weir sweep kyber: read_lat_nsec=7'))
    same({name for name, run in made('--seeds', '2').items() if '=7)' in name and run['whole']},
         {f'{profile}/kyber(read_lat_nsec=7)/{seed}' for profile in ('nvme-tlc', 'sata-ssd') for seed in (1, 2)},
         'what the scenario is about: whole')

    # --- a machine that the emulation kills ---
    put('scripts/vm', MACHINE.replace('job, out =', """if '--append' not in sys.argv:
    with open(pathlib.Path(__file__).parent / 'calls', 'a') as calls:
        calls.write('killed\\n')
    sys.exit(96)
job, out ="""))
    put('tests/fio/tiny.fio', job.replace('nvme-tlc sata-ssd', 'nvme-tlc'))
    shutil.rmtree(work / 'out')
    count, said = bench('--no-sweeps')
    run = json.loads((gone / 'run.json').read_text())
    same((count, said.count('a fault of the emulation (scripts/vm): once more'), run['again']), (6, 3, True),
         'is run once more, otherwise')
finally:
    shutil.rmtree(work)

end()
