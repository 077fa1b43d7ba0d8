#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Proves that scripts/trace finds each request's way through a trace, and makes
the right figures of it: on traces that this test writes, whose times it knows.
Needs neither blktrace nor root; beside btt's averages only where btt is there."""

import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from tap import SCRIPTS, end, holds, same  # noqa: E402

script = os.path.join(SCRIPTS, 'trace')


# --- traces, as blktrace writes them ---

ACTIONS = {'Q': (1, 0x10), 'M': (2, 0x10), 'F': (3, 0x10), 'G': (4, 0x10), 'R': (6, 0x20),
           'D': (7, 0x40), 'C': (8, 0x80), 'P': (9, 0x10), 'I': (12, 0x10), 'X': (13, 0),
           'A': (15, 0x10)}
OPS = {'R': 0x01, 'W': 0x02, 'D': 0x2002, 'FWS': 0x0e, 'FN': 0x05, 'PC': 0x201}
KB4 = 8  # sectors
MS = 1000000
work = tempfile.mkdtemp()


class Trace:
    """Events, one file for each CPU."""

    def __init__(self, order='<'):
        self.order, self.files, self.sequence = order, {}, {}

    def record(self, ns, action, sector, size, pid, cpu, device=0x800010, extra=b'', version=7):
        self.sequence[cpu] = self.sequence.get(cpu, 0) + 1
        self.files.setdefault(cpu, bytearray()).extend(struct.pack(
            self.order + 'IIQQIIIIIHH', 0x65617400 | version, self.sequence[cpu], ns, sector, size,
            action, pid, device, cpu, 0, len(extra)) + extra)

    def event(self, ms, name, sector, blocks, op='W', pid=100, cpu=0, **more):
        action, category = ACTIONS[name]
        self.record(round(ms * MS), action | (category | OPS[op]) << 16, sector, blocks * 4096, pid,
                    cpu, **more)

    def process(self, pid, name, cpu=0):
        self.record(0, 0x400 << 16, 0, 0, pid, cpu, extra=name.ljust(16, b'\0'))
        self.sequence[cpu] -= 1

    def write(self, name):
        base = os.path.join(work, name, 'sdx')
        shutil.rmtree(os.path.dirname(base), ignore_errors=True)
        os.mkdir(os.path.dirname(base))
        for cpu, data in self.files.items():
            with open(f'{base}.blktrace.{cpu}', 'wb') as file:
                file.write(data)
        return os.path.dirname(base)


def trace(*events, order='<'):
    made = Trace(order)
    for event in events:
        made.event(*event)
    return made


def run(*options, env=None, cwd=None, binary=False):
    process = subprocess.run([script, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=not binary, timeout=120, check=False, env=env, cwd=cwd)
    return process.returncode, process.stdout, process.stderr


def analysed(made, name='t'):
    folder = made.write(name)
    status, output, errors = run('--read', folder)
    if status:
        same((status, errors), (0, ''), 'the trace is understood')
        return None
    with open(os.path.join(folder, 'trace.json'), encoding='utf-8') as file:
        shown = json.load(file)
    shown['text'], shown['errors'] = output, errors
    return shown


def milliseconds(shown):
    """{phase: (count, mean)}, but Q2Q."""
    return {name: (values['count'], round(values['mean_ns'] / MS, 6))
            for name, values in shown['phases'].items() if name != 'Q2Q'}


def counted(shown):
    """The counts that are not 0."""
    return {name: value for name, value in shown['counts'].items() if value}


def fails(status, words, name, *options, env=None):
    got, output, errors = run(*options, env=env)
    same((got, output, words in errors, 'Traceback' in errors), (status, '', True, False), name)
    if words not in errors:
        print('# ' + errors.replace('\n', '\n# '))


def plain(*parts, **more):
    """Ways of whole requests: (begin, sector, blocks, op, pid, cpu), 1 + 2 + 4 + 8 ms each."""
    events = []
    for begin, sector, blocks, op, pid, cpu in parts:
        for name, after in (('Q', 0), ('G', 1), ('I', 3), ('D', 7), ('C', 15)):
            events.append((begin + after, name, sector, blocks, op, pid, cpu))
    return trace(*sorted(events, key=lambda event: event[0]), **more)


ONE = {'Q2G': (1, 1), 'G2I': (1, 2), 'I2D': (1, 4), 'D2C': (1, 8), 'Q2C': (1, 15)}

try:
    # --- each request's way ---
    for order in '<>':
        shown = analysed(plain((1, 800, 1, 'R', 7, 0), order=order))
        same(milliseconds(shown), ONE, f'a read with all phases, byte order {order}')
    same({name: (part['sum_ns'], round(part['share'], 6)) for name, part in shown['budget'].items()},
         {name: (ms * MS, round(ms / 15, 6))
          for name, ms in (('Q2G', 1), ('G2I', 2), ('I2D', 4), ('D2C', 8))}, 'where its time went')
    same(shown['absent'], [], 'nothing is absent')

    shown = analysed(trace((1, 'Q', 0, 1), (2, 'G', 0, 1), (4, 'D', 0, 1), (8, 'C', 0, 1)))
    same(milliseconds(shown), {'Q2G': (1, 1), 'G2D': (1, 2), 'D2C': (1, 4), 'Q2C': (1, 7)},
         'no insert: G2D')
    same(shown['absent'], ['G2I', 'I2D'], 'and what is absent is said')
    holds('no event of this trace gives: G2I, I2D' in shown['text'], 'in the text, too', shown['text'])

    shown = analysed(trace((1, 'Q', 0, 1), (8, 'C', 0, 1)))
    same((milliseconds(shown), {name: part['share'] for name, part in shown['budget'].items()}),
         ({'Q2C': (1, 7)}, {'unseen': 1.0}), 'a driver without requests: Q2C only')

    # Behind, in front of, and behind that: one request of 4, inserted when it was 2.
    merged = ((1, 'Q', 80, 1), (2, 'G', 80, 1), (3, 'Q', 88, 1), (5, 'M', 88, 1), (6, 'I', 80, 2),
              (7, 'Q', 72, 1), (10, 'F', 72, 1), (11, 'Q', 96, 1), (15, 'M', 96, 1),
              (20, 'D', 72, 4), (30, 'C', 72, 4))
    shown = analysed(trace(*merged))
    same(milliseconds(shown),
         {'Q2G': (1, 1), 'G2I': (1, 4), 'I2D': (1, 14), 'Q2M': (3, 3), 'M2D': (3, 10),
          'D2C': (4, 10), 'Q2C': (4, 24.5)}, 'merged bios end with their request')
    same(shown['merges'], {'back': 2, 'front': 1, 'requests': 0, 'share': 0.75}, 'and are counted')
    same(round(sum(part['share'] for part in shown['budget'].values()), 9), 1.0,
         'their phases are all of their time')

    # The bio between two requests makes them one.
    shown = analysed(trace((1, 'Q', 0, 1), (2, 'G', 0, 1), (3, 'Q', 16, 1), (4, 'G', 16, 1),
                           (5, 'Q', 8, 1), (6, 'M', 8, 1), (7, 'M', 16, 1), (8, 'D', 0, 3),
                           (18, 'C', 0, 3)))
    same((milliseconds(shown)['D2C'], milliseconds(shown)['Q2C'], shown['merges']['requests']),
         ((3, 10), (3, 15), 1), 'two requests become one')

    shown = analysed(trace((1, 'Q', 0, 1), (2, 'G', 0, 1), (4, 'I', 0, 1), (5, 'D', 0, 1), (7, 'R', 0, 1),
                           (8, 'I', 0, 1), (10, 'D', 0, 1), (26, 'C', 0, 1)))
    same((milliseconds(shown), shown['counts']['requeues']),
         ({'Q2G': (1, 1), 'G2I': (1, 2), 'I2D': (1, 6), 'D2C': (1, 16), 'Q2C': (1, 25)}, 1),
         'requeued: issued the last time')
    same(shown['over_time']['depth']['device']['max'][-1:], [1], 'and under way once')

    shown = analysed(trace((1, 'Q', 0, 4), (2, 'X', 0, 1), (2, 'G', 0, 1), (3, 'D', 0, 1), (4, 'X', 8, 1),
                           (5, 'G', 8, 1), (7, 'D', 8, 1), (9, 'G', 16, 2), (13, 'D', 16, 2),
                           (14, 'C', 16, 2), (20, 'C', 0, 1), (31, 'C', 8, 1)))
    same(milliseconds(shown), {'Q2G': (3, round(13 / 3, 6)), 'G2D': (3, round(7 / 3, 6)),
                               'D2C': (3, 14), 'Q2C': (1, 30)}, 'split in three: it ends with the last')
    same((shown['counts']['splits'], shown['counts']['split_events'], shown['finished_bios'],
          [group['size'] for group in shown['by_size']]), (2, 2, 1, ['16K']), 'and is one bio')
    same(round(sum(part['share'] for part in shown['budget'].values()), 9), 1.0,
         'the phases of the parts are all of their time')

    shown = analysed(trace((1, 'Q', 0, 4), (2, 'G', 0, 4), (3, 'D', 0, 4), (5, 'C', 0, 1), (9, 'C', 8, 3)))
    same((milliseconds(shown)['D2C'], shown['counts']['partial']), ((1, 6), 1),
         'completed in parts: with the last')

    # Two flushes share one of the driver; a third comes when that is under way.
    shown = analysed(trace(
        (1, 'Q', 0, 0, 'FWS'), (2, 'G', 0, 0, 'FWS'), (3, 'Q', 0, 0, 'FWS'), (4, 'G', 0, 0, 'FWS'),
        (6, 'D', 0, 0, 'FN'), (7, 'Q', 0, 0, 'FWS'), (8, 'G', 0, 0, 'FWS'), (10, 'C', 0, 0, 'FN'),
        (11, 'C', 0, 0, 'FWS'), (12, 'D', 0, 0, 'FN'), (20, 'C', 0, 0, 'FN')))
    same((milliseconds(shown), shown['by_operation'][0]['operation'], shown['counts']['unfinished']),
         ({'Q2G': (3, 1), 'G2D': (3, round(10 / 3, 6)), 'D2C': (3, round(16 / 3, 6)),
           'Q2C': (3, round(29 / 3, 6))}, 'flush', 0), 'flushes: those that one of the driver covers')

    shown = analysed(trace((1, 'Q', 0, 1, 'D'), (2, 'G', 0, 1, 'D'), (3, 'Q', 800, 2, 'D'),
                           (4, 'M', 800, 2, 'D'), (5, 'D', 0, 3, 'D'), (9, 'C', 0, 3, 'D')))
    same((milliseconds(shown)['D2C'], shown['by_operation'][0]['operation']), ((2, 4), 'discard'),
         'discards of several ranges')

    made = trace((1, 'I', 0, 1), (2, 'D', 0, 1), (3, 'C', 0, 1), (4, 'C', 8, 1), (5, 'M', 40, 1))
    for event in ((10, 'Q', 80, 1), (11, 'G', 80, 1), (12, 'D', 80, 1), (13, 'C', 80, 1),
                  (14, 'Q', 160, 1), (15, 'Q', 168, 1), (16, 'G', 168, 1), (17, 'Q', 176, 1),
                  (18, 'G', 176, 1), (19, 'D', 176, 1), (20, 'Q', 999, 1, 'PC')):
        made.event(*event)
    shown = analysed(made)
    same((milliseconds(shown)['Q2C'], counted(shown)),
         ((1, 3), {'bios': 4, 'unknown_start': 2, 'unfinished': 3, 'merged_to_unknown': 1,
                   'passthrough': 1}), 'what begins before or ends after the trace is left out, and counted')
    holds('3 not completed when it ended' in shown['text'] and '2 under way before' in shown['text'],
          'and that is said', shown['text'])

    # The same block at once, by two, who get requests in the other order.
    shown = analysed(trace((1, 'Q', 0, 1, 'R', 1), (2, 'Q', 0, 1, 'R', 2), (4, 'G', 0, 1, 'R', 1),
                           (6, 'G', 0, 1, 'R', 2), (7, 'D', 0, 1, 'R', 1), (8, 'D', 0, 1, 'R', 2),
                           (10, 'C', 0, 1, 'R', 1), (11, 'C', 0, 1, 'R', 2)))
    same([(group['pid'], milliseconds(group)['Q2G']) for group in shown['by_process']],
         [(1, (1, 3)), (2, (1, 4))], 'the same block twice at once')

    # --- groups ---
    made = plain((1, 0, 1, 'R', 7, 0), (100, 80, 1, 'W', 8, 1), (200, 800, 3, 'W', 8, 0),
                 (300, 1600, 16, 'D', 9, 1))
    made.process(7, b'reader')
    made.process(8, b'writer', 1)
    shown = analysed(made)
    same({group['operation']: (group['bios'], group['bytes']) for group in shown['by_operation']},
         {'read': (1, 4096), 'write': (2, 16384), 'discard': (1, 65536)}, 'by operation')
    same({group['size']: group['bios'] for group in shown['by_size']}, {'4K': 2, '16K': 1, '64K': 1},
         'by size: the power of two it is at most')
    same({(group['process'], group['pid']): group['bios'] for group in shown['by_process']},
         {('reader', 7): 1, ('writer', 8): 2, ('?', 9): 1}, 'by process, with its name')
    # Names as they may be: no UTF-8, an end of the line, colours, signs of other scripts.
    names = (b'\xff\xfea', b'two\nlines', b'\x1b[31mred', 'žluť日本'.encode(), b'fifteen-letters')
    odd = plain(*((number * 20, 8 * number, 1, 'R', 4194300 + number, 0) for number in range(len(names))))
    for number, name in enumerate(names):
        odd.process(4194300 + number, name)
    read = analysed(odd, 'odd')
    same([group['process'] for group in read['by_process']],
         ['\\xff\\xfea', 'two\nlines', '\x1b[31mred', 'žluť日本', 'fifteen-letters'],
         'names of processes that are no UTF-8, escaped')
    same([line.rstrip() for line in read['text'].split('\n') if '(41943' in line and 'Q2C' in line],
         [line for line in read['text'].split('\n') if '(41943' in line],
         'one line each, whatever is in them')
    same([character for character in read['text'] if not character.isprintable() and character != '\n'], [],
         'and nothing that a terminal obeys')
    same([(name in read['text']) for name in ('\\xff\\xfea (4194300)', 'two\\nlines (4194301)',
                                              '\\x1b[31mred (4194302)', 'žluť日本 (4194303)',
                                              'fifteen-lett (4194304)',
                                              'žluť日本 (4194303)     Q2C')], [True] * 6,
         'with their numbers, which are not cut off')
    for encoding in ('latin-1', 'ascii'):
        status, output, errors = run('--quiet', '--read', os.path.join(work, 'odd'), binary=True,
                                     env={**os.environ, 'PYTHONIOENCODING': encoding})
        same((status, errors, b'\\u65e5\\u672c (4194303)' in output), (0, b'', True),
             f'on a terminal that knows {encoding} only: escaped')
    same([(group['cpu'], group['bios']) for group in shown['by_cpu']], [(0, 2), (1, 2)], 'by CPU')
    same(milliseconds(shown['by_process'][0]), {name: (2, ms) for name, (_, ms) in ONE.items()},
         'with all phases each')
    same([shown['phases']['Q2Q'][key] for key in ('count', 'min_ns', 'max_ns')], [3, 99 * MS, 100 * MS], 'Q2Q')
    for missing, name in ((0, 'nothing is missing'), (2, 'numbers that are missing are lost events')):
        made.sequence[0] += missing
        made.event(400, 'Q', 0, 1)
        shown = analysed(made)
        same((shown['missing_events'], 'missing' in shown['errors']), (missing, missing > 0), name)

    # --- percentiles, histograms, depth ---
    random.seed(5)
    times = [int(random.lognormvariate(12, 2)) for _ in range(20001)]
    made = Trace()
    for number, ns in enumerate(times):
        begin = number * 100
        for name, at in (('Q', 0), ('G', 0), ('D', 0), ('C', ns)):
            action, category = ACTIONS[name]
            made.record(begin + at, action | (category | 1) << 16, number * 8, 4096, 1, number % 2)
    made.files = {cpu: b''.join(sorted((data[at:at + 48] for at in range(0, len(data), 48)),
                                       key=lambda record: struct.unpack_from('<Q', record, 8)))
                  for cpu, data in made.files.items()}
    shown = analysed(made)
    times.sort()
    same([shown['phases']['D2C'][key] for key in
          ('count', 'p50_ns', 'p90_ns', 'p99_ns', 'p99.9_ns', 'p99.99_ns', 'max_ns', 'min_ns', 'sum_ns')],
         [20001, times[10000], times[18000], times[19800], times[19980], times[19998], times[-1],
          times[0], sum(times)], 'percentiles are those of the sorted times')
    edges, counts = shown['histogram_edges_ns'], shown['phases']['D2C']['histogram']
    same(([count for low, high, count in zip(edges, edges[1:], counts)
           if count != sum(low <= max(ns, edges[0]) < high for ns in times)], sum(counts), len(counts)),
         ([], 20001, len(edges) - 1), 'so is the histogram')
    over = shown['over_time']
    same((sum(map(sum, over['D2C'])), {len(row) for row in over['Q2C']}, len(over['Q2C'])),
         (20001, {len(over['latency_edges_ns']) - 1}, len(over['time_s'])), 'the heat map has each once')
    same(round(over['depth']['device']['overall_mean'] * over['slot_s'] * len(over['time_s']) * 1e9),
         sum(times), "the depth's mean is the sum of the times (Little)")

    made = trace((0, 'Q', 0, 1), (0, 'G', 0, 1), (50, 'D', 0, 1), (100, 'Q', 8, 1), (100, 'G', 8, 1),
                 (150, 'D', 8, 1), (180, 'C', 8, 1), (200, 'C', 0, 1))
    over = analysed(made)['over_time']
    device, queued = over['depth']['device'], over['depth']['queued']
    same((over['slot_s'], device['mean'][0], device['mean'][51], device['mean'][160], device['mean'][190],
          device['max'][160], queued['mean'][20], queued['mean'][120], device['overall_max']),
         (0.001, 0, 1, 2, 1, 2, 1, 2, 2), 'depth over time, in the device and in all')

    # --- beside btt ---
    if shutil.which('btt') and shutil.which('blkparse'):
        for made in (plain(*((number * 20 + 1, number * 800, 1, 'R', 7, 0) for number in range(9))),
                     trace(*merged)):
            shown = analysed(made)
            same({name: (values['count'], round(values['mean_s'] * 1000, 4))
                  for name, values in shown['btt'].items() if name != 'Q2Q'},
                 {name: (count, round(ms, 4)) for name, (count, ms) in milliseconds(shown).items()},
                 "btt's own averages")
        folder = os.path.join(work, 't')
        same(sorted(os.listdir(folder)),
             ['blkparse.txt', 'btt.txt', 'sdx.blktrace.0', 'trace.json'], 'and nothing else of btt stays')
        here = os.path.join(work, 'here')
        os.mkdir(here)
        same((run('--quiet', '--read', '../t', cwd=here)[0], os.listdir(here)), (0, []),
             'nor where it is called')

    # --- what blktrace says, and what to do about it ---
    from weirlab.trace.record import advice  # noqa: E402
    busy = 'BLKTRACESETUP(2) /dev/sda failed: 16/Device or resource busy'
    holds('blktrace -d /dev/sda -k' in advice(busy, '/dev/sda', []), 'left by one that was killed: how to remove it')
    holds('process 41' in advice(busy, '/dev/sda', ['41']), 'another one runs: says which')
    holds('cpuset' in advice('FAILED to start thread on CPU 1: 22/Invalid argument', '/dev/sda', []),
          'not on all CPUs: says what to do')
    same(advice('something else', '/dev/sda', []), None, 'else it is as blktrace says it')

    # --- what cannot be read, and usage ---
    base = os.path.join(plain((1, 0, 1, 'R', 7, 0), (1, 80, 1, 'R', 7, 1)).write('two'), 'sdx')
    for path in (base, base + '.blktrace.0', os.path.dirname(base)):
        out = os.path.join(work, 'out')
        same((run('--quiet', '--read', path, '--out', out)[0], os.path.exists(out + '/trace.json')), (0, True),
             f'--read takes {os.path.basename(path)}')
        shutil.rmtree(out)
    with open(base + '.blktrace.1', 'ab') as file:
        file.write(b'\0\x74\x61\x65' + bytes(7))
    holds('ends in the middle' in run('--read', base)[2], 'a trace that is cut off: warns')
    with open(base + '.blktrace.1', 'ab') as file:
        file.write(bytes(99))
    fails(1, 'no magic number', 'rubbish in it: says where', '--read', base)
    with open(os.path.join(work, 'rubbish'), 'w', encoding='ascii') as file:
        file.write('no trace at all\n')
    fails(1, 'not a trace of blktrace', 'no trace: says so', '--read', os.path.join(work, 'rubbish'))
    fails(1, 'no such folder', 'not there: says so', '--read', os.path.join(work, 'nowhere'))
    fails(1, 'no file NAME.blktrace.N', 'an empty folder: says so', '--read', tempfile.mkdtemp(dir=work))
    made = Trace()
    made.event(1, 'Q', 0, 1, version=8)
    fails(1, 'version 8', 'another version: says so', '--read', made.write('v8'))
    made = trace((1, 'Q', 0, 1))
    made.event(2, 'Q', 0, 1, device=0x800020)
    fails(2, 'several devices: 8,16 8,32', 'two devices in one: says so', '--read', made.write('both'))
    fails(1, 'the trace is empty', 'an empty one: says so', '--read', trace((1, 'P', 0, 0)).write('empty'))
    fails(1, "none of the trace's 1 bios", 'nothing completed: says so', '--read',
          trace((1, 'Q', 0, 1)).write('none'))
    shutil.copy(base + '.blktrace.0', os.path.join(os.path.dirname(base), 'sdy.blktrace.0'))
    fails(2, 'traces of 2 devices', 'two in a folder: says so', '--read', os.path.dirname(base))
    fails(2, 'want a device', 'no device')
    fails(2, 'want either --seconds', 'neither time nor command', 'null')
    fails(2, 'want either --seconds', 'both', 'null', '--seconds', '3', '--', 'true')
    fails(2, "no command after '--'", 'no command', 'null', '--')
    for bad in ('0', '1.5', 'x', '86401'):
        fails(2, f"'{bad}': want a whole number from 1 to 86400", f'--seconds {bad}', 'null', '--seconds', bad)
    fails(2, "'0': want a whole number", '--top 0', '--read', base, '--top', '0')
    fails(2, '--read takes no device', '--read and a device', '--read', base, 'sda')
    fails(2, "'/dev/null': not a block device", 'not a block device', '/dev/null', '--seconds', '1')
    fails(2, "'nosuchdisk': No such file", 'no such device', 'nosuchdisk', '--seconds', '1')
    fails(2, 'unrecognized', 'a bad option', '--bad')
    same(run('--help')[0], 0, '--help')
    process = subprocess.Popen([script, '--quiet', '--read', os.path.join(work, 't')],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    holds(process.wait(timeout=60) == 141 and 'Error' not in process.stderr.read(),
          'ends when nobody reads it')
    process.stderr.close()
finally:
    shutil.rmtree(work)

end()
