#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Proves that scripts/weirstat makes the right figures of what it reads, and says
what is wrong where it cannot: on files as the modules write them, in a folder of
the test's own. Needs no machine and no root."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from tap import SCRIPTS, end, holds, load, same  # noqa: E402

script = os.path.join(SCRIPTS, 'weirstat')
weirstat = load('weirstat')


# --- files as the modules write them ---

def stats(now, ops=None, media=None, since=0, resets=0, in_flight=0, timing=True):
    """stats.json at NOW seconds; OPS: {name: (count, bytes, {low: count}, parts)}."""
    lines = [{'type': 'disk', 'disk': 'weir0', 'now_ns': int(now * 1e9), 'since_ns': int(since * 1e9),
              'resets': resets, 'timing': timing, 'in_flight': in_flight}]
    for name in weirstat.OPS:
        count, size, buckets, parts = (ops or {}).get(name, (0, 0, {}, {}))
        lines.append({'type': 'op', 'disk': 'weir0', 'op': name, 'count': count, 'bytes': size,
                      'timed': sum(buckets.values()),
                      'sum_ns': sum(low * n for low, n in buckets.items()), 'parts_ns': parts,
                      'buckets': sorted([low, n] for low, n in buckets.items())})
    if media:
        lines.append({'type': 'media', 'disk': 'weir0', 'erased_blocks': 0, 'suspends': 0,
                      'cache_units': 7, 'free_blocks': 9, **media})
    return ''.join(json.dumps(line) + '\n' for line in lines)


def between(before, now):
    return weirstat.disk_between(before and weirstat.parse_stats(before), weirstat.parse_stats(now))


WINDOW = 'window_ns 1099511627776\nnarrow_ns 9\ninflight_ns 81000\nphase open\nrt inflight_ns 0 waiting 0\n'
THROTTLE = ('step 3\ndepth 12\nmax_depth 32\nbackground_inflight 0\nbackground_tags 8\n'
            'period_ns 100000000\n')


def classes(done):
    return (f'read done {done} timed 5 device_ns p50 1 p90 2 p99 3 p99.9 4 max 5 '
            'total_ns p50 10240 p90 20480 p99 40960 p99.9 81920 max 90000\n'
            'sync done 0 timed 0\nwrite done 0 timed 0\ntrim done 0 timed 0\n')


# --- figures ---

def bucket(ns):
    """The beginning of the bucket of a time, as src/watch/hist.h has them."""
    shift = max((ns | 32).bit_length() - 6, 0)
    return ns >> shift << shift


random.seed(4)
wrong = []
for size in (1, 2, 3, 99, 100, 1000, 4001):
    times = sorted(int(random.lognormvariate(11, 3)) for _ in range(size))
    buckets = {}
    for t in times:
        buckets[bucket(t)] = buckets.get(bucket(t), 0) + 1
    for permyriad in (1, 5000, 9900, 9990, 10000):
        want = times[max(-(-size * permyriad // 10000), 1) - 1]
        got = weirstat.percentile(buckets, permyriad)
        if abs(got - want) * 64 > want:
            wrong.append((size, permyriad, got, want))
same(wrong, [], 'percentiles are within 1/64 of those of the sorted times')
same(weirstat.percentile({}, 5000), None, 'none of nothing')

one = stats(10, {'read': (100, 409600, {1008: 50, 1984: 50}, {}), 'flush': (1, 0, {}, {})}, in_flight=3)
two = stats(12, {'read': (300, 1228800, {1008: 50, 1984: 151, 3968: 99}, {}), 'flush': (1, 0, {}, {})},
            in_flight=5)
shown = between(one, two)
same((shown['interval_s'], shown['in_flight']), (2.0, 5), 'interval and in flight')
same([shown['ops']['read'][key] for key in ('per_s', 'bytes_per_s', 'timed', 'p50_ns', 'p99_ns')],
     [100.0, 409600, 200, 2000, 4000], 'rates and percentiles are those of the interval alone')
same(shown['ops']['read']['mean_ns'], (101 * 1984 + 99 * 3968) // 200, 'so is the mean')
same(shown['ops']['flush'], {'per_s': 0.0, 'bytes_per_s': 0, 'timed': 0}, 'nothing happened: no percentile')
same('media' in shown, False, 'no media model, no media')

after = stats(13, {'read': (10, 40960, {500: 10}, {})}, since=12.5, resets=1)
shown = between(two, after)
same([shown['interval_s'], *[shown['ops']['read'][key] for key in ('per_s', 'timed', 'p50_ns')]],
     [0.5, 20.0, 10, 504], 'after a reset it counts from there')
anew = stats(13, {'read': (5, 20480, {500: 5}, {})}, since=12.75)
same(between(two, anew)['ops']['read']['per_s'], 20.0, 'a disk made anew counts from there')

parts = {'queue': 0, 'cache': 0, 'channel': 100, 'die': 300, 'gc': 400, 'service': 1200}
more = {'queue': 0, 'cache': 0, 'channel': 200, 'die': 600, 'gc': 1400, 'service': 2400}
shown = between(
    stats(1, {'write': (1, 4096, {2000: 1}, parts)},
          {'host_units': 100, 'programmed_units': 150, 'write_amplification': 1.5, 'busy_ns': [10**9, 0]}),
    stats(3, {'write': (3, 12288, {2000: 3}, more)},
          {'host_units': 200, 'programmed_units': 400, 'write_amplification': 2.0,
           'busy_ns': [2 * 10**9, 10**9]}))
same(shown['media'], {'write_amplification': 2.5, 'gc_share': round(1000 / 2600, 3),
                      'die_utilisation': 0.5, 'dies': [0.5, 0.5], 'cache_units': 7, 'free_blocks': 9},
     'media: amplification, collection and dies in the interval')
same(shown['ops']['write']['parts_ns'],
     {'queue': 0, 'cache': 0, 'channel': 50, 'die': 150, 'gc': 500, 'service': 600}, 'parts: per request')

same(weirstat.parse_classes(classes(7))['read'],
     {'done': 7, 'timed': 5, 'device_ns': {'p50': 1, 'p90': 2, 'p99': 3, 'p99.9': 4, 'max': 5},
      'total_ns': {'p50': 10240, 'p90': 20480, 'p99': 40960, 'p99.9': 81920, 'max': 90000}},
     "the scheduler's latency is understood")

# --- the program, on a folder ---

work = tempfile.mkdtemp()


def put(path, text):
    """As debugfs: whole, or not there."""
    path = os.path.join(work, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + '.new', 'w', encoding='ascii') as file:
        file.write(text)
    os.rename(path + '.new', path)


def start(*options):
    return subprocess.Popen([script, '--sysfs', work, *options], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def run(*options):
    process = start(*options)
    output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def fails(status, words, name, *options):
    got, output, errors = run(*options)
    same((got, output, words in errors, 'Traceback' in errors), (status, '', True, False), name)
    if words not in errors:
        print('# ' + errors.replace('\n', '\n# '))


try:
    fails(1, 'kernel/debug: No such file', 'no debugfs: says so')
    os.makedirs(os.path.join(work, 'kernel/debug'))
    fails(1, 'mount -t debugfs', 'debugfs is not mounted: says how')
    os.makedirs(os.path.join(work, 'kernel/debug/weir'))
    os.makedirs(os.path.join(work, 'block'))
    fails(1, 'no disk of weir-blk', 'nothing to show: says so')
    put('kernel/debug/weir/weir0/stats.json', stats(1))
    put('kernel/debug/weir/weir0/timing', '0\n')
    fails(1, 'sdz: neither', 'a disk that is not there: says so', 'weir0', 'sdz')
    fails(2, 'want seconds from 0.1', 'a bad interval', '--interval', '0')
    fails(2, 'want seconds from 0.1', 'a bad interval', '--interval', 'nan')
    fails(2, 'want a whole number', 'a bad count', '--count', '1.5')
    fails(2, 'unrecognized', 'a bad option', '--bad')
    for bad in ('{"type":"disk"}\n', 'rubbish\n', '[]\n', ''):
        put('kernel/debug/weir/weir0/stats.json', bad)
        fails(1, 'weir0/stats.json', f'stats.json is {bad!r}: says so')
    put('kernel/debug/weir/weir0/stats.json', stats(1))
    same(run('--help')[0], 0, '--help')

    put('block/sda/queue/scheduler', 'none mq-deadline [weir]\n')
    put('block/sda/inflight', '       2        1\n')
    # Files that no longer, or not yet, have all there is to read.
    os.makedirs(os.path.join(work, 'kernel/debug/weir/weir9'))
    put('block/sdc/queue/scheduler', '[weir] none\n')
    put('block/sdb/queue/scheduler', '[none] weir\n')
    put('block/sdb/inflight', '       0        0\n')
    for file, text in (('window', WINDOW), ('throttle', THROTTLE), ('latency', classes(100))):
        put(f'kernel/debug/block/sda/sched/{file}', text)
        put(f'kernel/debug/block/sdb/sched/{file}', text)
    put('kernel/debug/block/sda/sched/window', 'window_ns x\n')
    fails(1, 'sda/sched: not as this version', 'what the scheduler says is not understood: says so')
    put('kernel/debug/block/sda/sched/window', WINDOW)
    status, output, errors = run('--json', '-i', '0.1', '-c', '2')
    entries = [json.loads(line) for line in output.splitlines()]
    same((status, errors, [entry['device'] for entry in entries]), (0, '', ['sda', 'weir0'] * 2),
         'JSON: an object per interval and device')
    same({key: entries[0]['scheduler'][key] for key in ('phase', 'step', 'depth', 'window_ns', 'inflight_ns')},
         {'phase': 'open', 'step': 3, 'depth': 12, 'window_ns': 1 << 40, 'inflight_ns': 81000},
         'JSON: the scheduler as it is')
    same((entries[0]['in_flight'], entries[0]['scheduler']['classes']['read']['since_attach']['total_ns']['p99']),
         (3, 40960), 'JSON: what is in flight, and percentiles')
    same(run('--coun', '1')[0], 2, 'options are not abbreviated')
    same([json.loads(line)['device'] for line in run('--json', '-i', '0.1', '-c', '1', '/dev/sda')[1].splitlines()],
         ['sda'], 'only the device that is named')

    # A disk in a folder of /dev has ! in its name in sysfs.
    put('block/cciss!c0d0/queue/scheduler', 'none [weir]\n')
    put('block/cciss!c0d0/inflight', '       0        0\n')
    for file, text in (('window', WINDOW), ('throttle', THROTTLE), ('latency', classes(100))):
        put(f'kernel/debug/block/cciss!c0d0/sched/{file}', text)
    by_id = os.path.join(work, 'by id')
    os.mkdir(by_id)
    os.symlink('/dev/cciss/c0d0', os.path.join(by_id, 'scsi-1'))
    os.symlink('/dev/weir0', os.path.join(by_id, 'weir|1'))
    for name, wanted in (('/dev/cciss/c0d0', 'cciss!c0d0'), ('cciss/c0d0', 'cciss!c0d0'),
                         ('cciss!c0d0', 'cciss!c0d0'), (by_id + '/scsi-1', 'cciss!c0d0'),
                         (by_id + '/weir|1', 'weir0')):
        status, output, errors = run('--json', '-i', '0.1', '-c', '1', name)
        same((status, errors, [json.loads(line)['device'] for line in output.splitlines()]), (0, '', [wanted]),
             f'{os.path.basename(os.path.dirname(name))}/{os.path.basename(name)} is {wanted}')
    shutil.rmtree(os.path.join(work, 'block/cciss!c0d0'))
    os.makedirs(os.path.join(work, 'sdq/sdq1'))
    put('sdq/sdq1/partition', '1\n')
    from weirlab.devices import partition_of  # noqa: E402
    same(partition_of(os.path.join(work, 'sdq/sdq1')), ('1', 'sdq'), 'a partition is known as one')

    status, output, errors = run('-i', '0.1', '-c', '1')
    rows = [line.split() for line in output.splitlines()]
    holds(status == 0 and ['weir0', 'read', '0.0', '0.00', '-', '-', '-', '-', '0', '-', '-', '-'] in rows,
          'table: a disk at rest', output + errors)
    holds(['sda', 'read', '0.0', '10.2', '41.0', '81.9', '3', '-', '81.0', 'open', '3', '12'] in rows,
          'table: the scheduler', output)

    # Disks come and go, and Ctrl-C ends it.
    process = start('--json', '-i', '0.2')
    entries = []

    def until(name):
        """Read on to the next object of that disk."""
        for line in process.stdout:
            entries.append(json.loads(line))
            if entries[-1]['device'] == name:
                return

    until('weir0')
    shutil.rmtree(os.path.join(work, 'kernel/debug/weir/weir0'))
    put('kernel/debug/weir/weir1/stats.json', stats(1))
    until('weir1')
    put('kernel/debug/weir/weir1/stats.json', stats(2, {'write': (50, 204800, {64: 50}, {})}))
    os.rename(os.path.join(work, 'kernel/debug/block/sda'), os.path.join(work, 'gone'))
    until('weir1')
    until('weir1')
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    entries += [json.loads(line) for line in output.splitlines()]
    names = [entry['device'] for entry in entries]
    same((process.returncode, errors), (0, ''), 'disks come and go; Ctrl-C ends it quietly')
    holds(names and names[0] == 'sda' and names[1] == 'weir0' and names[-1] == 'weir1', 'each while it is there', names)
    same(sum(entry['ops']['write']['timed'] for entry in entries if entry['device'] == 'weir1'), 50,
         'and each interval once')

    # Timing is put on and put back.
    put('kernel/debug/weir/weir1/timing', '0\n')
    process = start('--json', '--timing', '-i', '0.2')
    until('weir1')
    with open(os.path.join(work, 'kernel/debug/weir/weir1/timing'), encoding='ascii') as file:
        during = file.read()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    with open(os.path.join(work, 'kernel/debug/weir/weir1/timing'), encoding='ascii') as file:
        same((during, file.read()), ('1\n', '0\n'), '--timing puts it on, and back')

    process = start('-i', '0.1')
    process.stdout.close()
    same((process.wait(timeout=30), process.stderr.read()), (141, ''), 'ends when nobody reads it')
    process.stderr.close()
finally:
    shutil.rmtree(work)

end()
