#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Proves that scripts/picture draws what figures.json says, on figures of its own, and
says what is wrong where there are none. Needs neither machine nor any library."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

sys.dont_write_bytecode = True
from tap import SCRIPTS, end, holds, same  # noqa: E402

SVG = '{http://www.w3.org/2000/svg}'
FIGURES = {'none': (2000, 4000, 470), 'mq-deadline': (1500, 3000, 480), 'kyber': (500, 1000, 490),
           'bfq': (250, 2000, 460), 'weir': (250, 500, 475)}
work = tempfile.mkdtemp()


def summary(figures, case='WRITERS=4,BS=64k', **more):
    return [{'scenario': 'reads-vs-writes', 'profile': 'nvme-tlc', 'case': case, 'label': label,
             'simulated': True, 'device': None, 'seed_list': [1], **more,
             'figures': {name: {'median': value, 'low': value, 'high': value}
                         for name, value in zip(('p50_us', 'p99_us', 'background_mbs'), values)}}
            for label, values in figures.items()]


def put(text):
    with open(os.path.join(work, 'figures.json'), 'w', encoding='utf-8') as file:
        file.write(text)


def run(*options, directory=work):
    done = subprocess.run([os.path.join(SCRIPTS, 'picture'), directory, *options], capture_output=True,
                          text=True, check=False, timeout=60)
    return done.returncode, done.stdout.strip(), done.stderr


def fails(words, name, directory=work):
    status, said, errors = run(directory=directory)
    same((status, said, words in errors, 'Traceback' in errors), (1, '', True, False), name)
    holds(words in errors, 'in these words', errors)


try:
    other = {**FIGURES, 'weir(x=1)': (1, 1, 1)}
    only = {'none': FIGURES['none'], 'weir': (9, 9, 9)}
    put(json.dumps({'summary': summary(only, case='WRITERS=1,BS=4k') + summary(other)}))
    path = os.path.join(work, 'reads-vs-writes.svg')
    same(run(), (0, path, ''), 'draws, and says where')
    tree = ElementTree.parse(path).getroot()
    texts = [node.text for node in tree.iter(SVG + 'text')]
    for name, (median, slow, written) in FIGURES.items():
        begin = texts.index(name)
        same(texts[begin:begin + 4], [name, f'{median / 1000:.2f}', f'{slow / 1000:.2f}', f'{written}'],
             f'{name}: its figures, of the case that has all schedulers')
    dots = [float(node.get('cx')) for node in tree.iter(SVG + 'circle')]
    ends = [float(re.search(r'H([\d.]+)', node.get('d'))[1]) for node in tree.iter(SVG + 'path')]
    left = 2 * dots[3] - dots[2]
    same([round((x - left) / (ends[0] - left) * 4000) for x in dots + ends],
         [value for i in (0, 1) for value in (values[i] for values in FIGURES.values())],
         'dots and bars are where their times are, from 0 on')
    holds('profile nvme-tlc, seed 1' in ' '.join(texts) and 'simulated' in ' '.join(texts), 'says that it is simulated')
    holds('weir: median 0.25 ms, 99 % within 0.50 ms' in tree.find(SVG + 'desc').text, 'in words as well')
    with open(path, 'rb') as file:
        once = file.read()
    run('--out', os.path.join(work, 'again.svg'))
    with open(os.path.join(work, 'again.svg'), 'rb') as file:
        same(file.read(), once, 'the same again, by --out')

    put(json.dumps({'summary': summary(FIGURES, simulated=False, device='/dev/<&\x1b"')}))
    same((run()[0], 'on /dev/<&\\x1b"' in [node.text for node in ElementTree.parse(path).iter(SVG + 'text')]), (0, True),
         'a device with any name')
    put(json.dumps({'summary': summary(only)}))
    fails('no case of reads-vs-writes', 'without all schedulers: says what makes them')
    for text in ('', '[]', '{"summary": [{}]}'):
        put(text)
        fails('not what scripts/bench-figures writes', f'figures.json is {text!r}: says so')
    fails('figures.json', 'none: says so', os.path.join(work, 'nowhere'))
finally:
    shutil.rmtree(work)

end()
