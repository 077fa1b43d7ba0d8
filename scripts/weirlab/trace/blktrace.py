# SPDX-License-Identifier: GPL-2.0
"""The trace as blktrace writes it: its files, and the events in them."""

from __future__ import annotations

import glob
import os
import re
import struct
from collections.abc import Iterator
from typing import Any

from weirlab.text import Trouble

RECORD = 'IIQQIIIIIHH'
RECORD_SIZE = struct.calcsize('<' + RECORD)
MAGIC, VERSION = 0x656174, 7

# Actions, and the categories above them, as the kernel numbers them.
(QUEUE, BACKMERGE, FRONTMERGE, GETRQ, SLEEPRQ, REQUEUE, ISSUE, COMPLETE, PLUG, UNPLUG,
 UNPLUG_TIMER, INSERT, SPLIT, BOUNCE, REMAP) = range(1, 16)
CATEGORY_WRITE, CATEGORY_FLUSH = 1 << 17, 1 << 18
CATEGORY_PASSTHROUGH, CATEGORY_NOTIFY, CATEGORY_DISCARD = 1 << 25, 1 << 26, 1 << 29
HAS_CGROUP = 1 << 8
NOTE_PROCESS, NOTE_TIMESTAMP = 0, 1


def order_of(path: str, magic: bytes) -> str:
    """'<' or '>': the byte order of a file that begins so."""
    for order in '<>':
        number = struct.unpack(order + 'I', magic)[0]
        if number >> 8 == MAGIC:
            if number & 0xff != VERSION:
                raise Trouble(f'{path}: version {number & 0xff} of the format: want {VERSION}')
            return order
    raise Trouble(f'{path}: not a trace of blktrace (no magic number at its start)')


class Events:
    """The events of one file, one after the other."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.missing = 0
        self.cut = False

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        size, last = RECORD_SIZE, {}
        with open(self.path, 'rb', buffering=1 << 20) as file:
            head = file.read(size)
            if not head:
                return
            record = struct.Struct(order_of(self.path, head[:4].ljust(4, b'\0')) + RECORD)
            while len(head) == size:
                (magic, sequence, when, sector, length, action, pid, device, cpu, _,
                 more) = record.unpack(head)
                if magic >> 8 != MAGIC:
                    raise Trouble(f'{self.path}: broken at byte {file.tell() - size}: '
                                  'no magic number')
                extra = file.read(more) if more else b''
                if len(extra) < more:
                    break
                # Notes have no number of their own.
                if not action & CATEGORY_NOTIFY:
                    if sequence > last.get(cpu, sequence) + 1:
                        self.missing += sequence - last[cpu] - 1
                    last[cpu] = sequence
                yield (when, cpu, action, sector, length, pid, device, extra)
                head = file.read(size)
            self.cut = bool(head)


def files_of(path: str) -> tuple[list[str], str]:
    """(files, base): of a folder, the base name of a trace, or a file."""
    if os.path.isdir(path):
        files = glob.glob(os.path.join(glob.escape(path), '*.blktrace.*'))
        bases = {re.sub(r'\.blktrace\.\d+$', '', file) for file in files}
        if len(bases) > 1:
            raise Trouble(f'{path}: traces of {len(bases)} devices: --read one of '
                          + ' '.join(sorted(bases)), 2)
        if not bases:
            raise Trouble(f'{path}: no file NAME.blktrace.N in it')
        base = bases.pop()
    else:
        base = re.sub(r'\.blktrace(\.\d+)?$', '', path)
        files = glob.glob(glob.escape(base) + '.blktrace.*')
    files = [file for file in files if re.search(r'\.blktrace\.\d+$', file)]
    if not files and os.path.isfile(path):
        return [path], path
    if not files:
        raise Trouble(f'{path}: no such folder, and no file {base}.blktrace.N')
    return sorted(files, key=lambda name: int(name.rsplit('.', 1)[1])), base
